/** What is told of refused packets: to whom, and how much of it while somebody tries everything. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { makeClient } from '#client/client.ts'
import { makeFakeClock } from '#client/fake-clock.ts'
import { fakeReader } from '#client/fake-reader.ts'
import { makeFakeApi } from '#client/fake.ts'
import { namespaces, networkPolicies, nodes, pods } from '#kinds/facts/generated/refs.ts'
import { namespace, node, pod, policy } from '../samples.ts'
import { Policies } from './keep.ts'
import { type RefusedFlow, Refusals, rememberedAtMost } from './refusals.ts'

test('whose an address in another namespace is stands nowhere that the pod’s own people read', async () => {
  const api = makeFakeApi(systemClock)
  const client = makeClient(api.transport)
  await client.create(nodes, node('worker', '10.244.1.0/24', '192.0.2.1'))
  for (const name of ['mine', 'tenant-b']) await client.create(namespaces, namespace(name))
  await client.create(pods, pod('spy', '10.244.1.5', { namespace: 'mine' }))
  await client.create(pods, pod('friend', '10.244.1.6', { namespace: 'mine' }))
  await client.create(pods, pod('payroll-db', '10.244.1.7', { namespace: 'tenant-b' }))
  for (const one of ['mine', 'tenant-b'])
    await client.create(
      networkPolicies,
      policy('closed', { podSelector: {}, policyTypes: one === 'mine' ? ['Egress'] : ['Ingress'] }, one),
    )
  const policies = new Policies({ reader: fakeReader(api), nodeName: 'worker', changed: () => undefined })
  await policies.start()
  const told = (src: string, dst: string) => policies.refusedBy({ src, dst, proto: 'tcp', port: 5432 })

  const probe = told('10.244.1.5', '10.244.1.7')
  assert.equal(probe?.told, 'tcp from mine/spy to 10.244.1.7 port 5432')
  assert.match(probe.answer.message, /tenant-b\/payroll-db/, 'behind the number it stands')
  assert.equal(told('10.244.1.5', '10.244.1.6')?.told, 'tcp from mine/spy to mine/friend (10.244.1.6) port 5432')

  await client.delete(networkPolicies, 'mine/closed')
  assert.equal(told('10.244.1.5', '10.244.1.7')?.told, 'tcp from 10.244.1.5 to tenant-b/payroll-db port 5432')
  policies.stop()
})

function kernel() {
  const clock = makeFakeClock()
  const remembered = new Map<string, RefusedFlow>()
  const told: RefusedFlow[] = []
  let flushes = 0
  const refusals = new Refusals({
    clock,
    log: silentLog,
    table: 't',
    watched: () => true,
    tell: flow => void told.push(flow),
    tool: ([, verb]) => {
      if (verb === 'flush') {
        flushes++
        remembered.clear()
        return Promise.resolve('')
      }
      const elem = [...remembered.values()].map(({ src, dst, proto, port }) => ({ concat: [src, dst, proto, port] }))
      return Promise.resolve(JSON.stringify({ nftables: [{ set: { elem } }] }))
    },
  })
  /** As the kernel does: where there is no room nothing is remembered. */
  const refuse = (src: string, port: number): void => {
    if (remembered.size < rememberedAtMost)
      remembered.set(`${src} ${port}`, { src, dst: '10.244.1.9', proto: 'tcp', port })
  }
  return { clock, refusals, told, refuse, flushes: () => flushes }
}

test('who tries everything neither hides the others nor fills the memory for good', async () => {
  const { clock, refusals, told, refuse, flushes } = kernel()
  refusals.start()
  for (let port = 1; port <= 10_000; port++) refuse('10.244.1.5', port)
  await clock.advance(10_000)
  assert.equal(told.length, 25)
  told.length = 0
  for (let port = 1; port <= 1000; port++) refuse('10.244.1.5', port)
  refuse('10.244.1.6', 22)
  for (let port = 20_000; port <= 21_000; port++) refuse('10.244.1.5', port)
  await clock.advance(10_000)
  assert.equal(told.length, 25)
  assert.ok(
    told.some(one => one.src === '10.244.1.6'),
    'one that was tried once',
  )
  assert.ok(
    told.every(one => one.src !== '10.244.1.5' || one.port >= 20_000),
    'and nothing again that the kernel was made to forget',
  )
  assert.equal(flushes(), 1)
  await refusals.stop()
})

test('one that is tried again and again is told of once an hour', async () => {
  const { clock, refusals, told, refuse } = kernel()
  refusals.start()
  refuse('10.244.1.5', 22)
  await clock.advance(3_500_000)
  assert.equal(told.length, 1)
  await clock.advance(200_000)
  assert.equal(told.length, 2)
  await refusals.stop()
})
