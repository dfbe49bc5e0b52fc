/** What goes on record of a request: its stages, its levels, who, what and why. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, suite, test } from 'node:test'
import type { Event } from '../../src/kinds/facts/generated/types/audit_v1.ts'
import { type Setting, policyOf, startSetting } from './setting.ts'

const json = { 'content-type': 'application/json' }
const configMaps = '/api/v1/namespaces/default/configmaps'
const map = (name: string, more: object = {}): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...more }, data: { mark: 'value-of-data' } })
const about = (resource: string) => (event: Event) =>
  event.objectRef?.resource === resource && event.user.username === 'bulwark:test'

suite('every stage, bodies and all', () => {
  let setting: Setting
  before(async () => {
    setting = await startSetting(
      policyOf([
        { level: 'None', nonResourceURLs: ['/healthz*', '/livez'] },
        { level: 'Request', resources: [{ group: '', resources: ['configmaps'] }], verbs: ['patch', 'delete'] },
        {
          level: 'RequestResponse',
          resources: [{ group: '', resources: ['configmaps'] }],
          omitManagedFields: true,
          omitStages: ['RequestReceived'],
        },
        { level: 'RequestResponse', resources: [{ group: '', resources: ['serviceaccounts/token'] }] },
        { level: 'RequestResponse' },
      ]),
    )
  })
  after(() => setting.stop())

  test('a create has the object of the request and of the answer, without managed fields', async () => {
    setting.taken()
    const made = await setting.target.send(`${configMaps}?fieldManager=me`, {
      method: 'POST',
      headers: { ...json, 'user-agent': 'tester/1', 'x-forwarded-for': '203.0.113.7, nonsense, 198.51.100.2' },
      body: map('one'),
    })
    assert.equal(made.code, 201)
    const [event, ...more] = setting.taken(about('configmaps'))
    assert.deepEqual(more, [])
    assert.equal(event?.stage, 'ResponseComplete')
    assert.equal(event?.level, 'RequestResponse')
    assert.equal(event?.verb, 'create')
    assert.equal(event?.requestURI, `${configMaps}?fieldManager=me`)
    assert.equal(event?.user.username, 'bulwark:test')
    assert.deepEqual(event?.sourceIPs, ['203.0.113.7', '198.51.100.2', '127.0.0.1'])
    assert.equal(event?.userAgent, 'tester/1')
    assert.equal(event?.objectRef?.name, 'one')
    assert.equal(event?.objectRef?.namespace, 'default')
    assert.equal(event?.objectRef?.apiVersion, 'v1')
    assert.equal(event?.responseStatus?.code, 201)
    assert.equal(event?.annotations?.['authorization.k8s.io/decision'], 'allow')
    assert.equal(event?.annotations?.['authentication.bulwark.dev/source'], 'x509')
    const text = JSON.stringify(event)
    assert.match(text, /requestObject.*value-of-data/)
    assert.match(text, /responseObject.*creationTimestamp/)
    assert.doesNotMatch(text, /managedFields/)
    assert.equal(made.headers['audit-id'], event?.auditID)
  })

  test('the id of the client is kept where it is one', async () => {
    setting.taken()
    const given = await setting.target.send('/version', { headers: { 'audit-id': 'my-own-id' } })
    assert.equal(given.headers['audit-id'], 'my-own-id')
    assert.deepEqual(
      setting.taken().map(({ stage, auditID }) => [stage, auditID]),
      [
        ['RequestReceived', 'my-own-id'],
        ['ResponseComplete', 'my-own-id'],
      ],
    )
    const long = await setting.target.send('/version', { headers: { 'audit-id': 'x'.repeat(300) } })
    assert.equal(long.headers['audit-id'], 'x'.repeat(64))
    const odd = await setting.target.send('/version', { headers: { 'audit-id': 'two words' } })
    assert.match(String(odd.headers['audit-id']), /^[0-9a-f-]{36}$/)
  })

  test('a patch has the patch alone at Request, a deletion its options', async () => {
    setting.taken()
    await setting.target.send(`${configMaps}/one`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: '{"data":{"more":"x"}}',
    })
    await setting.target.send(`${configMaps}/one`, {
      method: 'DELETE',
      headers: json,
      body: '{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Background"}',
    })
    const found = setting.taken(event => about('configmaps')(event) && event.stage === 'ResponseComplete')
    assert.deepEqual(
      found.map(({ verb, requestObject, responseObject }) => [verb, requestObject, responseObject]),
      [
        ['patch', { data: { more: 'x' } }, undefined],
        ['delete', { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', propagationPolicy: 'Background' }, undefined],
      ],
    )
  })

  test('a watch begins and ends', async () => {
    setting.taken()
    await setting.target.send('/api/v1/namespaces/default/services?watch=1&timeoutSeconds=1')
    const stages = setting.taken(about('services')).map(event => [event.stage, event.verb, event.responseStatus?.code])
    assert.deepEqual(stages, [
      ['RequestReceived', 'watch', undefined],
      ['ResponseStarted', 'watch', 200],
      ['ResponseComplete', 'watch', 200],
    ])
  })

  test('secrets are withheld even so: only a rule that names them lets them out', async () => {
    setting.taken()
    const body = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      stringData: { password: 'hunter2-plain' },
    })
    await setting.target.send('/api/v1/namespaces/default/secrets', { method: 'POST', headers: json, body })
    await setting.target.send('/api/v1/namespaces/default/secrets/s')
    await setting.target.send('/api/v1/namespaces/default/secrets')
    await setting.target.send('/apis/authentication.k8s.io/v1/tokenreviews', {
      method: 'POST',
      headers: json,
      body: JSON.stringify({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token: 'hunter2-plain' },
      }),
    })
    const found = setting.taken()
    assert.ok(found.length >= 8)
    assert.doesNotMatch(JSON.stringify(found), /hunter2|aHVudGVyMi|requestObject|responseObject/)
  })

  test('a token that the policy asks for by name is on record, as upstream', async () => {
    setting.taken()
    await setting.target.send('/api/v1/namespaces/default/serviceaccounts', {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'app' } }),
    })
    const token = await setting.target.send('/api/v1/namespaces/default/serviceaccounts/app/token', {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }),
    })
    assert.equal(token.code, 201)
    assert.match(JSON.stringify(setting.taken(event => event.objectRef?.subresource === 'token')), /"token":"ey/)
  })

  test('health is not heard where the policy says so', async () => {
    setting.taken()
    await setting.target.send('/livez', { nobody: true })
    assert.deepEqual(setting.taken(), [])
  })

  test('a token in the query is blotted out', async () => {
    setting.taken()
    await setting.target.send('/version?access_token=abc.def&x=1')
    assert.deepEqual(
      [...new Set(setting.taken().map(event => event.requestURI))],
      ['/version?access_token=REDACTED&x=1'],
    )
  })
})

suite('what goes on record without any policy', () => {
  let setting: Setting
  before(async () => {
    setting = await startSetting()
  })
  after(() => setting.stop())

  test('a write, at Metadata, once', async () => {
    setting.taken()
    await setting.target.send(configMaps, { method: 'POST', headers: json, body: map('', { generateName: 'some-' }) })
    const [event, ...more] = setting.taken()
    assert.deepEqual(more, [])
    assert.equal(event?.level, 'Metadata')
    assert.match(event?.objectRef?.name ?? '', /^some-/)
    assert.doesNotMatch(JSON.stringify(event), /value-of-data/)
  })

  test('no read but of secrets, no watch, no health', async () => {
    setting.taken()
    await setting.target.send(configMaps)
    await setting.target.send(`${configMaps}?watch=1&timeoutSeconds=1`)
    await setting.target.send('/readyz')
    await setting.target.send('/apis')
    assert.deepEqual(setting.taken(), [])
    await setting.target.send('/api/v1/secrets')
    assert.deepEqual(
      setting.taken().map(({ verb, objectRef }) => [verb, objectRef?.resource]),
      [['list', 'secrets']],
    )
  })

  test('who is refused, whatever was asked', async () => {
    setting.taken()
    const refused = await setting.target.send(configMaps, { headers: { 'impersonate-user': 'eve' } })
    assert.equal(refused.code, 403)
    const [event, ...more] = setting.taken()
    assert.deepEqual(more, [])
    assert.equal(event?.verb, 'list')
    assert.equal(event?.user.username, 'bulwark:test')
    assert.equal(event?.impersonatedUser?.username, 'eve')
    assert.equal(event?.responseStatus?.code, 403)
    assert.equal(event?.responseStatus?.reason, 'Forbidden')
    assert.equal(event?.annotations?.['authorization.k8s.io/decision'], 'forbid')
  })

  test('who may not be somebody else', async () => {
    const token = await tokenOf(setting, 'plain')
    setting.taken()
    const refused = await setting.target.send(configMaps, {
      nobody: true,
      headers: { authorization: `Bearer ${token}`, 'impersonate-user': 'admin', 'impersonate-group': 'system:masters' },
    })
    assert.equal(refused.code, 403)
    const [event] = setting.taken()
    assert.equal(event?.user.username, 'system:serviceaccount:default:plain')
    assert.equal(event?.impersonatedUser, undefined)
    assert.equal(event?.annotations?.['authorization.k8s.io/decision'], 'forbid')
    assert.match(event?.annotations?.['authentication.bulwark.dev/source'] ?? '', /token/)
  })

  test('who does not say who they are, with what was tried and nothing of it', async () => {
    setting.taken()
    await setting.target.send('/api/v1/secrets', { nobody: true, headers: { authorization: 'Bearer not-a-token' } })
    await setting.target.send('/api/v1/secrets', { nobody: true })
    const found = setting.taken()
    assert.deepEqual(
      found.map(({ stage, user, responseStatus }) => [
        stage,
        user.username,
        responseStatus?.code,
        responseStatus?.message,
      ]),
      [
        ['ResponseStarted', undefined, 401, 'Authentication failed, attempted: bearer'],
        ['ResponseStarted', undefined, 401, 'Authentication failed, no credentials provided'],
      ],
    )
    assert.doesNotMatch(JSON.stringify(found), /not-a-token/)
  })

  test('a flood of strangers does not drown the rest, and is counted', async () => {
    await sleep(1000 - (Date.now() % 1000))
    setting.taken()
    await Promise.all(Array.from({ length: 120 }, () => setting.target.send('/api', { nobody: true })))
    const first = setting.taken().length
    assert.ok(first <= 101, `${first} of 120`)
    await sleep(1100)
    await setting.target.send('/api', { nobody: true })
    const [next] = setting.taken()
    assert.ok(Number(next?.annotations?.['audit.bulwark.dev/unheard']) > 0)
  })

  test('a path that nobody should send, and who sent it', async () => {
    setting.taken()
    const refused = await setting.target.send('/api/v1/namespaces/default/secrets/%2e%2e%2fx')
    assert.equal(refused.code, 400)
    const [event] = setting.taken()
    assert.equal(event?.user.username, 'bulwark:test')
    assert.equal(event?.responseStatus?.code, 400)
  })

  test('what our own components write, with where it came from', async () => {
    setting.taken()
    await setting.target.cluster.client
      .delete(
        { group: '', version: 'v1', resource: 'configmaps', kind: 'ConfigMap', namespaced: true },
        'default/none-of-that',
      )
      .catch(() => undefined)
    const [event] = setting.taken()
    assert.equal(event?.verb, 'delete')
    assert.equal(event?.requestURI, '/api/v1/namespaces/default/configmaps/none-of-that')
    assert.equal(event?.responseStatus?.code, 404)
    assert.equal(event?.annotations?.['authentication.bulwark.dev/source'], 'component')
  })

  test('exec, that was asked for and refused', async () => {
    setting.taken()
    await setting.target.send('/api/v1/namespaces/default/pods/none/exec?command=sh', { method: 'POST' })
    const found = setting.taken()
    assert.deepEqual(
      found.map(({ stage, objectRef }) => [stage, objectRef?.resource, objectRef?.subresource]),
      [
        ['ResponseStarted', 'pods', 'exec'],
        ['ResponseComplete', 'pods', 'exec'],
      ],
    )
    assert.match(found[0]?.requestURI ?? '', /command=sh/)
  })

  test('what is counted', async () => {
    const { text } = await setting.target.send('/metrics')
    assert.match(text, /^apiserver_audit_event_total [1-9]/m)
    assert.match(text, /^apiserver_audit_level_total\{level="Metadata"\} [1-9]/m)
    assert.match(text, /^apiserver_audit_level_total\{level="None"\} [1-9]/m)
    assert.match(text, /^apiserver_audit_requests_rejected_total 0/m)
  })
})

async function tokenOf({ target }: Setting, name: string): Promise<string> {
  await target.send('/api/v1/namespaces/default/serviceaccounts', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } }),
  })
  const { text } = await target.send(`/api/v1/namespaces/default/serviceaccounts/${name}/token`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }),
  })
  return (JSON.parse(text) as { status: { token: string } }).status.token
}
