/** What a node may not do, as a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asked, lookupOf, run } from './fixture.ts'
import { nodeRestriction } from './node-restriction.ts'

const projected = (audience: string) => ({ name: 'v', projected: { sources: [{ serviceAccountToken: { audience } }] } })
const pod = (name: string, nodeName: string, volumes: readonly object[] = []) => ({
  kind: 'Pod',
  metadata: { name, namespace: 'n', uid: `${name}-uid` },
  spec: { nodeName, volumes },
})
const csi = { name: 'c', csi: { driver: 'd' } }
const lookup = lookupOf({
  pods: [pod('mine', 'one', [projected('vault'), csi]), pod('other', 'two')],
  'csidrivers.storage.k8s.io': [{ metadata: { name: 'd' }, spec: { tokenRequests: [{ audience: 'store' }] } }],
})
const step = nodeRestriction(lookup)
const asNode = { user: 'system:node:one', groups: ['system:nodes'] }
const told = async (asked: Asked): Promise<string> => {
  const result = await run(step, { ...asNode, ...asked })
  return typeof result === 'string' ? result.replace(/^.* is forbidden: /, '') : ''
}

const token = (name: string, audiences: readonly string[] = ['vault'], uid = `${name}-uid`): Asked => ({
  resource: 'serviceaccounts',
  subresource: 'token',
  object: {
    kind: 'TokenRequest',
    metadata: {},
    spec: { audiences, boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid } },
  },
})
const slice = (nodeName?: string) => ({ kind: 'ResourceSlice', metadata: { name: 's' }, spec: { nodeName } })
const slices = 'resourceslices.resource.k8s.io'
const claim = (status: object, spec = {}) => ({ kind: 'PersistentVolumeClaim', metadata: { name: 'c' }, spec, status })
const claims = { resource: 'persistentvolumeclaims', subresource: 'status' }
const node = (rest: object = {}, metadata: object = {}) => ({
  kind: 'Node',
  metadata: { name: 'one', ...metadata },
  spec: {},
  ...rest,
})
const lease = (name: string) => ({ kind: 'Lease', metadata: { name } })

const table: readonly (readonly [asked: Asked, told: string | RegExp])[] = [
  [token('mine'), ''],
  [token('mine', ['store']), ''],
  [token('mine', ['bank']), /^audience "bank" not found in pod spec volume, system:node:one is not authorized/],
  [token('mine', []), /^audience "" not found in pod spec volume/],
  [token('mine', ['a', 'b']), 'node may only request 0 or 1 audiences'],
  [token('mine', ['vault'], 'x'), /^the UID in the bound object reference \(x\) does not match the UID in record/],
  [token('other'), 'node requested token bound to a pod scheduled on a different node'],
  [token('absent'), 'pods "absent" not found'],
  [{ resource: slices, object: slice('one') }, ''],
  [
    { resource: slices, object: slice('two') },
    'can only create ResourceSlice with the same NodeName as the requesting node',
  ],
  [
    { resource: slices, operation: 'DELETE', old: slice() },
    'can only delete ResourceSlice with the same NodeName as the requesting node',
  ],
  [{ ...claims, old: claim({}), object: claim({ capacity: { storage: '1' }, conditions: [] }) }, ''],
  [{ ...claims, old: claim({}), object: claim({ phase: 'Lost' }) }, /is not allowed to update fields other than/],
  [{ ...claims, subresource: '', old: claim({}), object: claim({}) }, 'may only update PVC status'],
  [{ resource: 'nodes', object: node() }, ''],
  [
    { resource: 'nodes', object: node({}, { labels: { 'a.kubernetes.io/x': '', 'kubernetes.io/os': 'linux' } }) },
    'node "one" is not allowed to set the following labels: a.kubernetes.io/x',
  ],
  [
    { resource: 'nodes', old: node(), object: node({ spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }) },
    'node "one" is not allowed to modify taints',
  ],
  [{ resource: 'nodes', object: node({}, { name: 'two' }) }, 'node "one" is not allowed to modify node "two"'],
  [
    { resource: 'leases.coordination.k8s.io', object: lease('one') },
    'can only access leases in the "kube-node-lease" system namespace',
  ],
  [
    { resource: 'csinodes.storage.k8s.io', object: { kind: 'CSINode', metadata: { name: 'two' } } },
    'can only access CSINode with the same name as the requesting node',
  ],
  [
    { subresource: 'binding', object: { kind: 'Binding', metadata: { name: 'mine' } } },
    `unexpected pod subresource "binding", only 'status' and 'eviction' are allowed`,
  ],
  [
    { subresource: 'eviction', object: { kind: 'Eviction', metadata: { name: 'other' } } },
    'node one can only evict pods with spec.nodeName set to itself',
  ],
  [
    { old: pod('mine', 'one'), object: pod('mine', 'one') },
    'unexpected operation "UPDATE", node "one" can only create and delete mirror pods',
  ],
]

for (const [at, [asked, wanted]] of table.entries())
  test(`${at}: ${asked.resource ?? 'pods'} ${String(wanted)}`, async () => {
    const message = await told(asked)
    if (typeof wanted === 'string') assert.equal(message, wanted)
    else assert.match(message, wanted)
  })

test('who is in the group and is no node gets nothing', async () => {
  const asked = { resource: 'nodes', object: node(), groups: ['system:nodes'], user: 'somebody' }
  assert.match(String(await run(step, asked)), /could not determine node from user "somebody"$/)
  assert.equal(typeof (await run(step, { ...asked, groups: [] })), 'object')
})
