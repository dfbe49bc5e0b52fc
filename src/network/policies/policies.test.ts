/** Random policies, pods and packets: the rules against a reading of the API's own words, and small cases one by one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { makeClient } from '#client/client.ts'
import { fakeReader } from '#client/fake-reader.ts'
import { type FakeApi, makeFakeApi } from '#client/fake.ts'
import { namespaces, networkPolicies, nodes, pods } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '#kinds/facts/generated/types/networking_v1.ts'
import { makeCompiler } from '../compile.ts'
import { replaceText, ruleTexts } from '../render.ts'
import type { Ruleset } from '../ruleset.ts'
import { namespace, node, pod, policy } from '../samples.ts'
import type { Frame } from '../services/table.ts'
import { type Trace, trace } from '../trace.ts'
import { compilePolicy } from './compile.ts'
import { Policies } from './keep.ts'
import { change, dice, labelsOf, now, populate, spaces } from './random.ts'
import { blockRanges } from './ranges.ts'

const frame: Frame = {
  podCIDR: '10.244.1.0/24',
  podRanges: ['10.244.1.0/24', '10.244.2.0/24'],
  serviceCIDR: '10.96.0.0/16',
  podInterfaces: 'veth*',
}
const isHere = (address: string): boolean => address.startsWith('10.244.1.')
const route = (address: string): string => (isHere(address) ? `veth${address}` : 'eth0')

async function follow(api: FakeApi) {
  let changes = 0
  const policies = new Policies({ reader: fakeReader(api), nodeName: 'worker', changed: () => void changes++ })
  await policies.start()
  const compiler = makeCompiler('a', () =>
    policies.fragments({ podCIDR: '10.244.1.0/24', podInterfaces: 'veth*', serviceCIDR: '10.96.0.0/16' }),
  )
  const rules = (): Ruleset =>
    compiler.compile({ services: [], slices: [] }, frame, { nodeName: 'worker', zone: '' }).ruleset
  return { policies, rules, changes: () => changes }
}

async function setting() {
  const api = makeFakeApi(systemClock)
  const client = makeClient(api.transport)
  await client.create(nodes, node('worker', '10.244.1.0/24', '192.0.2.1'))
  await client.create(nodes, node('far', '10.244.2.0/24', '192.0.2.2'))
  return { api, client, ...(await follow(api)) }
}

interface Packet {
  readonly src: string
  readonly dst: string
  readonly proto: 'tcp' | 'udp' | 'sctp' | 'icmp'
  readonly port: number
}

const fate = (rules: Ruleset, packet: Packet): Trace['fate'] =>
  trace(rules, packet, { local: ['192.0.2.1', '10.244.1.1'], route, from: route(packet.src) }).fate

/** The documentation of NetworkPolicy once more, in the simplest words: objects in, yes or no out. */
class Reading {
  readonly #pods: readonly Pod[]
  readonly #spaces: ReadonlyMap<string, Record<string, string>>
  readonly #policies: readonly NetworkPolicy[]
  constructor(
    all: readonly Pod[],
    labels: ReadonlyMap<string, Record<string, string>>,
    policies: readonly NetworkPolicy[],
  ) {
    this.#pods = all
    this.#spaces = labels
    this.#policies = policies
  }
  at(address: string): Pod | undefined {
    return this.#pods.find(one => one.status?.podIP === address)
  }
  selected(selector: object, labels: Readonly<Record<string, string>> = {}): boolean {
    const { matchLabels = {}, matchExpressions = [] } = selector as {
      matchLabels?: Record<string, string>
      matchExpressions?: { key: string; operator: string }[]
    }
    return (
      Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
      matchExpressions.every(({ key, operator }) => key in labels === (operator === 'Exists'))
    )
  }
  peer(peer: NetworkPolicyPeer, own: string, address: string): boolean {
    if (peer.ipBlock !== undefined) {
      const inside = (block: string): boolean => {
        const [base = '', bits = '32'] = block.split('/')
        const number = (text: string): bigint => text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n)
        return !block.includes(':') && number(base) >> (32n - BigInt(bits)) === number(address) >> (32n - BigInt(bits))
      }
      return inside(peer.ipBlock.cidr) && !(peer.ipBlock.except ?? []).some(inside)
    }
    const found = this.at(address)
    if (found === undefined) return false
    const space = found.metadata.namespace ?? ''
    const near =
      peer.namespaceSelector === undefined
        ? space === own
        : this.selected(peer.namespaceSelector, this.#spaces.get(space))
    return near && this.selected(peer.podSelector ?? {}, found.metadata.labels)
  }
  port(port: NetworkPolicyPort, packet: Packet): boolean {
    if ((port.protocol ?? 'TCP').toLowerCase() !== packet.proto) return false
    if (port.port === undefined) return true
    if (typeof port.port === 'number') return packet.port >= port.port && packet.port <= (port.endPort ?? port.port)
    const ports = this.at(packet.dst)?.spec.containers.flatMap(one => one.ports ?? []) ?? []
    return ports.some(
      one =>
        one.name === port.port &&
        one.containerPort === packet.port &&
        (one.protocol ?? 'TCP').toLowerCase() === packet.proto,
    )
  }
  side(about: string, other: string, what: { packet: Packet; type: 'Ingress' | 'Egress' }): boolean {
    const subject = isHere(about) ? this.at(about) : undefined
    if (subject === undefined) return true
    const own = this.#policies.filter(
      ({ metadata, spec }) =>
        metadata.namespace === subject.metadata.namespace &&
        spec.policyTypes?.includes(what.type) &&
        this.selected(spec.podSelector, subject.metadata.labels),
    )
    if (own.length === 0) return true
    return own.some(({ metadata, spec }) => {
      const rules =
        what.type === 'Ingress'
          ? (spec.ingress ?? []).map(one => ({ peers: one.from, ports: one.ports }))
          : (spec.egress ?? []).map(one => ({ peers: one.to, ports: one.ports }))
      return rules.some(
        ({ peers = [], ports = [] }) =>
          (peers.length === 0 || peers.some(one => this.peer(one, metadata.namespace ?? '', other))) &&
          (ports.length === 0 || ports.some(one => this.port(one, what.packet))),
      )
    })
  }
  passes(packet: Packet): boolean {
    const { src, dst } = packet
    if (src === dst) return true
    return this.side(src, dst, { packet, type: 'Egress' }) && this.side(dst, src, { packet, type: 'Ingress' })
  }
}

