/** The official JavaScript client from nothing but the text of a kubeconfig. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  AppsV1Api,
  AuthorizationV1Api,
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  type V1ConfigMap,
  VersionApi,
  Watch,
  makeInformer,
  setHeaderOptions,
} from '@kubernetes/client-node'
import { type Cluster, startCluster } from '#testing/startCluster.ts'

const namespace = 'default'
const configMap = (name: string, data: Record<string, string>) => ({ metadata: { name, labels: { by: 'test' } }, data })

describe('@kubernetes/client-node', () => {
  let cluster: Cluster
  let config: KubeConfig
  let core: CoreV1Api
  before(async () => {
    cluster = await startCluster({ nodes: 1 })
    config = new KubeConfig()
    config.loadFromString(await cluster.kubeConfig())
    core = config.makeApiClient(CoreV1Api)
  })
  after(() => cluster.stop())

  test('create, read, list, replace, delete', async () => {
    const made = await core.createNamespacedConfigMap({ namespace, body: configMap('typed', { a: '1' }) })
    assert.ok(made.metadata?.creationTimestamp instanceof Date)
    const read = await core.readNamespacedConfigMap({ namespace, name: 'typed' })
    assert.deepEqual(read.data, { a: '1' })
    const list = await core.listNamespacedConfigMap({ namespace, labelSelector: 'by=test' })
    assert.deepEqual(
      list.items.map(item => item.metadata?.name),
      ['typed'],
    )
    const replaced = await core.replaceNamespacedConfigMap({
      namespace,
      name: 'typed',
      body: Object.assign(structuredClone(read), { data: { a: '2' } }),
    })
    assert.notEqual(replaced.metadata?.resourceVersion, read.metadata?.resourceVersion)
    await assert.rejects(
      core.replaceNamespacedConfigMap({ namespace, name: 'typed', body: read }),
      refusedWith(409, 'Conflict'),
    )
    assert.equal((await core.deleteNamespacedConfigMap({ namespace, name: 'typed' })).status, 'Success')
    await assert.rejects(core.readNamespacedConfigMap({ namespace, name: 'typed' }), refusedWith(404, 'NotFound'))
  })

  test('patch in every form', async () => {
    await core.createNamespacedConfigMap({ namespace, body: configMap('patched', { a: '1' }) })
    const patch = (body: object, strategy: string) =>
      core.patchNamespacedConfigMap(
        {
          namespace,
          name: 'patched',
          body,
          fieldManager: 'test',
          ...(strategy.includes('apply') ? { force: true } : {}),
        },
        setHeaderOptions('Content-Type', strategy),
      )
    await patch([{ op: 'add', path: '/data/b', value: '2' }], PatchStrategy.JsonPatch)
    await patch({ data: { c: '3' } }, PatchStrategy.MergePatch)
    await patch({ data: { a: null } }, PatchStrategy.StrategicMergePatch)
    const applied = await patch(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'patched' }, data: { d: '4' } },
      PatchStrategy.ServerSideApply,
    )
    assert.deepEqual(applied.data, { b: '2', c: '3', d: '4' })
  })

  test('objects of any kind by their own words', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config)
    const spec = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'generic' } }
    await objects.create(spec)
    assert.equal((await objects.read(spec)).metadata?.name, 'generic')
    await objects.delete(spec)
    const custom = config.makeApiClient(CustomObjectsApi)
    const found = (await custom.listNamespacedCustomObject({
      group: 'apps',
      version: 'v1',
      namespace,
      plural: 'deployments',
    })) as { kind: string }
    assert.equal(found.kind, 'DeploymentList')
  })

  test('a deployment becomes ready', async () => {
    const apps = config.makeApiClient(AppsV1Api)
    const labels = { app: 'web' }
    await apps.createNamespacedDeployment({
      namespace,
      body: {
        metadata: { name: 'web' },
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'example/web' }] } },
        },
      },
    })
    const ready = await until(
      async () => (await apps.readNamespacedDeploymentStatus({ namespace, name: 'web' })).status?.readyReplicas === 2,
    )
    assert.ok(ready)
    const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'web' })
    assert.equal(scale.spec?.replicas, 2)
    const { items } = await core.listNamespacedPod({ namespace, labelSelector: 'app=web' })
    assert.deepEqual(
      items.map(item => item.status?.phase),
      ['Running', 'Running'],
    )
  })

  test('an informer sees what comes, changes and goes', async () => {
    const seen: string[] = []
    const informer = makeInformer<V1ConfigMap>(
      config,
      `/api/v1/namespaces/${namespace}/configmaps`,
      () => core.listNamespacedConfigMap({ namespace, labelSelector: 'watched=yes' }),
      'watched=yes',
    )
    for (const verb of ['add', 'update', 'delete'] as const)
      informer.on(verb, object => void seen.push(`${verb} ${object.metadata?.name} ${object.data?.['a']}`))
    await informer.start()
    const body = { metadata: { name: 'seen', labels: { watched: 'yes' } }, data: { a: '1' } }
    await core.createNamespacedConfigMap({ namespace, body })
    await core.replaceNamespacedConfigMap({ namespace, name: 'seen', body: { ...body, data: { a: '2' } } })
    await core.deleteNamespacedConfigMap({ namespace, name: 'seen' })
    await until(() => Promise.resolve(seen.length === 3))
    await informer.stop()
    assert.deepEqual(seen, ['add seen 1', 'update seen 2', 'delete seen 2'])
  })

  test('a watch from too long ago says so', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const watch = await new Watch(config).watch(
      '/api/v1/configmaps',
      { resourceVersion: '1', timeoutSeconds: 5 },
      (type, object: { code?: number }) => void (type === 'ERROR' && resolve(object.code)),
      () => resolve('ended'),
    )
    const answer = await promise
    watch.abort()
    assert.ok(answer === 410 || answer === 'ended')
  })

  test('reviews, versions, and a refusal with its status', async () => {
    assert.equal((await config.makeApiClient(VersionApi).getCode()).minor, '36')
    const review = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({
      body: { spec: { resourceAttributes: { verb: 'delete', resource: 'nodes' } } },
    })
    assert.equal(review.status?.allowed, true)
    const body = { metadata: { name: 'Not_Valid' } }
    await assert.rejects(core.createNamespacedConfigMap({ namespace, body }), refusedWith(422, 'Invalid'))
  })
})

const refusedWith =
  (code: number, reason: string) =>
  (error: unknown): true => {
    assert.ok(error instanceof ApiException)
    assert.equal(error.code, code)
    assert.equal((JSON.parse(String(error.body)) as { reason: string }).reason, reason)
    return true
  }

/** At most 20 seconds. */
async function until(condition: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 200; tries++) {
    if (await condition()) return true
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  return false
}
