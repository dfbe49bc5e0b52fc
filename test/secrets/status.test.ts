/** A whole control plane: what is said of Secrets, and that nothing of them is left behind. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { issue, makeAuthority } from '#pki/issue.ts'
import { type Wire, openWire } from '../api/wire.ts'

let wire: Wire
const own = '/apis/bulwark.dev/v1alpha1'
const base64 = (text: string): string => Buffer.from(text).toString('base64')

async function eventually<T>(read: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = await read()
    if (fits(value)) return value
    if (tries > 200) assert.fail(`never came: ${JSON.stringify(value)}`)
    await pause(25)
  }
}

before(async () => {
  wire = await openWire({})
})
after(() => wire.stop())

test('a certificate that ends soon is told of in a SecretStatus and an event, and its end comes from the certificate', async () => {
  const authority = await makeAuthority('test', Date.now())
  const { cert, key } = await issue(
    authority,
    { name: 'x', hosts: ['x'], usage: 'server', days: 1 } as never,
    Date.now(),
  )
  const data = { 'tls.crt': base64(cert), 'tls.key': base64(key) }
  const made = await wire.call('POST', '/api/v1/namespaces/default/secrets', {
    body: {
      metadata: { name: 'site', annotations: { 'bulwark.dev/rotate-every': '1w' } },
      type: 'kubernetes.io/tls',
      data,
    },
  })
  assert.equal(made.status, 201)
  const { json } = await eventually(
    () => wire.call('GET', `${own}/namespaces/default/secretstatuses/site`),
    reply => reply.status === 200,
  )
  assert.equal(json.status.expirySource, 'Certificate')
  assert.equal(json.status.type, 'kubernetes.io/tls')
  assert.ok(Math.abs(Date.parse(json.status.rotationDueAt) - Date.now() - 7 * 24 * 3600 * 1000) < 60_000)
  assert.ok(!JSON.stringify(json).includes(data['tls.key'].slice(0, 40)))
  await wire.call('DELETE', '/api/v1/namespaces/default/secrets/site')
  await eventually(
    () => wire.call('GET', `${own}/namespaces/default/secretstatuses/site`),
    reply => reply.status === 404,
  )
})

test('what has expired says so in an event on the Secret', async () => {
  const annotations = { 'bulwark.dev/expires-at': '2020-01-01' }
  await wire.call('POST', '/api/v1/namespaces/default/secrets', { body: { metadata: { name: 'old', annotations } } })
  const { json } = await eventually(
    () => wire.call('GET', '/api/v1/namespaces/default/events?fieldSelector=reason=SecretExpired'),
    reply => reply.json.items.length > 0,
  )
  assert.equal(json.items[0].involvedObject.name, 'old')
  assert.equal(json.items[0].message, 'it expired at 2020-01-01T00:00:00Z')
})

test('who may view a namespace sees what is due there', async () => {
  const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles'
  const of = async (role: string): Promise<string> =>
    JSON.stringify((await wire.call('GET', `${roles}/${role}`)).json.rules)
  await eventually(
    () => of('view'),
    rules => rules.includes('secretstatuses'),
  )
  await eventually(
    () => of('edit'),
    rules => rules.includes('secretversions'),
  )
  assert.ok(!(await of('view')).includes('secretversions'))
})

test('a namespace that goes takes versions with it', async () => {
  await wire.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'brief' } } })
  const secrets = '/api/v1/namespaces/brief/secrets'
  await wire.call('POST', secrets, { body: { metadata: { name: 's' }, data: { a: base64('1') } } })
  await wire.call('PATCH', `${secrets}/s`, {
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { data: { a: base64('2') } },
  })
  assert.equal((await wire.call('GET', `${own}/namespaces/brief/secretversions`)).json.items.length, 1)
  await wire.call('DELETE', '/api/v1/namespaces/brief')
  await eventually(
    () => wire.call('GET', '/api/v1/namespaces/brief'),
    reply => reply.status === 404,
  )
  assert.equal((await wire.call('GET', `${own}/namespaces/brief/secretversions`)).json.items.length, 0)
})
