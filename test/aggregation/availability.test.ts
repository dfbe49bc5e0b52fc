/** Whether an APIService can be used is found out, said, and acted on. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { makeAuthority } from '#pki/issue.ts'
import { type Extension, apiService, flunders, json, noAddress, startExtension, until } from './extension.ts'

const services = '/api/v1/namespaces/default/services'
const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
const merge = { 'content-type': 'application/merge-patch+json' }

describe('an APIService', { skip: noAddress }, () => {
  let other: Extension
  before(async () => {
    other = await startExtension()
  })
  after(() => other.stop())
  beforeEach(async () => {
    other.answer = () => false
    for (const path of [apiService, `${services}/wardle`, `${slices}/wardle`]) await other.wire.call('DELETE', path)
  })
  const told = (reason: string) =>
    until(
      () => other.condition(),
      one => one.reason === reason,
    )

  test('says what it lacks, and when it has it', async () => {
    await other.register()
    const passed = await told('Passed')
    assert.deepEqual([passed.status, passed.message], ['True', 'all checks passed'])
    const gauge = async () => (await other.wire.call('GET', '/metrics')).text
    assert.match(await gauge(), /^aggregator_unavailable_apiservice\{name="v1alpha1\.wardle\.example\.com"\} 0$/m)
    await other.wire.call('DELETE', `${slices}/wardle`)
    const slice = await told('EndpointsNotFound')
    assert.match(await gauge(), /^aggregator_unavailable_apiservice\{.*\} 1$/m)
    assert.equal(slice.message, 'cannot find endpointslices for service/wardle in "default"')
    const refused = await until(
      () => other.wire.call('GET', flunders),
      one => one.status === 503,
    )
    assert.equal(refused.text, 'service unavailable\n')
    await other.wire.call('POST', slices, {
      body: {
        metadata: { name: 'wardle', labels: { 'kubernetes.io/service-name': 'wardle' } },
        addressType: 'IPv4',
        endpoints: [],
        ports: [{ name: 'https', port: other.port }],
      },
    })
    const endpoints = await told('MissingEndpoints')
    assert.equal(
      endpoints.message,
      'endpointslices for service/wardle in "default" have no addresses with port name "https"',
    )
    await other.wire.call('PATCH', `${services}/wardle`, {
      headers: merge,
      body: { spec: { ports: [{ name: 'https', port: 444 }] } },
    })
    const port = await told('ServicePortError')
    assert.equal(port.message, 'service/wardle in "default" is not listening on port 443')
    await other.wire.call('DELETE', `${services}/wardle`)
    const service = await told('ServiceNotFound')
    assert.deepEqual([service.status, service.message], ['False', 'service/wardle in "default" is not present'])
  })

  test('is not available where the other server is not the right one', async () => {
    const strange = await makeAuthority('strange', Date.now())
    await other.register({ caBundle: Buffer.from(strange.cert).toString('base64') }, false)
    const unknown = await told('FailedDiscoveryCheck')
    assert.match(
      unknown.message,
      /^failing or missing response from https:\/\/.*certificate signed by unknown authority/,
    )
    const count = other.seen.length
    assert.equal((await other.wire.call('GET', flunders)).status, 503)
    assert.equal(other.seen.length, count)
    // Another service's name is not in its certificate.
    await other.wire.call('DELETE', apiService)
    await other.wire.call('DELETE', `${services}/wardle`)
    await other.wire.call('DELETE', `${slices}/wardle`)
    await other.register({ caBundle: null, insecureSkipTLSVerify: true })
    assert.equal((await other.wire.call('GET', flunders)).status, 200)
  })

  test('is not available where discovery fails, and is again when it works', async () => {
    other.answer = (_, response) => {
      response.writeHead(500)
      response.end('no')
      return true
    }
    await other.register({}, false)
    const failed = await told('FailedDiscoveryCheck')
    assert.match(failed.message, /bad status from https:\/\/.*: 500$/)
    other.answer = (_, response) => {
      response.writeHead(302, { location: '/elsewhere' })
      response.end()
      return true
    }
    await until(
      () => other.condition(),
      one => one.message.endsWith(': 302'),
    )
    other.answer = () => false
    await told('Passed')
    assert.equal((await other.wire.call('GET', flunders)).status, 200)
  })

  test('that hangs holds up nobody', async () => {
    other.answer = () => true
    await other.register({}, false)
    assert.equal((await other.wire.call('GET', '/apis')).status, 200)
    assert.equal((await other.wire.call('GET', flunders)).status, 503)
    const late = await told('FailedDiscoveryCheck')
    assert.match(late.message, /deadline exceeded/)
  })

  test('its endpoints are never addresses that only this machine has', async () => {
    let asked = 0
    other.answer = (_, response) => {
      asked++
      json(response, {})
      return true
    }
    await other.register()
    await other.wire.call('DELETE', `${slices}/wardle`)
    await told('EndpointsNotFound')
    // What was under way to the former endpoint arrives first.
    do {
      asked = 0
      await new Promise(resolve => setTimeout(resolve, 300))
    } while (asked > 0)
    const reply = await other.wire.call('POST', slices, {
      body: {
        metadata: { name: 'wardle', labels: { 'kubernetes.io/service-name': 'wardle' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['127.0.0.1'] }],
        ports: [{ name: 'https', port: other.port }],
      },
    })
    assert.equal(reply.status, 422)
    // A service that stands for another name may stand for such a one.
    await other.wire.call('DELETE', `${services}/wardle`)
    await other.wire.call('POST', services, {
      body: { metadata: { name: 'wardle' }, spec: { type: 'ExternalName', externalName: 'localhost' } },
    })
    const refused = await told('FailedDiscoveryCheck')
    assert.match(refused.message, /may not be such an address/)
    assert.equal(asked, 0)
  })

  test('may be told more of, and is gone with its collection', async () => {
    await other.register()
    const status = `${apiService}/status`
    const { json: read } = await other.wire.call('GET', status)
    read.status.conditions.push({ type: 'StatusUpdated', status: 'True', reason: 'E2E', message: 'Set from a test' })
    const updated = await other.wire.call('PUT', status, { body: read })
    assert.equal(updated.status, 200, updated.text)
    assert.deepEqual(
      updated.json.status.conditions.map((one: { type: string }) => one.type),
      ['Available', 'StatusUpdated'],
    )
    // A patch of a list replaces it: what it took away is found out again.
    const patched = await other.wire.call('PATCH', status, {
      headers: merge,
      body: { status: { conditions: [{ type: 'StatusPatched', status: 'True' }] } },
    })
    assert.equal(patched.status, 200)
    await until(
      async () =>
        (await other.wire.call('GET', status)).json.status.conditions.map((one: { type: string }) => one.type),
      types => types.includes('Available') && types.includes('StatusPatched'),
    )
    const labelled = await other.wire.call('PATCH', apiService, {
      headers: merge,
      body: { metadata: { labels: { of: 'e2e' } } },
    })
    assert.equal(labelled.json.metadata.labels.of, 'e2e')
    const all = apiService.slice(0, apiService.lastIndexOf('/'))
    assert.equal((await other.wire.call('DELETE', `${all}?labelSelector=of%3De2e`)).status, 200)
    assert.equal((await other.wire.call('GET', apiService)).status, 404)
    assert.equal((await other.wire.call('GET', flunders)).status, 404)
  })
})
