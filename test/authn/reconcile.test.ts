/** What system roles have lost is theirs again when a server starts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clusterRoleBindings, clusterRoles } from '#kinds/facts/generated/refs.ts'
import { startCluster } from '#testing/startCluster.ts'

const autoupdate = 'rbac.authorization.kubernetes.io/autoupdate'

test('rules, selectors, labels and subjects come back; what was added stays; who does not want it is left alone', async () => {
  await using cluster = await startCluster({ nodes: 0, controllers: false })
  const { client, plane } = cluster
  const extra = { apiGroups: ['acme.io'], resources: ['things'], verbs: ['get'] }
  const change = (name: string, content: object) =>
    client.patch(clusterRoles, name, { type: 'merge', content: content as Record<string, never> })
  await change('system:discovery', { rules: [extra] })
  await change('system:kube-scheduler', { metadata: { annotations: { [autoupdate]: 'false' } }, rules: [] })
  await change('admin', { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { own: 'true' } }] } })
  const label = 'rbac.authorization.k8s.io/aggregate-to-view'
  await change('system:aggregate-to-view', { metadata: { labels: { [label]: null } } })
  await client.patch(clusterRoleBindings, 'system:basic-user', { type: 'merge', content: { subjects: [] } })
  await plane.server.bootstrap()
  const discovery = await client.get(clusterRoles, 'system:discovery')
  assert.deepEqual(discovery.rules?.[0], extra)
  assert.ok((discovery.rules ?? []).some(rule => rule.nonResourceURLs?.includes('/api') === true))
  assert.deepEqual((await client.get(clusterRoles, 'system:kube-scheduler')).rules, [])
  const admin = await client.get(clusterRoles, 'admin')
  assert.deepEqual(admin.aggregationRule?.clusterRoleSelectors, [
    { matchLabels: { own: 'true' } },
    { matchLabels: { 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' } },
  ])
  assert.equal((await client.get(clusterRoles, 'system:aggregate-to-view')).metadata.labels?.[label], 'true')
  assert.equal((await client.get(clusterRoleBindings, 'system:basic-user')).subjects?.length, 1)
  const before = plane.store.revision()
  await plane.server.bootstrap()
  assert.equal(plane.store.revision(), before, 'a second time nothing is to be done')
})
