/** What a client learns before it knows any kind: versions, groups, resources, and which forms an answer can take. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Json, openApi } from './api.ts'

let api: Api
before(async () => {
  api = await openApi()
})
after(() => api.stop())

const known: readonly (readonly [group: string, version: string, resource: string])[] = [
  ['', 'v1', 'namespaces'],
  ['admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations'],
  ['apiextensions.k8s.io', 'v1', 'customresourcedefinitions'],
  ['apiregistration.k8s.io', 'v1', 'apiservices'],
  ['apps', 'v1', 'deployments'],
  ['authentication.k8s.io', 'v1', 'tokenreviews'],
  ['authorization.k8s.io', 'v1', 'selfsubjectaccessreviews'],
  ['autoscaling', 'v1', 'horizontalpodautoscalers'],
  ['autoscaling', 'v2', 'horizontalpodautoscalers'],
  ['batch', 'v1', 'jobs'],
  ['certificates.k8s.io', 'v1', 'certificatesigningrequests'],
  ['coordination.k8s.io', 'v1', 'leases'],
  ['discovery.k8s.io', 'v1', 'endpointslices'],
  ['events.k8s.io', 'v1', 'events'],
  ['networking.k8s.io', 'v1', 'ingresses'],
  ['node.k8s.io', 'v1', 'runtimeclasses'],
  ['policy', 'v1', 'poddisruptionbudgets'],
  ['scheduling.k8s.io', 'v1', 'priorityclasses'],
  ['storage.k8s.io', 'v1', 'csinodes'],
]

test('[sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup', async () => {
  for (const [group, version, resource] of known) {
    const list = await api.get(group === '' ? `/api/${version}` : `/apis/${group}/${version}`)
    assert.equal(list.groupVersion, group === '' ? version : `${group}/${version}`)
    assert.ok(
      list.resources.some((one: Json) => one.name === resource),
      `${group} ${resource}`,
    )
  }
})

test('[sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup', async () => {
  const { groups } = await api.get('/apis/')
  assert.ok(groups.length > 15)
  for (const { name } of groups) {
    const group = await api.get(`/apis/${name}/`)
    const versions = group.versions.map((one: Json) => one.groupVersion)
    assert.ok(versions.includes(group.preferredVersion.groupVersion), name)
  }
})

const aggregated = (path: string): Promise<Json> =>
  api
    .call('GET', path, { headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' } })
    .then(({ json, headers }) => {
      assert.match(headers['content-type'] ?? '', /as=APIGroupDiscoveryList/)
      assert.equal(json.apiVersion, 'apidiscovery.k8s.io/v2')
      return json
    })

function assertHolds(list: Json, [group, version, resource]: (typeof known)[number]): void {
  const found = list.items
    .find((one: Json) => (one.metadata.name ?? '') === group)
    ?.versions.find((one: Json) => one.version === version)
    ?.resources.find((one: Json) => one.resource === resource)
  assert.ok(found, `${group}/${version} ${resource}`)
  assert.ok(found.responseKind.kind.length > 0 && found.verbs.length > 0)
}

test('[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers', async () => {
  const [core, groups] = [await aggregated('/api'), await aggregated('/apis')]
  for (const one of known) assertHolds(one[0] === '' ? core : groups, one)
})

test('[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface', async () => {
  // As Go's clients ask: the newest first, then the older form, then plain.
  const form = (version: string): string =>
    `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`
  const accept = `${form('v2')},${form('v2beta1')},application/json`
  const { json, headers } = await api.call('GET', '/apis', { headers: { accept } })
  assert.match(headers['content-type'] ?? '', /v=v2;as=APIGroupDiscoveryList|as=APIGroupDiscoveryList;.*v=v2\b/)
  for (const one of known.slice(1)) assertHolds(json, one)
  const plain = await api.call('GET', '/apis', { headers: { accept: 'application/json' } })
  assert.equal(plain.json.kind, 'APIGroupList')
})

test('[sig-api-machinery] server version should find the server version', async () => {
  const version = await api.get('/version')
  assert.match(version.major, /^[1-9]$/)
  assert.match(version.minor, /^\d+\+?$/)
  assert.match(version.gitVersion, /^v1\.\d+\.\d+/)
})

test('[sig-api-machinery] Servers with support for Table transformation should return a 406 for a backend which does not implement metadata', async () => {
  const reply = await api.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { nonResourceAttributes: { path: '/', verb: 'get' } },
    },
  })
  assert.equal(reply.status, 406)
  assert.equal(reply.json.reason, 'NotAcceptable')
})
