/** Random changes of what the API keeps, and after each random questions: the authorizer against a slow reading of everything. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Attributes, User } from '#api/request.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import type { Verdict } from './authorize.ts'
import { makeNodeAuthorizer } from './node.ts'

const clock = { now: () => 0, monotonic: () => 0, after: () => () => undefined }
const agent = (node: string): User =>
  ({ name: `system:node:${node}`, groups: ['system:nodes'], source: 'test' }) as unknown as User

/** The same numbers at each run. */
function dice(seed: number) {
  let state = seed
  return <T>(of: readonly [T, ...T[]]): T => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return of[Math.floor((state / 2 ** 32) * of.length)] ?? of[0]
  }
}

const [nodes, spaces, names] = [
  ['one', 'two'],
  ['n', 'm'],
  ['a', 'b', 'c'],
] as const

interface KeptPod {
  readonly node: string
  readonly over: boolean
  readonly mirror: boolean
  readonly secret: string
  readonly map: string
  readonly claim: string
  readonly resource: string
  readonly account: string
}
interface World {
  /** By `namespace/name`, as the others where they have a namespace. */
  readonly pods: Map<string, KeptPod>
  readonly volumes: Map<string, { readonly claim: string; readonly secret: string }>
  readonly attachments: Map<string, string>
  readonly slices: Map<string, string>
}

