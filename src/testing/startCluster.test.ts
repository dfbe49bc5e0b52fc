import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeClient } from '#client/client.ts'
import { type HttpsTransport, httpsTransport } from '#client/https.ts'
import { loadKubeconfig } from '#client/kubeconfig.ts'
import { configMaps, deployments, pods } from '#kinds/facts/generated/refs.ts'
import type { ConfigMap } from '#kinds/facts/generated/types/core_v1.ts'
import type { Deployment } from '#kinds/facts/generated/types/apps_v1.ts'
import { startCluster } from './startCluster.ts'

const configMap = (name: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data: { a: 'b' },
})
const deployment: Deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'a', image: 'b' }] } },
  },
}

/** Asks until it is so; the test runner's own limit ends what never is. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(resolve => setTimeout(resolve, 10))
}

test('a deployment becomes ready pods on simulated nodes', { timeout: 30_000 }, async () => {
  await using cluster = await startCluster()
  await cluster.client.create(deployments, deployment)
  await eventually(async () => (await cluster.client.get(deployments, 'default/web')).status?.readyReplicas === 2)
  const { items } = await cluster.client.list(pods, { namespace: 'default' })
  assert.equal(items.length, 2)
  assert.ok(items.every(one => one.status?.phase === 'Running' && one.spec?.nodeName === 'node-0'))
  await cluster.client.delete(deployments, 'default/web', { propagationPolicy: 'Foreground' })
  await eventually(async () => (await cluster.client.list(pods, { namespace: 'default' })).items.length === 0)
})

test('somebody without rights is told so', { timeout: 30_000 }, async () => {
  await using cluster = await startCluster({ controllers: false })
  await assert.rejects(cluster.as('mallory').list(pods, { namespace: 'default' }), {
    reason: 'Forbidden',
    message: 'pods is forbidden: User "mallory" cannot list resource "pods" in API group "" in the namespace "default"',
  })
})

async function overHttps(run: (transport: HttpsTransport) => Promise<void>): Promise<void> {
  await using cluster = await startCluster({ controllers: false })
  const dir = await mkdtemp(join(tmpdir(), 'bulwark-test-'))
  const file = join(dir, 'kubeconfig')
  try {
    await writeFile(file, await cluster.kubeConfig(), { mode: 0o600 })
    const access = await loadKubeconfig(file)
    const transport = httpsTransport({
      server: access.server,
      authority: access.authority,
      identity: () => access.identity,
      userAgent: 'test/1',
    })
    await run(transport)
    transport.close()
  } finally {
    await rm(dir, { recursive: true })
  }
}

test('the client over HTTPS: write, read, watch, delete', { timeout: 30_000 }, () =>
  overHttps(async ({ send }) => {
    const client = makeClient(send)
    const made = await client.create(configMaps, configMap('one'))
    assert.equal((await client.get(configMaps, 'default/one')).metadata.uid, made.metadata.uid)
    await client.update(configMaps, { ...made, data: { a: 'c' } })
    await assert.rejects(client.update(configMaps, made), { reason: 'Conflict' })
    const page = await client.list(configMaps, { namespace: 'default' })
    assert.deepEqual(
      page.items.map(one => one.data),
      [{ a: 'c' }],
    )
    const stop = new AbortController()
    const answer = await send({
      verb: 'watch',
      group: '',
      version: 'v1',
      resource: 'configmaps',
      namespace: 'default',
      signal: stop.signal,
      options: { resourceVersion: made.metadata.resourceVersion ?? '' },
    })
    assert.ok(answer.type === 'watch')
    const seen: string[] = []
    for await (const events of answer.events) {
      seen.push(...events.map(event => event.type))
      if (seen.length === 1) await client.delete(configMaps, 'default/one')
      else break
    }
    stop.abort()
    assert.deepEqual(seen, ['MODIFIED', 'DELETED'])
    await assert.rejects(client.get(configMaps, 'default/one'), { reason: 'NotFound', code: 404 })
  }),
)

test('options of a deletion travel in its body', { timeout: 30_000 }, () =>
  overHttps(async ({ send }) => {
    const client = makeClient(send)
    await client.create(configMaps, configMap('held'))
    await assert.rejects(client.delete(configMaps, 'default/held', { preconditions: { uid: 'another' } }), {
      reason: 'Conflict',
    })
    await client.delete(configMaps, 'default/held', { dryRun: true })
    assert.equal((await client.get(configMaps, 'default/held')).metadata.name, 'held')
    await client.delete(configMaps, 'default/held', { gracePeriodSeconds: 0 })
    await assert.rejects(client.get(configMaps, 'default/held'), { reason: 'NotFound' })
  }),
)
