/** The kernel's own view of rules: a table that was changed step by step is the one that is loaded at once. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { makeClient } from '#client/client.ts'
import { fakeReader } from '#client/fake-reader.ts'
import { makeFakeApi } from '#client/fake.ts'
import { namespaces, networkPolicies, nodes, pods } from '#kinds/facts/generated/refs.ts'
import { makeCompiler } from '#network/compile.ts'
import { Policies } from '#network/policies/keep.ts'
import { change, dice, populate } from '#network/policies/random.ts'
import { changeText, refillText, replaceText } from '#network/render.ts'
import type { Ruleset } from '#network/ruleset.ts'
import { namespace, node, pod, policy } from '#network/samples.ts'
import { listTable } from '#network/writer.ts'
import { Lab, skip } from './lab.ts'

let lab: Lab
before(() => {
  if (skip === false) lab = new Lab()
})
after(() => (skip === false ? lab[Symbol.dispose]() : undefined))

const load = (text: string): Promise<string> => lab.tool(['nft', '-f', '-'], text)

async function setting() {
  const api = makeFakeApi(systemClock)
  const client = makeClient(api.transport)
  await client.create(nodes, node('worker', '10.244.1.0/24', '192.0.2.1'))
  await client.create(nodes, node('far', '10.244.2.0/24', '192.0.2.2'))
  const policies = new Policies({ reader: fakeReader(api), nodeName: 'worker', changed: () => undefined })
  await policies.start()
  const place = { podCIDR: '10.244.1.0/24', podInterfaces: 'veth*', serviceCIDR: '10.96.0.0/16', dnsIP: '10.96.0.10' }
  const compiler = makeCompiler('a', () => policies.fragments(place))
  const frame = { ...place, podRanges: ['10.244.1.0/24', '10.244.2.0/24'] }
  const rules = (): Ruleset =>
    compiler.compile({ services: [], slices: [] }, frame, { nodeName: 'worker', zone: '' }).ruleset
  return { client, rules }
}

/** What a table has, in an order of its own; rules keep theirs. */
async function listed(table: string): Promise<readonly string[]> {
  const text = await lab.tool(['nft', '-j', 'list', 'table', 'inet', table])
  const { nftables } = JSON.parse(text) as { nftables: Record<string, Record<string, unknown>>[] }
  const inChain = new Map<unknown, number>()
  const lines = nftables.flatMap(entry =>
    Object.entries(entry).flatMap(([type, { elem = [], ...body }]) => {
      if (type === 'metainfo' || type === 'table') return []
      const sorted = [elem]
        .flat()
        .map(one => JSON.stringify(one))
        .sort()
      const at = type === 'rule' ? (inChain.get(body['chain']) ?? 0) : 0
      inChain.set(body['chain'], at + 1)
      return [JSON.stringify([type, { ...body, handle: 0, table: '' }, sorted, at])]
    }),
  )
  return lines.sort()
}

test('changed in 60 random steps, refilled or loaded at once: the same table', { skip }, async () => {
  const given = dice(4_711)
  for (let round = 0; round < 3; round++) {
    const { client, rules } = await setting()
    const labels = await populate(given, client)
    let before = rules()
    await load(replaceText(before))
    await load(replaceText({ ...before, table: 'bulwark-refilled' }))
    for (let step = 0; step < 20; step++) {
      const [allPods, allPolicies] = [(await client.list(pods)).items, (await client.list(networkPolicies)).items]
      await change(given, { client, labels, allPods, allPolicies })
      if (step % 3 === 0) await client.create(pods, pod(`more${step}`, `10.244.1.${50 + step}`, { namespace: 'red' }))
      const next = rules()
      await load(changeText(before, next))
      before = next
      const fresh = { ...next, table: 'bulwark-fresh' }
      await load(replaceText(fresh))
      const refilled = { ...next, table: 'bulwark-refilled' }
      await load(refillText(refilled, (await listTable(lab.tool, refilled.table)) ?? assert.fail('no table')))
      const wanted = await listed('bulwark-fresh')
      assert.ok(wanted.length > 30)
      assert.deepEqual(await listed('bulwark-a'), wanted, `round ${round} step ${step}`)
      assert.deepEqual(await listed('bulwark-refilled'), wanted, `round ${round} step ${step}, refilled`)
    }
  }
})

test('the longest names, and the strangest', { skip }, async () => {
  const { client, rules } = await setting()
  const space = 'n'.repeat(63)
  await client.create(namespaces, namespace(space))
  await client.create(pods, pod('web', '10.244.1.5', { namespace: space }))
  const names = ['a'.repeat(253), `${'a'.repeat(252)}b`, '0', '1.2.3.4', 'in', 'accept', 'a.b-c.d', '0x10', '10.0.0.0']
  const everybody = { podSelector: {}, policyTypes: ['Ingress' as const], ingress: [{}] }
  for (const name of names) await client.create(networkPolicies, policy(name, everybody, space))
  const ruleset = rules()
  await load(replaceText(ruleset))
  const present = await listTable(lab.tool, 'bulwark-a')
  assert.equal(present?.chains.filter(name => name.startsWith('in-')).length, names.length)
})

const many = <T>(count: number, make: (at: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, at) => make(at))

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

test('the biggest policy is loaded in little time', { skip }, async () => {
  const { client, rules } = await setting()
  await client.create(pods, pod('web', '10.244.1.5'))
  const except = many(10_000, at => `10.${at >> 8}.${at & 255}.1/32`)
  const from = [
    ...many(2_000, at => ({ podSelector: { matchLabels: { a: `v${at}` } } })),
    { ipBlock: { cidr: '10.0.0.0/8', except } },
  ]
  const ports = [...many(2_000, at => ({ port: `p${at}` })), ...many(10_000, at => ({ port: 2 * at + 1 }))]
  await client.create(
    networkPolicies,
    policy('big', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from, ports }] }),
  )
  const ruleset = rules()
  assert.ok((await timed(() => load(replaceText(ruleset)))) < 5_000)
})

test('200 policies of five rules for each of 250 pods, and one more of either', { skip }, async () => {
  const { client, rules } = await setting()
  for (let at = 0; at < 250; at++)
    await client.create(pods, pod(`p${at}`, `10.244.1.${at + 2}`, { labels: { app: `a${at % 50}` } }))
  const ingress = many(5, at => ({
    from: [{ podSelector: { matchLabels: { app: `a${at}` } } }, { ipBlock: { cidr: `10.${at}.0.0/16` } }],
    ports: [{ port: 80 }, { port: 443 }, { port: 8_000 + at, endPort: 9_000 }],
  }))
  for (let at = 0; at < 200; at++)
    await client.create(
      networkPolicies,
      policy(`n${at}`, { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress, egress: [{}] }),
    )
  let ruleset = rules()
  const whole = await timed(() => load(replaceText(ruleset)))
  const step = async (): Promise<number> =>
    timed(async () => {
      const next = rules()
      await load(changeText(ruleset, next))
      ruleset = next
    })
  await client.create(pods, pod('late', '10.244.1.254', { labels: { app: 'a1' } }))
  const onePod = await step()
  await client.create(networkPolicies, policy('late', { podSelector: {}, policyTypes: ['Ingress'], ingress }))
  const onePolicy = await step()
  const said = [whole, onePod, onePolicy].map(Math.round).join(', ')
  assert.ok(whole < 10_000 && onePod < 2_000 && onePolicy < 5_000, said)
})
