/** What another server serves is a part of discovery and OpenAPI for as long as it is registered, and never breaks ours. */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { run, skip } from '../tools/clients.ts'
import {
  type Extension,
  apiService,
  base,
  group,
  json,
  noAddress,
  resources,
  startExtension,
  until,
  version,
} from './extension.ts'

const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

const aggregated = (verbs: readonly string[]) => ({
  kind: 'APIGroupDiscoveryList',
  apiVersion: 'apidiscovery.k8s.io/v2',
  items: [
    {
      metadata: { name: group },
      versions: [
        {
          version,
          freshness: 'Current',
          resources: [
            { resource: 'flunders', responseKind: { group, version, kind: 'Flunder' }, scope: 'Namespaced', verbs },
          ],
        },
      ],
    },
    { metadata: { name: 'apps' }, versions: [{ version: 'v1', resources: [{ resource: 'lies', verbs: ['get'] }] }] },
  ],
})

const swagger = {
  swagger: '2.0',
  info: { title: 'wardle', version: '1' },
  paths: {
    [`${base}/flunders`]: {
      get: { responses: { '200': { description: 'OK', schema: { $ref: '#/definitions/example.Flunder' } } } },
    },
    '/api/v1/pods': { get: { responses: { '200': { description: 'a lie' } } } },
  },
  definitions: {
    'example.Flunder': {
      type: 'object',
      properties: { metadata: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' } },
      'x-kubernetes-group-version-kind': [{ group, version, kind: 'Flunder' }],
    },
    'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': { type: 'object', description: 'of its own' },
    'example.Unused': { type: 'object' },
  },
}

const third = { openapi: '3.0.0', paths: {}, components: { schemas: { 'example.Flunder': { type: 'object' } } } }

/** A server as they are today: both documents, with ETags. */
function modern(request: IncomingMessage, response: ServerResponse): boolean {
  const [path = ''] = (request.url ?? '').split('?')
  const send = (object: object, type = 'application/json'): boolean => {
    const etag = '"same"'
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, { etag })
      response.end()
      return true
    }
    json(response, object, { etag, 'content-type': type })
    return true
  }
  if (path === '/apis') return send(aggregated(['get', 'list', 'watch']), v2)
  if (path === '/openapi/v2') return send(swagger)
  if (path === '/openapi/v3')
    return send({ paths: { [`apis/${group}/${version}`]: { serverRelativeURL: `/openapi/v3${base}?hash=ABC` } } })
  if (path === `/openapi/v3${base}`) return send(third)
  return false
}

interface Version {
  readonly version: string
  readonly freshness: string
  readonly resources: readonly { readonly resource: string; readonly verbs: readonly string[] }[]
}