test('20,000 random packets fare as the documentation says, over changes of everything', async () => {
  const seed = 20_261_127
  const given = dice(seed)
  let [refused, passed] = [0, 0]
  for (let round = 0; round < 20; round++) {
    const { client, rules } = await setting()
    const labels = await populate(given, client)
    for (let step = 0; step < 5; step++) {
      const [allPods, allPolicies] = [(await client.list(pods)).items, (await client.list(networkPolicies)).items]
      const reading = new Reading(allPods, labels, allPolicies)
      const compiled = rules()
      const addresses = [...allPods.map(one => one.status?.podIP ?? ''), '203.0.113.7', '203.0.113.8']
      for (let packets = 0; packets < 200; packets++) {
        const [src, dst] = [given.pick(addresses), given.pick(addresses)]
        if (!isHere(src) && !isHere(dst)) continue
        const packet: Packet = {
          src,
          dst,
          proto: given.pick(['tcp', 'udp', 'tcp', 'icmp', 'sctp']),
          port: 79 + given.roll(6),
        }
        const expected = reading.passes(packet) ? 'forwarded' : 'refused'
        if (expected === 'refused') refused++
        else passed++
        assert.equal(
          fate(compiled, packet),
          expected,
          `seed ${seed} round ${round} step ${step}: ${JSON.stringify(packet)}`,
        )
      }
      await change(given, { client, labels, allPods, allPolicies })
    }
  }
  assert.ok(refused > 2_000 && passed > 2_000, `${refused} refused, ${passed} passed`)
})

