/** The network of a node over an API and a kernel in memory. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Clock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { makeFakeClock, settle } from '#client/fake-clock.ts'
import { makeClient } from '#client/client.ts'
import { fakeReader } from '#client/fake-reader.ts'
import { type FakeApi, makeFakeApi } from '#client/fake.ts'
import { endpointSlices, networkPolicies, nodes, services } from '#kinds/facts/generated/refs.ts'
import { parseSnapshot } from './dns/snapshot.ts'
import { type Network, startNetwork } from './network.ts'
import { endpoint, node, pod, policy, service, slice, sliceKey } from './samples.ts'

const link = '2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever'

function fakeMachine() {
  const told: string[] = []
  let broken = false
  const tool = (argv: readonly string[], input = ''): Promise<string> => {
    const line = argv.join(' ')
    if (broken && line.startsWith('nft')) return Promise.reject(new Error('the kernel is full'))
    if (line.startsWith('nft -j')) return Promise.resolve('{"nftables":[]}')
    if (line === 'ip -4 -o addr show') return Promise.resolve(`${link}\n`)
    if (/ show | -L |^cat /.test(line)) return Promise.resolve('')
    told.push(line.startsWith('nft') ? input : line)
    return Promise.resolve('')
  }
  return { told, tool, break: (now: boolean) => (broken = now) }
}

const usual = (api: FakeApi, clock: Clock) => ({
  reader: fakeReader(api),
  clock,
  log: silentLog,
  name: 'a',
  nodeName: 'worker',
  nodeIPs: ['192.0.2.1'],
  serviceCIDR: '10.96.0.0/16',
})

test('changes of one moment are one transaction, and only of what changed', async () => {
  const clock = makeFakeClock()
  const api = makeFakeApi(clock)
  const client = makeClient(api.transport)
  const dir = mkdtempSync(join(tmpdir(), 'bw-net-'))
  const snapshot = join(dir, 'dns/snapshot.json')
  await client.create(nodes, node('worker', '10.244.1.0/24', '192.0.2.1'))
  await client.create(nodes, node('other', '10.244.2.0/24', '192.0.2.2'))
  await client.create(services, service('web', { clusterIP: '10.96.0.20' }))
  await client.create(services, service('db', { clusterIP: '10.96.0.21' }))
  await client.create(endpointSlices, slice('db', [endpoint('10.244.1.9')]))
  const { told, tool } = fakeMachine()
  const starting = startNetwork({
    ...usual(api, clock),
    dns: { address: '10.96.0.10', domain: 'cluster.local', snapshot },
    tool,
  })
  await clock.advance(10)
  const network = await starting
  assert.deepEqual(
    told.filter(line => !line.includes('\n')),
    [
      'tee /proc/sys/net/ipv4/ip_forward',
      'ip addr add 10.96.0.10/32 dev lo label lo:bulwark',
      'ip -4 route replace 10.96.0.0/16 dev eth0 src 192.0.2.1 proto 98',
      'ip -4 route replace 10.244.2.0/24 via 192.0.2.2 proto 98',
    ],
  )
  told.length = 0
  await client.create(endpointSlices, slice('web', [endpoint('10.244.1.5')]))
  await client.update(endpointSlices, {
    ...(await client.get(endpointSlices, sliceKey('web'))),
    endpoints: [endpoint('10.244.1.6')],
  })
  await clock.advance(10)
  await network.settled()
  assert.equal(told.length, 1)
  assert.match(told[0] ?? '', /dnat ip to 10\.244\.1\.6:8080/)
  assert.doesNotMatch(told[0] ?? '', /10\.244\.1\.5|default\/db|raw-prerouting/)
  assert.equal(parseSnapshot(readFileSync(snapshot, 'utf8')).services.length, 2)
  await settle()
  await network.stop()
  await clock.advance(60_000)
  assert.equal(told.length, 1)
  rmSync(dir, { recursive: true })
})

test('no pod begins without its rules: not while the kernel refuses them, nor when nobody writes them any more', async () => {
  const clock = makeFakeClock()
  const api = makeFakeApi(clock)
  const client = makeClient(api.transport)
  await client.create(nodes, node('worker', '10.244.1.0/24', '192.0.2.1'))
  const machine = fakeMachine()
  const starting = startNetwork({ ...usual(api, clock), tool: machine.tool })
  await clock.advance(10)
  const network = await starting
  const admitted = async (name: string, address: string, milliseconds = 10): Promise<string> => {
    const asked = network.admit(pod(name, ''), [address]).then(
      () => 'begins',
      (error: unknown) => String(error),
    )
    await clock.advance(milliseconds)
    return asked
  }
  assert.equal(await admitted('a', '10.244.1.5'), 'begins')
  assert.match(machine.told.at(-1) ?? '', /local-pods \{ 10\.244\.1\.5 \}/)
  machine.break(true)
  await client.create(networkPolicies, policy('p', { podSelector: {}, policyTypes: ['Ingress'] }))
  assert.match(await admitted('b', '10.244.1.6', 30_000), /cannot be written/)
  machine.break(false)
  await clock.advance(30_000)
  assert.equal(await admitted('b', '10.244.1.6'), 'begins')
  await network.stop()
  assert.match(await admitted('c', '10.244.1.7'), /cannot be written/)
})

test('a pod begins while changes come without end', async () => {
  const clock = makeFakeClock()
  const api = makeFakeApi(clock)
  const client = makeClient(api.transport)
  await client.create(nodes, node('worker', '10.244.1.0/24', '192.0.2.1'))
  // Each transaction is followed by a change of its own, so that there is never nothing left to write.
  let count = 0
  const machine = fakeMachine()
  const tool = async (argv: readonly string[], input?: string): Promise<string> => {
    if (argv.join(' ') === 'nft -f -')
      await client.create(services, service(`s${count++}`, { clusterIP: `10.96.1.${count}` }))
    return machine.tool(argv, input)
  }
  const starting = startNetwork({
    ...usual(api, clock),
    tool,
  })
  let network: Network | undefined
  void starting.then(one => (network = one))
  for (let turn = 0; turn < 5 && network === undefined; turn++) await clock.advance(10)
  assert.ok(network !== undefined, 'it never started')
  const before = count
  let begun = false
  void network.admit(pod('a', ''), ['10.244.1.5']).then(() => (begun = true))
  for (let turn = 0; turn < 5 && !begun; turn++) await clock.advance(10)
  assert.ok(begun, 'it never began')
  assert.ok(count > before)
  await network.stop()
})

test('a pod begins under the policies that were written before it, however late their watch is', async () => {
  const clock = makeFakeClock()
  const api = makeFakeApi(clock)
  const client = makeClient(api.transport)
  await client.create(nodes, node('worker', '10.244.1.0/24', '192.0.2.1'))
  const machine = fakeMachine()
  let reach: () => void = () => undefined
  let newest = (): Promise<number | undefined> => Promise.resolve(7)
  const asked: string[] = []
  const starting = startNetwork({
    ...usual(api, clock),
    reader: { ...fakeReader(api), reached: () => new Promise(resolve => (reach = resolve)) },
    newest: namespace => {
      asked.push(namespace)
      return newest()
    },
    tool: machine.tool,
  })
  await clock.advance(10)
  const network = await starting
  const begins = (name: string, address: string): { done: string } => {
    const state = { done: '' }
    void network.admit(pod(name, ''), [address]).then(
      () => (state.done = 'begins'),
      (error: unknown) => (state.done = String(error)),
    )
    return state
  }
  const first = begins('a', '10.244.1.5')
  await clock.advance(3_000)
  assert.deepEqual([first.done, asked], ['', ['default']])
  await client.create(networkPolicies, policy('p', { podSelector: {}, policyTypes: ['Ingress'] }))
  reach()
  await clock.advance(20)
  assert.equal(first.done, 'begins')
  const written = machine.told.join('')
  assert.ok(written.indexOf('isolated-in { 10.244.1.5') > 0)
  // It never comes: the pod does not begin, and is tried again.
  const second = begins('b', '10.244.1.6')
  await clock.advance(30_000)
  assert.match(second.done, /cannot be written/)
  // The server is away: nothing can have been written either.
  newest = () => Promise.reject(new Error('unreachable'))
  const third = begins('c', '10.244.1.7')
  await clock.advance(20)
  assert.equal(third.done, 'begins')
  newest = () => new Promise(() => undefined)
  const fourth = begins('d', '10.244.1.8')
  await clock.advance(2_020)
  assert.equal(fourth.done, 'begins')
  await network.stop()
})
