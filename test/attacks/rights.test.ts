/** Getting further than one's rights: by labels of aggregation, by rights on the parent, by names in lists, as a node. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { issue } from '#pki/issue.ts'
import { Agent, request } from 'node:https'
import { once } from 'node:events'
import { type Siege, besiege, must } from './siege.ts'

const rbac = '/apis/rbac.authorization.k8s.io/v1'
const core = '/api/v1/namespaces/default'
const apply = { 'content-type': 'application/apply-patch+yaml' }
const merge = { 'content-type': 'application/merge-patch+json' }
const forbidden = { code: 403, reason: 'Forbidden' } as const
const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }

let siege: Siege
before(async () => {
  siege = await besiege()
  await must(siege.wire, `${core}/serviceaccounts`, { metadata: { name: 'default' } })
  for (const name of ['gold', 'tin'])
    await must(siege.wire, `${core}/secrets`, { metadata: { name }, stringData: { key: 's3cr3t-value' } })
})
after(() => siege.stop())

test('a label that adds rules to somebody else’s role, and a role that gathers them', async () => {
  const roles = {
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['clusterroles'],
    verbs: ['create', 'update', 'patch', 'get'],
  }
  const token = await siege.wire.account('labeller', [roles], true)
  const label = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' }
  const path = `${rbac}/clusterroles`
  const role = (name: string, more: object) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name, labels: label }, ...more,
  }) // prettier-ignore
  const rules = [everything]
  const aggregationRule = { clusterRoleSelectors: [{}] }
  for (const body of [role('worm', { rules }), role('worm', { aggregationRule, rules: [] })]) {
    await siege.refused({ method: 'POST', path, body, token, ...forbidden })
    const server = `${path}/worm?fieldManager=x`
    await siege.refused({ method: 'PATCH', path: server, body, headers: apply, token, ...forbidden })
  }
  assert.equal((await siege.wire.call('POST', path, { token, body: role('empty', { rules: [] }) })).status, 201)
  const one = `${path}/empty`
  await siege.refused({ method: 'PATCH', path: one, body: { rules }, headers: merge, token, ...forbidden })
  await siege.refused({ method: 'PATCH', path: one, body: { aggregationRule }, headers: merge, token, ...forbidden })
  await siege.refused({ method: 'PATCH', path: `${path}/view`, body: { rules }, headers: merge, token, ...forbidden })
})

test('rights on pods, and none on what lies below them', async () => {
  const token = await siege.wire.account('keeper', [
    { apiGroups: [''], resources: ['pods', 'services', 'serviceaccounts', 'nodes', 'namespaces'], verbs: ['*'] },
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['*'] },
    { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['*'] },
  ], true) // prettier-ignore
  const below: readonly (readonly [string, string])[] = [
    ['GET', `${core}/pods/x/log`],
    ['GET', `${core}/pods/x/exec?command=id&stdout=1`],
    ['POST', `${core}/pods/x/exec?command=id&stdout=1`],
    ['POST', `${core}/pods/x/attach`],
    ['POST', `${core}/pods/x/portforward`],
    ['GET', `${core}/pods/x/proxy/`],
    ['PUT', `${core}/pods/x/status`],
    ['PUT', `${core}/pods/x/ephemeralcontainers`],
    ['PATCH', `${core}/pods/x/resize`],
    ['POST', `${core}/pods/x/eviction`],
    ['POST', `${core}/pods/x/binding`],
    ['GET', `${core}/services/x/proxy/`],
    ['PUT', `${core}/services/x/status`],
    ['POST', `${core}/serviceaccounts/default/token`],
    ['GET', '/api/v1/nodes/n1/proxy/pods'],
    ['PUT', '/api/v1/nodes/n1/status'],
    ['PUT', '/api/v1/namespaces/default/finalize'],
    ['GET', '/apis/apps/v1/namespaces/default/deployments/x/scale'],
    ['PUT', '/apis/certificates.k8s.io/v1/certificatesigningrequests/x/approval'],
  ]
  for (const [method, path] of below)
    await siege.refused({ method, path, token, ...forbidden, ...(method === 'GET' ? {} : { body: {} }) })
})

test('one name in a list: that one, and no way round it', async () => {
  const token = await siege.wire.account('narrow', [
    { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'], resourceNames: ['tin'] },
  ])
  const path = `${core}/secrets`
  assert.equal((await siege.wire.call('GET', `${path}?fieldSelector=metadata.name%3Dtin`, { token })).status, 200)
  for (const query of [
    '',
    '?fieldSelector=metadata.name%3Dgold',
    '?fieldSelector=metadata.name!%3Dtin',
    '?fieldSelector=metadata.name%3Dtin,metadata.name%3Dgold',
    '?fieldSelector=metadata.name%3Dgold&fieldSelector=metadata.name%3Dtin',
    '?watch=true',
    '?watch=true&fieldSelector=metadata.name%3Dgold',
    '?labelSelector=metadata.name%3Dtin',
    '?resourceVersion=0&limit=1',
  ])
    await siege.refused({ path: `${path}${query}`, token, ...forbidden })
  for (const other of [
    '/api/v1/secrets',
    '/api/v1/watch/secrets',
    `/api/v1/watch/namespaces/default/secrets`,
    `${path}/gold`,
    '/api/v1/secrets?fieldSelector=metadata.name%3Dtin',
  ])
    await siege.refused({ path: other, token, ...forbidden })
})

test('node A does not read what only the pods of node B use', async () => {
  const { wire } = siege
  for (const [node, secret] of [
    ['a', 'tin'],
    ['b', 'gold'],
  ] as const) {
    await must(wire, '/api/v1/nodes', { metadata: { name: node } })
    const spec = { nodeName: node, containers: [{ name: 'm', image: 'x', envFrom: [{ secretRef: { name: secret } }] }] }
    await must(wire, `${core}/pods`, { metadata: { name: `on-${node}` }, spec })
  }
  const pair = await issue(
    siege.keys.authority,
    { name: 'system:node:a', groups: ['system:nodes'], use: 'client' },
    Date.now(),
  )
  const agent = new Agent({ ca: wire.tls.ca, ...pair, keepAlive: true })
  const get = async (path: string): Promise<readonly [number, string]> => {
    const sent = request({ agent, host: wire.url.hostname, port: wire.url.port, path })
    sent.end()
    const [response] = await once(sent, 'response')
    let text = ''
    for await (const part of response) text += String(part)
    return [response.statusCode, text]
  }
  assert.equal((await get(`${core}/secrets/tin`))[0], 200)
  for (const path of [
    `${core}/secrets/gold`,
    `${core}/secrets?fieldSelector=metadata.name%3Dgold`,
    `${core}/secrets`,
    `${core}/secrets?watch=true&fieldSelector=metadata.name%3Dgold`,
    `/api/v1/secrets`,
    `${core}/pods/on-b/log`,
    `${core}/pods/on-b/proxy/`,
    '/api/v1/nodes/b',
    '/api/v1/nodes/b/proxy/pods',
  ]) {
    const [status, text] = await get(path)
    assert.equal(status, 403, path)
    siege.silent(text)
    const event = siege.events.findLast(one => one.requestURI === path)
    assert.deepEqual([event?.user.username, event?.responseStatus?.code], ['system:node:a', 403], path)
  }
  agent.destroy()
})