/** The same text for rulesets that differ only in the order in which they came about. */
const settled = ({ chains, sets }: Ruleset): string =>
  [
    ...[...chains.values()].map(one => `${one.name}\n${one.rules.flatMap(ruleTexts).sort().join('\n')}`),
    ...[...sets.values()].map(one => `${one.name}\n${[...one.elements].map(String).sort().join('\n')}`),
  ]
    .sort()
    .join('\n')

test('who followed 300 changes has what one has who comes last', async () => {
  const given = dice(42)
  const { api, client, rules } = await setting()
  const labels = await populate(given, client)
  for (let step = 0; step < 300; step++) {
    const [allPods, allPolicies] = [(await client.list(pods)).items, (await client.list(networkPolicies)).items]
    await change(given, { client, labels, allPods, allPolicies })
    // At an address that another had, or has.
    const near = given.roll(2) === 0
    const more = { labels: labelsOf(given), namespace: given.pick(spaces), node: near ? 'worker' : 'far' }
    await client.create(pods, pod(`more${step}`, `10.244.${given.roll(2) + 1}.${5 + given.roll(12)}`, more))
    if (given.roll(3) === 0) {
      const one = given.pick((await client.list(pods)).items)
      await client.update(pods, {
        ...one,
        status: { phase: given.pick(['Failed', 'Running'] as const), podIP: one.status?.podIP ?? '' },
      })
    }
    assert.equal(settled(rules()), settled((await follow(api)).rules()), `step ${step}`)
  }
})

const [shop, web, far] = ['10.244.1.5', '10.244.1.6', '10.244.2.7']
const tcp = (src: string, dst: string): Packet => ({ src, dst, proto: 'tcp', port: 80 })

test('a pod of another node is believed only at an address of that node', async () => {
  const { client, rules } = await setting()
  await client.create(namespaces, namespace('default'))
  const from = [{ podSelector: { matchLabels: { app: 'good' } } }]
  await client.create(networkPolicies, policy('p', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from }] }))
  await client.create(pods, pod('web', web))
  await client.create(pods, pod('far', far, { node: 'far', labels: { app: 'good' } }))
  assert.equal(fate(rules(), tcp(far, web)), 'forwarded')
  await client.create(pods, pod('liar', '203.0.113.7', { node: 'far', labels: { app: 'good' } }))
  assert.equal(fate(rules(), tcp('203.0.113.7', web)), 'refused')
  // Two claim one address: neither is believed.
  await client.create(pods, pod('second', far, { node: 'far' }))
  assert.equal(fate(rules(), tcp(far, web)), 'refused')
  await client.delete(pods, 'default/second', now)
  assert.equal(fate(rules(), tcp(far, web)), 'forwarded')
})

test('pods that ended, were not told of, or share the network of their node are nobody', async () => {
  const { client, rules } = await setting()
  const ended = pod('ended', shop)
  await client.create(pods, { ...ended, status: { ...ended.status, phase: 'Succeeded' } })
  await client.create(pods, pod('web', web))
  assert.equal(fate(rules(), tcp(shop, web)), 'dropped')
  assert.equal(fate(rules(), tcp('10.244.1.99', web)), 'dropped')
  assert.equal(fate(rules(), tcp(web, '10.244.1.99')), 'dropped')
  const host = pod('host', '192.0.2.1')
  await client.create(pods, { ...host, spec: { ...host.spec, hostNetwork: true } })
  assert.doesNotMatch(replaceText(rules()), /pod-..-192/)
})

test('what the agent says of addresses holds, until its pod is gone', async () => {
  const { client, policies, rules } = await setting()
  await client.create(pods, pod('web', web))
  policies.give(pod('before', ''), [shop])
  assert.equal(fate(rules(), tcp(shop, web)), 'forwarded')
  await client.create(
    networkPolicies,
    policy('p', { podSelector: { matchLabels: { app: 'x' } }, policyTypes: ['Egress'] }),
  )
  const early = await client.create(pods, pod('early', '', { labels: { app: 'x' } }))
  policies.give(early, [shop])
  assert.equal(fate(rules(), tcp(shop, web)), 'refused')
  // Somebody writes into the status what he likes.
  await client.create(pods, pod('liar', shop))
  await client.update(pods, { ...(await client.get(pods, 'default/early')), status: { podIP: '10.244.1.77' } })
  assert.equal(fate(rules(), tcp(shop, web)), 'refused')
  await client.delete(pods, 'default/liar', now)
  await client.delete(pods, 'default/early', now)
  assert.equal(fate(rules(), tcp(shop, web)), 'dropped')
})