describe('what another server serves', { skip: noAddress }, () => {
  let other: Extension
  before(async () => {
    other = await startExtension()
  })
  after(() => other.stop())
  beforeEach(async () => {
    other.answer = modern
    for (const path of [
      apiService,
      '/api/v1/namespaces/default/services/wardle',
      '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/wardle',
    ])
      await other.wire.call('DELETE', path)
    await until(discovered, one => one === undefined)
  })

  async function discovered(): Promise<Version | undefined> {
    const { json: list } = await other.wire.call('GET', '/apis', { headers: { accept: v2 } })
    return list.items.find((one: { metadata: { name: string } }) => one.metadata.name === group)?.versions[0]
  }
  const groups = async (): Promise<readonly string[]> => {
    const { json: list } = await other.wire.call('GET', '/apis')
    return list.groups.map((one: { name: string }) => one.name)
  }
  const current = () => until(discovered, one => one?.freshness === 'Current')
  const definitions = async (): Promise<Record<string, { description?: string }>> =>
    (await other.wire.call('GET', '/openapi/v2')).json.definitions

  test('is discovered in both forms, under its own name alone, and gone when it goes', async () => {
    const first = await other.wire.call('GET', '/apis', { headers: { accept: v2 } })
    await other.register()
    const found = await current()
    assert.deepEqual(found?.resources, [
      {
        resource: 'flunders',
        responseKind: { group, version, kind: 'Flunder' },
        scope: 'Namespaced',
        singularResource: '',
        verbs: ['get', 'list', 'watch'],
      },
    ])
    const names = await groups()
    assert.ok(names.indexOf('apps') < names.indexOf(group))
    const merged = await other.wire.call('GET', '/apis', { headers: { accept: v2 } })
    assert.notEqual(merged.headers.etag, first.headers.etag)
    assert.ok(!merged.text.includes('lies'))
    const kept = { accept: v2, 'if-none-match': String(merged.headers.etag) }
    assert.equal((await other.wire.call('GET', '/apis', { headers: kept })).status, 304)
    assert.deepEqual((await other.wire.call('GET', base)).json, resources)
    assert.equal((await other.wire.call('GET', `/apis/${group}`)).json.preferredVersion.version, version)
    await other.wire.call('DELETE', apiService)
    await until(groups, all => !all.includes(group))
    assert.equal((await other.wire.call('GET', '/apis', { headers: { accept: v2 } })).headers.etag, first.headers.etag)
    assert.equal((await other.wire.call('GET', base)).status, 404)
  })

  test('is found out from classic discovery where there is no other', async () => {
    other.answer = () => false
    await other.register()
    const found = await current()
    assert.deepEqual(found?.resources, [
      {
        resource: 'flunders',
        responseKind: { group, version, kind: 'Flunder' },
        scope: 'Namespaced',
        singularResource: 'flunder',
        verbs: ['get', 'list', 'watch', 'create'],
        shortNames: ['fl'],
        subresources: [{ subresource: 'status', responseKind: { group, version, kind: 'Flunder' }, verbs: ['get'] }],
      },
    ])
  })

  test('is described by OpenAPI, where its words are kept apart from ours', async () => {
    await other.register()
    await until(definitions, all => 'example.Flunder' in all)
    const { json: document } = await other.wire.call('GET', '/openapi/v2')
    assert.ok(`${base}/flunders` in document.paths)
    assert.notEqual(document.paths['/api/v1/pods']?.get?.responses['200'].description, 'a lie')
    assert.ok(!('example.Unused' in document.definitions))
    const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
    assert.notEqual(document.definitions[meta].description, 'of its own')
    assert.equal(document.definitions[`${meta}_v2`].description, 'of its own')
    assert.equal(document.definitions['example.Flunder'].properties.metadata.$ref, `#/definitions/${meta}_v2`)
    const binary = { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' }
    assert.ok((await other.wire.call('GET', '/openapi/v2', { headers: binary })).text.includes('example.Flunder'))
    const { json: index } = await other.wire.call('GET', '/openapi/v3')
    const url = index.paths[`apis/${group}/${version}`].serverRelativeURL
    assert.equal(url, `/openapi/v3${base}?hash=ABC`)
    assert.deepEqual((await other.wire.call('GET', url)).json, third)
    await other.wire.call('DELETE', apiService)
    await until(definitions, all => !('example.Flunder' in all))
  })

  for (const [what, answer] of [
    ['garbage', (_: IncomingMessage, response: ServerResponse) => void response.end('{"items": [}')],
    ['nothing at all', (request: IncomingMessage) => void request.socket.destroy()],
    [
      'other types',
      (_: IncomingMessage, response: ServerResponse) =>
        json(response, { items: 5, resources: [1, { name: 7 }], paths: [], definitions: 'x' }, { 'content-type': v2 }),
    ],
    [
      'depth',
      (_: IncomingMessage, response: ServerResponse) =>
        void response.end(`${'['.repeat(100_000)}${']'.repeat(100_000)}`),
    ],
    [
      'more than can be',
      (_: IncomingMessage, response: ServerResponse) => {
        response.writeHead(200, { 'content-type': v2 })
        const part = Buffer.alloc(1 << 20, '[')
        const more = (): void => {
          while (response.write(part)) if (response.destroyed) return
          response.once('drain', more)
        }
        more()
      },
    ],
  ] as const)
    test(`${what} in its place breaks nothing of ours`, async () => {
      other.answer = (request, response) => {
        const [path] = (request.url ?? '').split('?')
        if (path === base && what !== 'other types') return false
        answer(request, response)
        return true
      }
      await other.register()
      const asked = () => other.seen.filter(one => one.url === '/openapi/v2').length
      await until(asked, count => count > 0 || what === 'nothing at all')
      assert.ok((await groups()).includes('apps'))
      assert.ok('io.k8s.api.core.v1.Pod' in (await definitions()))
      const found = await discovered()
      assert.equal(found?.version, version)
      assert.ok(found.resources.every(one => typeof one.resource === 'string'))
    })

  test('the real kubectl reads it', { skip }, async () => {
    await other.register()
    await current()
    const dir = mkdtempSync(join(tmpdir(), 'bulwark-aggregation-'))
    const kubeconfig = join(dir, 'kubeconfig')
    writeFileSync(kubeconfig, await other.wire.cluster.kubeConfig(), { mode: 0o600 })
    const kubectl = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await run('kubectl', args, { kubeconfig })
      assert.equal(code, 0, stderr)
      return stdout
    }
    assert.match(await kubectl('get', 'flunders'), /^NAME +AGE\none .*\ntwo /)
    assert.match(await kubectl('get', 'flunder', 'one', '-o', 'name'), /^flunder\.wardle\.example\.com\/one$/m)
    assert.match(await kubectl('api-resources', '--api-group', group), /flunders/)
    const services = await kubectl('get', 'apiservices')
    assert.match(services, /^v1\.apps +Local +True/m)
    assert.match(services, /^v1alpha1\.wardle\.example\.com +default\/wardle +True/m)
    assert.match(await kubectl('get', '--raw', `${base}/namespaces/default/flunders/one`), /"Flunder"/)
    rmSync(dir, { recursive: true, force: true })
  })
})
