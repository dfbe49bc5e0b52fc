/** Quotas under many writers at once: exactly as many as there is room for, in process and over HTTPS. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { configMaps, deployments, namespaces, pods, resourceQuotas, services } from '#kinds/facts/generated/refs.ts'
import type { Pod, ResourceQuotaSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { StatusError } from '#api/status.ts'
import { type Wire, openWire } from '../wire.ts'

let wire: Wire

before(async () => {
  wire = await openWire({ nodes: 0 })
})
after(() => wire.stop())

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + 20_000; !(await holds());) {
    assert.ok(Date.now() < end, 'it does not come to hold')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

const usedOf = async (namespace: string) =>
  (await wire.cluster.client.get(resourceQuotas, `${namespace}/q`)).status?.used ?? {}

/** A namespace with a service account and a quota that has been counted. */
async function limited(namespace: string, spec: ResourceQuotaSpec): Promise<void> {
  const { client } = wire.cluster
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } } as never)
  await client.create(resourceQuotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace },
    spec,
  })
  await until(async () => Object.keys(await usedOf(namespace)).length > 0)
  await until(
    async () => (await wire.call('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/default`)).status === 200,
  )
}

const pod = (namespace: string, name: string, spec: object = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
  }) as unknown as Pod

const outcome = async (asked: Promise<unknown>): Promise<string> => {
  try {
    await asked
    return 'made'
  } catch (error) {
    assert.ok(error instanceof StatusError)
    return `${error.code} ${error.message}`
  }
}

const full = (name: string): RegExp =>
  new RegExp(`^403 pods "${name}" is forbidden: exceeded quota: q, requested: pods=1, used: pods=10, limited: pods=10$`)

test('40 creates at once in process: ten are made, and the quota says ten', async () => {
  await limited('inside', { hard: { pods: '10' } })
  const { client } = wire.cluster
  const all = await Promise.all(
    Array.from({ length: 40 }, (_, at) => outcome(client.create(pods, pod('inside', `p${at}`)))),
  )
  assert.equal(all.filter(one => one === 'made').length, 10)
  for (const [at, one] of all.entries()) if (one !== 'made') assert.match(one, full(`p${at}`))
  assert.deepEqual(await usedOf('inside'), { pods: '10' })
  assert.equal((await client.list(pods, { namespace: 'inside' })).items.length, 10)
})

test('40 creates at once over HTTPS: ten are made', async () => {
  await limited('outside', { hard: { pods: '10' } })
  const all = await Promise.all(
    Array.from({ length: 40 }, (_, at) =>
      wire.call('POST', '/api/v1/namespaces/outside/pods', { body: pod('outside', `p${at}`) }),
    ),
  )
  assert.equal(all.filter(one => one.status === 201).length, 10)
  assert.equal(all.filter(one => one.status === 403).length, 30)
  await until(async () => (await usedOf('outside'))['pods'] === '10')
})

test('who else writes the quota at the same time changes nothing about the count', async () => {
  await limited('busy', { hard: { pods: '10' } })
  const { client } = wire.cluster
  let going = true
  const patching = (async () => {
    for (let at = 0; going; at++) {
      const content = { metadata: { labels: { at: String(at) } } }
      // It collides with the charges, and gives up after five tries.
      await outcome(client.patch(resourceQuotas, 'busy/q', { type: 'merge', content }))
      await new Promise(setImmediate)
    }
  })()
  const all = await Promise.all(
    Array.from({ length: 40 }, (_, at) => outcome(client.create(pods, pod('busy', `p${at}`)))),
  )
  going = false
  await patching
  assert.equal(all.filter(one => one === 'made').length, 10, String(all))
  assert.deepEqual(await usedOf('busy'), { pods: '10' })
})