const podObject = (key: string, pod: KeptPod): object => ({
  metadata: {
    name: key.split('/')[1],
    namespace: key.split('/')[0],
    ...(pod.mirror && { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
  },
  spec: {
    nodeName: pod.node,
    serviceAccountName: pod.account,
    volumes: [{ name: 'v', persistentVolumeClaim: { claimName: pod.claim } }],
    containers: [
      { envFrom: [{ secretRef: { name: pod.secret } }], env: [{ valueFrom: { configMapKeyRef: { name: pod.map } } }] },
    ],
    resourceClaims: [{ name: 'r', resourceClaimTemplateName: 't' }],
  },
  status: {
    phase: pod.over ? 'Failed' : 'Running',
    resourceClaimStatuses: [{ name: 'r', resourceClaimName: pod.resource }],
  },
})

/** What a node may, read from the beginning each time. */
function expected(world: World, node: string, asked: Attributes): boolean {
  const { verb, resource, subresource, namespace, name } = asked
  const key = `${namespace}/${name}`
  const pods = [...world.pods].filter(([, pod]) => pod.node === node && !pod.mirror)
  const used = (part: 'secret' | 'map' | 'claim' | 'resource' | 'account'): boolean =>
    pods.some(([at, pod]) => `${at.split('/')[0]}/${pod[part]}` === key && !(part === 'secret' && pod.over))
  const claims = (live: boolean) =>
    pods.flatMap(([at, pod]) => (live && pod.over ? [] : [`${at.split('/')[0]}/${pod.claim}`]))
  const change = verb === 'update' || verb === 'patch'
  if (verb === 'create') {
    if (resource === 'serviceaccounts') return subresource === 'token' && used('account')
    return subresource === '' && (resource === 'pods' || resource === 'resourceslices')
  }
  if (resource === 'pods')
    return (
      world.pods.get(key)?.node === node &&
      (subresource === '' ? verb === 'get' || verb === 'delete' : subresource === 'status' && change)
    )
  if (resource === 'persistentvolumeclaims' && subresource === 'status') return change && used('claim')
  if (subresource !== '') return false
  if (resource === 'resourceslices')
    return (verb === 'get' || verb === 'delete' || change) && world.slices.get(name) === node
  if (verb !== 'get') return false
  switch (resource) {
    case 'secrets':
      return (
        used('secret') ||
        [...world.volumes.values()].some(one => one.secret === key && claims(true).includes(one.claim))
      )
    case 'configmaps':
      return used('map')
    case 'persistentvolumeclaims':
      return used('claim')
    case 'resourceclaims':
      return used('resource')
    case 'serviceaccounts':
      return used('account')
    case 'persistentvolumes':
      return claims(false).includes(world.volumes.get(name)?.claim ?? '-')
    case 'volumeattachments':
      return world.attachments.get(name) === node
    default:
      return false
  }
}

const groups: Readonly<Record<string, string>> = {
  volumeattachments: 'storage.k8s.io',
  resourceclaims: 'resource.k8s.io',
  resourceslices: 'resource.k8s.io',
}
const clusterWide = new Set(['persistentvolumes', 'volumeattachments', 'resourceslices'])

function setting(seed: number) {
  const pick = dice(seed)
  const yes = (): boolean => pick([true, false])
  const store = openMemoryStore({ clock, decode: (_, text): KObject => JSON.parse(text) })
  const world: World = { pods: new Map(), volumes: new Map(), attachments: new Map(), slices: new Map() }
  const write = async (resource: string, key: string, rest: object | undefined): Promise<void> => {
    const object = { apiVersion: 'v1', kind: 'X', metadata: { name: key }, ...rest } as Draft<KObject>
    const operation =
      rest === undefined
        ? ({ type: 'delete', resource, key } as const)
        : ({ type: 'put', resource, key, managed: '', object } as const)
    assert.ok((await store.commit([operation])).ok)
  }
  const change = async (): Promise<void> => {
    const [name, key] = [pick(names), `${pick(spaces)}/${pick(names)}`]
    const kind = pick(['pods', 'pods', 'pods', 'volumes', 'attachments', 'slices'])
    if (kind === 'pods') {
      if (world.pods.delete(key) && yes()) return write('pods', key, undefined)
      const [secret, map, claim, resource, account] = [pick(names), pick(names), pick(names), pick(names), pick(names)]
      const parts = { secret, map, claim, resource, account }
      const pod = { node: pick(['', ...nodes]), over: pick([true, false, false]), mirror: pick([true, false, false]) }
      world.pods.set(key, { ...pod, ...parts })
      return write('pods', key, podObject(key, { ...pod, ...parts }))
    }
    if (kind === 'volumes') {
      if (world.volumes.delete(name) && yes()) return write('persistentvolumes', name, undefined)
      const [claim, secretName] = [`${pick(spaces)}/${pick(names)}`, pick(names)]
      const [namespace = '', claimName] = claim.split('/')
      const secretSpace = pick(spaces)
      world.volumes.set(name, { claim, secret: `${secretSpace}/${secretName}` })
      const csi = { nodePublishSecretRef: { name: secretName, namespace: secretSpace } }
      return write('persistentvolumes', name, { spec: { claimRef: { namespace, name: claimName }, csi } })
    }
    const [resource, kept] =
      kind === 'slices'
        ? (['resourceslices.resource.k8s.io', world.slices] as const)
        : (['volumeattachments.storage.k8s.io', world.attachments] as const)
    if (kept.delete(name) && yes()) return write(resource, name, undefined)
    const nodeName = pick(nodes)
    kept.set(name, nodeName)
    return write(resource, name, { spec: { nodeName } })
  }
  const question = (): Attributes => {
    const resource = pick([
      'secrets',
      'configmaps',
      'persistentvolumeclaims',
      'resourceclaims',
      'serviceaccounts',
      'persistentvolumes',
      'volumeattachments',
      'resourceslices',
      'pods',
    ])
    const verb = pick(['get', 'get', 'get', 'get', 'create', 'update', 'patch', 'delete', 'list', 'deletecollection'])
    const nameless = verb === 'list' || verb === 'deletecollection'
    return {
      verb,
      resourceRequest: true,
      group: groups[resource] ?? '',
      version: 'v1',
      resource,
      subresource: pick(['', '', '', 'status', 'token', 'exec', 'log']),
      namespace: clusterWide.has(resource) ? '' : pick(spaces),
      name: nameless ? '' : pick(names),
    } as Attributes
  }
  return { store, world, change, question, pick }
}

test('10,000 decisions while everything changes', async () => {
  const { store, world, change, question, pick } = setting(7)
  const nodeAuthorizer = makeNodeAuthorizer(store)
  let allowed = 0
  for (let round = 0; round < 1000; round++) {
    await change()
    for (let at = 0; at < 10; at++) {
      const [node, asked] = [pick(nodes), question()]
      const { opinion } = nodeAuthorizer.authorizer(agent(node), asked) as Verdict
      const right = expected(world, node, asked)
      assert.equal(opinion === 'allow', right, JSON.stringify([round, node, asked, [...world.pods]]))
      if (right) allowed++
    }
  }
  assert.ok(allowed > 400, `${allowed} were allowed`)
  nodeAuthorizer.close()
  await store.close()
})
