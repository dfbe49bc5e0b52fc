/** Inputs: a NetworkPolicy; the rules that are made of it must say of every packet what its own words say. */
import assert from 'node:assert/strict'
import type { KObject } from '#api/metadata.ts'
import { contactOf } from '#kinds/facts/contact.ts'
import { networkPolicies } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { NetworkPolicy } from '#kinds/facts/generated/types/networking_v1.ts'
import { NetworkPolicy as kind } from '#kinds/networking/networkPolicy.ts'
import { makeCompiler } from '#network/compile.ts'
import { answerContact } from '#network/policies/answer.ts'
import { Policies } from '#network/policies/keep.ts'
import { replaceText } from '#network/render.ts'
import { namespace, node, pod } from '#network/samples.ts'
import { trace } from '#network/trace.ts'
import type { Change, Reader } from '#api/reader.ts'
import { groupResource, keyOf } from '#api/metadata.ts'
import { decodedAs } from '../objects.ts'
import { isRecord, jsonOf, type Target } from '../target.ts'

const ports = [
  { name: 'web', containerPort: 80, protocol: 'TCP' as const },
  { name: 'dns', containerPort: 53, protocol: 'UDP' as const },
]
const pods: readonly Pod[] = [
  pod('web', '10.244.1.5', { labels: { app: 'web' }, ports }),
  pod('db', '10.244.1.6', { labels: { app: 'db', tier: 'back' } }),
  pod('far', '10.244.2.7', { labels: { app: 'web' }, node: 'far' }),
  pod('other', '10.244.1.8', { labels: { app: 'db' }, namespace: 'other', ports }),
]
const nodes = [node('worker', '10.244.1.0/24', '192.0.2.1'), node('far', '10.244.2.0/24', '192.0.2.2')]
const namespaces = ['default', 'other'].map(name => ({
  ...namespace(name),
  metadata: { name, labels: { 'kubernetes.io/metadata.name': name, team: name } },
}))

/** A world that never changes but for the one policy. */
function readerOf(policy: NetworkPolicy): Reader {
  const all = new Map<string, readonly KObject[]>([
    ['pods', pods],
    ['nodes', nodes],
    ['namespaces', namespaces],
    [groupResource(networkPolicies), [policy]],
  ])
  const of = (resource: string): readonly KObject[] => all.get(resource) ?? []
  return {
    revision: () => 1,
    reached: () => Promise.resolve(),
    require: () => Promise.resolve(),
    get: (ref, key) => of(groupResource(ref)).find(one => keyOf(one) === key) as never,
    list: ref => of(groupResource(ref)) as never,
    byIndex: () => [],
    subscribe: (ref, onChanges) => {
      const resource = groupResource(ref)
      onChanges(
        of(resource).map((object): Change => ({
          type: 'put',
          resource,
          key: keyOf(object),
          object,
          previous: undefined,
          revision: 1,
        })),
      )
      return () => undefined
    },
  }
}

const frame = { podCIDR: '10.244.1.0/24', podRanges: [], serviceCIDR: '10.96.0.0/16', podInterfaces: 'veth*' }
const route = (address: string): string => (address.startsWith('10.244.1.') ? `veth${address}` : 'eth0')
const place = { local: ['192.0.2.1', '10.244.1.1'], route }
const peers = [...pods.map(one => one.status?.podIP ?? ''), '203.0.113.7']

function check(policy: NetworkPolicy, policies: Policies): void {
  const compiler = makeCompiler('a', () => policies.fragments(frame))
  const { ruleset } = compiler.compile({ services: [], slices: [] }, frame, { nodeName: 'worker', zone: '' })
  for (const line of replaceText(ruleset).trim().split('\n'))
    assert.match(line, /^(?:add|delete) (?:table|chain|set|map|rule|element) inet /)
  const world = { pods, nodes, namespaces, policies: [policy] }
  for (const subject of pods.filter(one => one.spec.nodeName === 'worker'))
    for (const peer of peers)
      for (const [proto, port] of [
        ['tcp', 80],
        ['tcp', 8080],
        ['udp', 53],
        ['sctp', 80],
      ] as const) {
        const own = subject.status?.podIP ?? ''
        if (peer === own) continue
        const passes = (direction: 'in' | 'out', about: Pod, other: string): boolean =>
          about.spec.nodeName !== 'worker' ||
          answerContact(contactOf(about.metadata.uid ?? '', { direction, peer: other, proto, port }), {
            ...world,
            pod: about,
          }).allowedNow
        const sender = pods.find(one => one.status?.podIP === peer)
        const expected = passes('in', subject, peer) && (sender === undefined || passes('out', sender, own))
        const { fate } = trace(ruleset, { src: peer, dst: own, proto, port }, { ...place, from: route(peer) })
        assert.equal(fate === 'forwarded', expected, JSON.stringify([policy.spec, peer, own, proto, port]))
      }
}

async function run(input: Buffer): Promise<void> {
  const value = jsonOf(input)
  if (!isRecord(value)) return
  const object = decodedAs(kind, {
    ...value,
    kind: 'NetworkPolicy',
    apiVersion: 'networking.k8s.io/v1',
    metadata: { name: 'p', namespace: 'default' },
  })
  if (object === undefined) return
  const context = { now: '2026-01-01T00:00:00Z', user: { name: 'x', groups: [] }, subresource: '', old: undefined }
  if ((kind.validate?.(object, context) ?? []).length > 0) return
  const policy = object as unknown as NetworkPolicy
  const policies = new Policies({ reader: readerOf(policy), nodeName: 'worker', changed: () => undefined })
  await policies.start()
  check(policy, policies)
}

export const policies: Target = {
  name: 'network-policies',
  json: true,
  words: [
    'podSelector',
    'namespaceSelector',
    'ipBlock',
    'cidr',
    'except',
    'from',
    'to',
    'ports',
    'port',
    'endPort',
    'protocol',
    'policyTypes',
    'Ingress',
    'Egress',
    'TCP',
    'UDP',
    'SCTP',
    'web',
    'dns',
    '0.0.0.0/0',
    '10.244.0.0/16',
    '10.244.1.6/32',
    '::/0',
    'matchLabels',
    'matchExpressions',
    'In',
    'NotIn',
    'Exists',
    'DoesNotExist',
    'app',
    'team',
    'other',
  ],
  rounds: 1500,
  run,
}