test('room comes back when objects go, and a refused write takes none', async () => {
  await limited('back', { hard: { 'count/configmaps': '3', 'count/deployments.apps': '0' } })
  const { client } = wire.cluster
  const map = (name: string) =>
    ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'back' } }) as const
  // The authorities of the cluster are there already.
  await until(async () => (await usedOf('back'))['count/configmaps'] === '1')
  await client.create(configMaps, map('a'))
  assert.match(await outcome(client.create(configMaps, map('a'))), /^409 /)
  assert.equal((await usedOf('back'))['count/configmaps'], '2')
  await client.create(configMaps, map('b'))
  assert.match(
    await outcome(client.create(configMaps, map('c'))),
    /exceeded quota: q, requested: count\/configmaps=1, used: count\/configmaps=3, limited: count\/configmaps=3$/,
  )
  await client.delete(configMaps, 'back/a')
  await until(async () => (await outcome(client.create(configMaps, map('c')))) === 'made')
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: 'back' },
    spec: { selector: { matchLabels: { a: 'b' } }, template },
  }
  assert.match(
    await outcome(client.create(deployments, deployment as never)),
    /exceeded quota: q, requested: count\/deployments.apps=1/,
  )
})

test('containers have to say what the quota limits; a dry run is measured and takes nothing', async () => {
  await limited('spoken', { hard: { 'requests.cpu': '1', 'limits.memory': '1Gi', pods: '5' } })
  const { client } = wire.cluster
  assert.match(
    await outcome(client.create(pods, pod('spoken', 'silent'))),
    /failed quota: q: must specify limits.memory for: c; requests.cpu for: c$/,
  )
  const asking = (cpu: string) => ({
    containers: [{ name: 'c', image: 'i', resources: { requests: { cpu }, limits: { memory: '100Mi' } } }],
  })
  const path = '/api/v1/namespaces/spoken/pods'
  const dry = await wire.call('POST', `${path}?dryRun=All`, { body: pod('spoken', 'dry', asking('800m')) })
  assert.equal(dry.status, 201)
  assert.equal((await usedOf('spoken'))['requests.cpu'], '0')
  const over = await wire.call('POST', `${path}?dryRun=All`, { body: pod('spoken', 'dry', asking('1100m')) })
  assert.match(
    over.json.message,
    /exceeded quota: q, requested: requests.cpu=1100m, used: requests.cpu=0, limited: requests.cpu=1$/,
  )
  await client.create(pods, pod('spoken', 'one', asking('800m')))
  assert.deepEqual(await usedOf('spoken'), { 'requests.cpu': '800m', 'limits.memory': '100Mi', pods: '1' })
})

test('an update that uses more is measured by what it adds', async () => {
  await limited('ports', { hard: { 'services.nodeports': '2', services: '5' } })
  const { client } = wire.cluster
  const service = (ports: readonly number[]) =>
    ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', namespace: 'ports' },
      spec: { type: 'NodePort', selector: { a: 'b' }, ports: ports.map(port => ({ name: `p${port}`, port })) },
    }) as never
  await client.create(services, service([80, 81]))
  assert.deepEqual(await usedOf('ports'), { 'services.nodeports': '2', services: '1' })
  const current = await client.get(services, 'ports/s')
  assert.match(
    await outcome(
      client.update(services, {
        ...current,
        spec: { ...current.spec, ports: [80, 81, 82].map(port => ({ name: `p${port}`, port })) },
      }),
    ),
    /exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=2, limited: services.nodeports=2$/,
  )
})

test('scopes: only pods that they hold for are counted', async () => {
  await limited('scoped', {
    hard: { pods: '1' },
    scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] },
  })
  const { client } = wire.cluster
  await wire.call('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', {
    body: { metadata: { name: 'high' }, value: 1000 },
  })
  await client.create(pods, pod('scoped', 'plain'))
  await client.create(pods, pod('scoped', 'first', { priorityClassName: 'high' }))
  assert.match(
    await outcome(client.create(pods, pod('scoped', 'second', { priorityClassName: 'high' }))),
    /exceeded quota/,
  )
  assert.deepEqual(await usedOf('scoped'), { pods: '1' })
})
