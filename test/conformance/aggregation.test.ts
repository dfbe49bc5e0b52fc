/** An API server of somebody else's behind ours, that keeps its objects itself. */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { after, before, test } from 'node:test'
import {
  type Extension,
  apiService,
  base,
  flunders,
  group,
  json,
  noAddress,
  startExtension,
  version,
} from '../aggregation/extension.ts'
import { type Api, type Json, apiOver, assertNewer } from './api.ts'

let other: Extension
let api: Api
before(async () => {
  if (noAddress !== false) return
  other = await startExtension()
  api = apiOver(other.wire, false)
})
after(() => other?.stop())

const kept = new Map<string, Json>()
const status = (code: number): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: code < 300 ? 'Success' : 'Failure',
  code,
})
const send = (response: ServerResponse, code: number, body: object): void => {
  response.writeHead(code, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

function create(path: string, request: IncomingMessage, response: ServerResponse): void {
  let text = ''
  request.on('data', part => (text += String(part)))
  request.on('end', () => {
    const object: Json = JSON.parse(text)
    kept.set(`${path}/${object.metadata.name}`, object)
    send(response, 201, object)
  })
}

/** Creates, lists and deletes flunders, in any namespace. */
function serve(request: IncomingMessage, response: ServerResponse): boolean {
  const [path = ''] = (request.url ?? '').split('?')
  if (!path.startsWith(`${base}/namespaces/`)) return false
  if (request.method === 'POST') create(path, request, response)
  else if (request.method === 'DELETE') send(response, 200, status(kept.delete(path) ? 200 : 404))
  else {
    const items = [...kept].filter(([at]) => at.startsWith(`${path}/`)).map(([, object]) => object)
    const metadata = { resourceVersion: '1' }
    json(response, { apiVersion: `${group}/${version}`, kind: 'FlunderList', metadata, items })
  }
  return true
}

const flunder = (name: string): object => ({
  apiVersion: `${group}/${version}`,
  kind: 'Flunder',
  metadata: { name, labels: { 'sample-label': 'true' } },
})
const named = async (path: string): Promise<readonly string[]> =>
  (await api.items(path)).map(({ metadata }) => metadata.name)

/** What such a server reads when it starts, as its service account. */
async function authenticates(): Promise<void> {
  const accounts = '/api/v1/namespaces/default/serviceaccounts'
  await api.create(accounts, { metadata: { name: 'sample-apiserver' } })
  await api.create('/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings', {
    metadata: { name: 'wardler-auth-reader' },
    roleRef: { apiGroup: '', kind: 'Role', name: 'extension-apiserver-authentication-reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'sample-apiserver', namespace: 'default' }],
  })
  const token = (await api.create(`${accounts}/sample-apiserver/token`, { spec: {} })).status.token
  const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication'
  const read = await api.call('GET', path, { token })
  assert.match(read.json.data['requestheader-client-ca-file'], /BEGIN CERTIFICATE/)
}

/** Where a client that knows no group beforehand finds the resource. */
async function discovered(): Promise<void> {
  const { groups } = await api.get('/apis')
  const { preferredVersion } = groups.find(({ name }: Json) => name === group)
  assert.equal(preferredVersion.groupVersion, `${group}/${version}`)
  const { resources } = await api.get(`/apis/${preferredVersion.groupVersion}`)
  const found = resources.find(({ name }: Json) => name === 'flunders')
  assert.deepEqual([found.kind, found.namespaced], ['Flunder', true])
}

/** Again when somebody else has written meanwhile. */
async function change(path: string, edit: (object: Json) => object): Promise<Json> {
  const { status: code, json: object } = await api.until(
    'nobody else writes',
    async () => api.call('PUT', path, { body: edit(await api.get(path)) }),
    reply => reply.status !== 409,
  )
  assert.equal(code, 200, JSON.stringify(object))
  return object
}

const condition = (type: string): object => ({ type, status: 'True', reason: 'E2E', message: 'Set from e2e test' })
const conditioned = async (type: string): Promise<void> => {
  const { conditions } = (await api.get(`${apiService}/status`)).status
  const { status: found, reason, message } = conditions.find((one: Json) => one.type === type) ?? {}
  assert.deepEqual({ type, status: found, reason, message }, condition(type))
}

async function registration(): Promise<Json> {
  const read = await api.get(`${apiService}/status`)
  assert.equal(read.status.conditions[0].message, 'all checks passed')
  const patched = await api.patch(apiService, { spec: { versionPriority: 400 } })
  assert.equal(patched.spec.versionPriority, 400)
  assertNewer(patched, read)
  const name = `${version}.${group}`
  const all = await api.items('/apis/apiregistration.k8s.io/v1/apiservices')
  assert.ok(all.some(({ metadata }) => metadata.name === name))
  await api.patch(apiService, { metadata: { labels: { 'e2e-apiservice': 'patched' } } }, 'strategic')
  assert.equal((await api.get(apiService)).metadata.labels['e2e-apiservice'], 'patched')
  await change(`${apiService}/status`, ({ status: { conditions }, ...rest }) => ({
    ...rest,
    status: { conditions: [...conditions, condition('StatusUpdated')] },
  }))
  await conditioned('StatusUpdated')
  const labels = { [name]: 'updated' }
  const updated = await change(apiService, one => ({ ...one, metadata: { ...one.metadata, labels } }))
  assert.deepEqual(updated.metadata.labels, labels)
  return labels
}

test(
  '[sig-api-machinery] Aggregator Should be able to support the 1.17 Sample API Server using the current Aggregator [LinuxOnly]',
  { skip: noAddress },
  async () => {
    await authenticates()
    other.answer = serve
    await other.register()
    await api.until(
      'it is asked',
      () => api.call('GET', flunders),
      reply => reply.status === 200,
    )
    const { status: code, json: made } = await api.call('POST', flunders, { body: flunder('rest-flunder') })
    assert.deepEqual(
      [code, made.apiVersion, made.kind, made.metadata.name],
      [201, `${group}/${version}`, 'Flunder', 'rest-flunder'],
    )
    assert.deepEqual(await named(flunders), ['rest-flunder'])
    await api.delete(`${flunders}/rest-flunder`)
    assert.deepEqual(await named(flunders), [])

    await discovered()
    const within = `${base}/namespaces/${await api.namespace()}/flunders`
    await api.create(within, flunder('dynamic-flunder'))
    assert.deepEqual(await named(within), ['dynamic-flunder'])
    const labels = await registration()
    await api.delete(`${within}/dynamic-flunder`)
    assert.deepEqual(await named(within), [])
    await api.create(within, flunder('dynamic-flunder'))
    assert.deepEqual(await named(within), ['dynamic-flunder'])

    const { conditions } = (await api.get(`${apiService}/status`)).status
    await api.patch(`${apiService}/status`, { status: { conditions: [...conditions, condition('StatusPatched')] } })
    await conditioned('StatusPatched')
    const [[key, value] = []] = Object.entries(labels)
    const mine = `/apis/apiregistration.k8s.io/v1/apiservices?labelSelector=${key}%3D${String(value)}`
    assert.equal((await api.items(mine)).length, 1)
    await api.delete(mine)
    await api.until(
      'it is gone',
      () => api.items(mine),
      found => found.length === 0,
    )
  },
)
