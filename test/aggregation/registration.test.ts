/** What this server serves itself is published, and nobody takes it over. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Wire, openWire } from '../api/wire.ts'
import { until } from './extension.ts'

const apiServices = '/apis/apiregistration.k8s.io/v1/apiservices'
const merge = { 'content-type': 'application/merge-patch+json' }
const label = 'kube-aggregator.kubernetes.io/automanaged'

let wire: Wire
before(async () => {
  wire = await openWire()
})
after(() => wire.stop())

const get = async (name: string) => (await wire.call('GET', `${apiServices}/${name}`)).json
const patch = (name: string, body: object) => wire.call('PATCH', `${apiServices}/${name}`, { headers: merge, body })

test('every group version that is served here is there, and available', async () => {
  const { json: list } = await wire.call('GET', apiServices)
  const { json: groups } = await wire.call('GET', '/apis')
  const served = groups.groups.flatMap((one: { versions: { groupVersion: string }[] }) => one.versions)
  // Not the core group, but apiregistration and what the user may serve are among the groups alone.
  assert.equal(list.items.length, served.length - 1)
  const core = await get('v1.')
  assert.deepEqual(core.metadata.labels, { [label]: 'true' })
  assert.deepEqual(core.spec, { version: 'v1', groupPriorityMinimum: 18_000, versionPriority: 1 })
  const [condition] = core.status.conditions
  assert.deepEqual([condition.type, condition.status, condition.reason], ['Available', 'True', 'Local'])
  assert.equal((await get('v1.apiregistration.k8s.io')).reason, 'NotFound')
})

test('a built-in group cannot be handed to somebody else, nor be taken away', async () => {
  const { status } = await patch('v1.apps', {
    spec: { service: { namespace: 'default', name: 'evil' }, insecureSkipTLSVerify: true },
  })
  assert.equal(status, 200)
  assert.equal((await wire.call('GET', '/apis/apps/v1/namespaces/default/deployments')).status, 200)
  await until(
    () => get('v1.apps'),
    one => one.spec.service === undefined,
  )
  await wire.call('DELETE', `${apiServices}/v1.apps`)
  await until(
    () => get('v1.apps'),
    one => one.spec !== undefined,
  )
  await patch('v1.batch', {
    metadata: { labels: { [label]: null } },
    spec: { service: { namespace: 'default', name: 'evil' } },
  })
  assert.equal((await wire.call('GET', '/apis/batch/v1/namespaces/default/jobs')).status, 200)
})

test('custom groups come and go with their definitions', async () => {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const made = await wire.call('POST', path, {
    body: {
      metadata: { name: 'crontabs.stable.example.com' },
      spec: {
        group: 'stable.example.com',
        scope: 'Namespaced',
        names: { plural: 'crontabs', singular: 'crontab', kind: 'CronTab', listKind: 'CronTabList' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    },
  })
  assert.equal(made.status, 201, made.text)
  const found = await until(
    () => get('v1.stable.example.com'),
    one => one.spec !== undefined,
  )
  assert.deepEqual([found.spec.groupPriorityMinimum, found.spec.versionPriority], [1000, 100])
  await wire.call('DELETE', `${path}/crontabs.stable.example.com`)
  await until(
    () => get('v1.stable.example.com'),
    one => one.reason === 'NotFound',
  )
})

test('what is told to other servers comes back when somebody changes it', async () => {
  const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication'
  const data = async () => (await wire.call('GET', path)).json.data
  const before = await data()
  await wire.call('PATCH', path, {
    headers: merge,
    body: { data: { 'requestheader-client-ca-file': 'evil', other: 'kept' } },
  })
  await until(data, now => now?.['requestheader-client-ca-file'] === before['requestheader-client-ca-file'])
  assert.equal((await data()).other, 'kept')
  await wire.call('DELETE', path)
  assert.deepEqual(await until(data, now => now !== undefined), before)
})
