/** Both drills are green as they come, and red where the cluster is not as it comes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clusterRoleBindings, clusterRoles } from '../../src/kinds/facts/generated/refs.ts'
import { type DrillOptions, drillNames, runDrill } from '../../src/drills/run.ts'

const limit = { timeout: 120_000 }

for (const name of drillNames)
  test(`${name}: every step is prevented or detected`, limit, async () => {
    const seen: string[] = []
    const report = await runDrill(name, { onStep: step => void seen.push(step.name) })
    assert.deepEqual(
      report.steps.filter(one => one.result === 'succeeded'),
      [],
    )
    assert.equal(report.passed, true)
    assert.deepEqual(
      seen,
      report.steps.map(one => one.name),
    )
    assert.ok(report.steps.length >= 10)
    assert.ok(report.steps.every(one => one.evidence.length > 0))
    assert.ok(report.steps.some(one => one.result === 'detected'))
    // What was to be stolen is in no report either.
    assert.doesNotMatch(JSON.stringify(report), /AKIA-not-a-key|primary-key-of-blue/)
  })

async function through(name: string, weaker: NonNullable<DrillOptions['weaker']>): Promise<readonly string[]> {
  const report = await runDrill(name, { weaker })
  assert.equal(report.passed, false)
  return report.steps.filter(one => one.result === 'succeeded').map(one => one.name)
}

test('tesla: without Pod Security miners own the node', limit, async () => {
  const found = await through('tesla', { plugins: { disable: ['PodSecurity', 'DenyServiceExternalIPs'] } })
  assert.deepEqual(found, [
    'A miner that owns the node',
    'A miner on every node',
    "Hidden behind somebody else's address",
  ])
})

test('chaosdb: a role for everybody opens what belongs to others', limit, async () => {
  const found = await through('chaosdb', {
    spoil: async ({ admin }) => {
      await admin.create(clusterRoles, {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'generous' },
        rules: [{ verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['secrets'] }],
      })
      await admin.create(clusterRoleBindings, {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'generous' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'generous' },
        subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:authenticated' }],
      })
    },
  })
  assert.ok(found.includes("Other tenants' objects"), found.join())
  assert.ok(found.includes("The node's own certificate"), found.join())
})

test('a drill that there is not', async () => {
  await assert.rejects(runDrill('nobody'), /there is no drill nobody/)
})