test('rules of a direction that the policy is not about open nothing, names neither', async () => {
  const { client, policies, rules } = await setting()
  await client.create(pods, pod('web', web))
  await client.create(pods, pod('shop', shop))
  await client.create(networkPolicies, policy('closed', { podSelector: {}, policyTypes: ['Egress'] }))
  const open = { podSelector: {}, policyTypes: ['Ingress' as const], ingress: [{}], egress: [{}] }
  await client.create(networkPolicies, policy('open', open))
  const place = { podCIDR: '10.244.1.0/24', podInterfaces: 'veth*', serviceCIDR: '10.96.0.0/16', dnsIP: '10.96.0.10' }
  const clients = (): readonly string[] => [
    ...(policies
      .fragments(place)[0]
      ?.sets.find(one => one.name === 'dns-clients')
      ?.elements.keys() ?? []),
  ]
  assert.deepEqual(clients(), [])
  assert.equal(fate(rules(), tcp(shop, web)), 'refused')
  const kept = await client.get(networkPolicies, 'default/open')
  await client.update(networkPolicies, { ...kept, spec: { ...open, policyTypes: ['Egress'] } })
  assert.equal(clients().length, 4)
  assert.equal(fate(rules(), tcp(shop, web)), 'forwarded')
})

test('what policies do not ask for changes nothing', async () => {
  const { client, rules, changes } = await setting()
  await client.create(pods, pod('web', web))
  const before = rules()
  const count = changes()
  const kept = await client.get(pods, 'default/web')
  await client.update(pods, { ...kept, status: { ...kept.status, conditions: [{ type: 'Ready', status: 'True' }] } })
  assert.equal(changes(), count)
  const local = (all: Ruleset) => all.sets.get('local-pods')
  assert.equal(local(rules()), local(before))
})

test('blocks without their exceptions', () => {
  assert.deepEqual(blockRanges([{ cidr: '10.0.0.0/30', except: ['10.0.0.1/32'] }]), ['10.0.0.0/32', '10.0.0.2/31'])
  assert.deepEqual(blockRanges([{ cidr: '0.0.0.0/0', except: ['128.0.0.0/1'] }]), ['0.0.0.0/1'])
  assert.deepEqual(blockRanges([{ cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] }]), [
    '0.0.0.0-9.255.255.255',
    '11.0.0.0-255.255.255.255',
  ])
  assert.deepEqual(blockRanges([{ cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] }]), [])
  assert.deepEqual(blockRanges([{ cidr: 'fd00::/8' }]), [])
  assert.deepEqual(blockRanges([{ cidr: '10.0.0.0/8', except: ['what'] }]), [])
  // What one takes out another puts in.
  const most = { cidr: '10.0.0.0/24', except: ['10.0.0.0/25'] }
  assert.deepEqual(blockRanges([most, { cidr: '10.0.0.5/32' }, { cidr: '10.0.1.0/24' }]), [
    '10.0.0.5/32',
    '10.0.0.128-10.0.1.255',
  ])
})

test('the biggest policy that the API takes is a few rules, and soon made', () => {
  const many = <T>(make: (at: number) => T): readonly T[] => Array.from({ length: 20_000 }, (_, at) => make(at))
  const except = many(at => `10.${at >> 8}.${at & 255}.1/32`)
  const from = [
    ...many(at => ({ podSelector: { matchLabels: { a: `v${at}` } } })),
    { ipBlock: { cidr: '10.0.0.0/8', except } },
  ]
  const ports = [...many(at => ({ port: `p${at}` })), ...many(at => ({ port: 2 * at + 1 }))]
  const big = policy('p', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from, ports }] })
  const began = performance.now()
  assert.equal(compilePolicy(big).chains.in?.rules.length, 4)
  assert.ok(performance.now() - began < 2_000)
})
