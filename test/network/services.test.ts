/** Services of a node in real network namespaces, with real packets. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { makeClient } from '#client/client.ts'
import { makeFakeApi } from '#client/fake.ts'
import { endpointSlices, nodes, pods, services } from '#kinds/facts/generated/refs.ts'
import { type Network, removeNetwork } from '#network/network.ts'
import { endpoint, node, pod, service, slice, sliceKey } from '#network/samples.ts'
import { Lab, nodeIP, podCIDR, skip, strangerIP, startLabNetwork } from './lab.ts'

const api = makeFakeApi(systemClock)
const client = makeClient(api.transport)
const [ip1, ip2] = ['10.244.7.5', '10.244.7.6']
const errors: string[] = []
const udp = [{ port: 80, protocol: 'UDP' as const }]
let lab: Lab
let network: Network
let pod1 = ''
let pod2 = ''
let ticking: NodeJS.Timeout

const start = (): Promise<Network> => startLabNetwork(lab, { api, errors })

const both = [endpoint(ip1), endpoint(ip2)]

before(async () => {
  if (skip !== false) return
  ticking = setInterval(() => undefined, 1_000)
  lab = new Lab()
  ;[pod1, pod2] = [lab.pod('a', ip1), lab.pod('b', ip2)]
  await Promise.all([lab.serve(pod1, 'one', 8080), lab.serve(pod2, 'two', 8080), lab.serve(lab.stranger, 'out', 99)])
  await client.create(nodes, node('worker', podCIDR, nodeIP))
  for (const [name, address] of [
    ['a', ip1],
    ['b', ip2],
  ] as const)
    await client.create(pods, pod(name, address))
  const nodePort = { port: 80, protocol: 'TCP' as const, nodePort: 30_080 }
  await client.create(services, service('web', { clusterIP: '10.96.0.20', type: 'NodePort', ports: [nodePort] }))
  await client.create(endpointSlices, slice('web', both))
  await client.create(services, service('self', { clusterIP: '10.96.0.21' }))
  await client.create(endpointSlices, slice('self', [endpoint(ip1)]))
  await client.create(services, service('sticky', { clusterIP: '10.96.0.22', sessionAffinity: 'ClientIP' }))
  await client.create(endpointSlices, slice('sticky', both))
  await client.create(services, service('none', { clusterIP: '10.96.0.23', externalIPs: ['203.0.113.9'] }))
  await client.create(services, service('udp', { clusterIP: '10.96.0.24', ports: udp }))
  await client.create(endpointSlices, slice('udp', [endpoint(ip1)], [{ name: '', port: 8080, protocol: 'UDP' }]))
  network = await start()
})

after(async () => {
  if (skip !== false) return
  await network.stop()
  lab[Symbol.dispose]()
  clearInterval(ticking)
})

test('a pod reaches every endpoint by the cluster address, with its own address', { skip }, async () => {
  const heard = new Set<string>()
  for (let tries = 0; tries < 12; tries++) heard.add((await lab.ask(pod2, 'tcp', '10.96.0.20', 80)).text)
  // To itself it comes as the node: else its answer would not pass the translation.
  assert.deepEqual([...heard].sort(), [`one ${ip2}`, `two 10.244.7.1`])
})

test('the node and strangers reach it by cluster address and node port', { skip }, async () => {
  assert.match((await lab.ask(lab.node, 'tcp', '10.96.0.20', 80)).text, /^(one|two) 10\.200\.7\.1$/)
  assert.match((await lab.ask(lab.node, 'tcp', nodeIP, 30_080)).text, /^(one|two) /)
  assert.match((await lab.ask(lab.stranger, 'tcp', nodeIP, 30_080)).text, /^(one|two) 10\.244\.7\.1$/)
  assert.match((await lab.ask(pod1, 'tcp', nodeIP, 30_080)).text, /^(one|two) /)
  assert.match((await lab.ask(lab.stranger, 'tcp', '10.96.0.20', 80)).text, /^(one|two) 10\.244\.7\.1$/)
})

test('a pod meets itself behind its service', { skip }, async () => {
  assert.match((await lab.ask(pod1, 'tcp', '10.96.0.21', 80)).text, /^one /)
})

test('a client with affinity stays with its endpoint, also over a restart of the agent', { skip }, async () => {
  const { text } = await lab.ask(pod1, 'tcp', '10.96.0.22', 80)
  for (let tries = 0; tries < 6; tries++) {
    assert.equal((await lab.ask(pod1, 'tcp', '10.96.0.22', 80)).text, text, `try ${tries}`)
    if (tries !== 2) continue
    await network.stop()
    network = await start()
  }
})

test('without endpoints it is refused at once, by pods and by the node', { skip }, async () => {
  for (const [space, address] of [
    [pod1, '10.96.0.23'],
    [lab.node, '10.96.0.23'],
    [pod1, '203.0.113.9'],
    [pod1, '10.96.200.1'],
    [lab.node, '10.96.200.1'],
  ] as const) {
    const { text, ms } = await lab.ask(space, 'tcp', address, 80)
    assert.equal(text, 'ECONNREFUSED', `${space} ${address}`)
    assert.ok(ms < 500)
  }
  // The kernel sends few such messages to one host: a second try has what the bucket gained while the first one waited.
  const tries = [await lab.ask(pod1, 'udp', '10.96.0.23', 80), await lab.ask(pod1, 'udp', '10.96.0.23', 80)]
  assert.ok(tries.map(one => one.text).includes('ECONNREFUSED'))
})

test('a pod leaves the cluster with the address of the node', { skip }, async () => {
  assert.equal((await lab.ask(pod1, 'tcp', strangerIP, 99)).text, `out ${nodeIP}`)
  assert.equal((await lab.ask(pod1, 'tcp', ip2, 8080)).text, `two ${ip1}`)
})

test('a pod cannot send with the address of another', { skip }, async () => {
  await lab.tool(['ip', '-n', pod2, 'addr', 'add', `${ip1}/32`, 'dev', 'eth0'])
  await lab.tool(['ip', '-n', pod2, 'route', 'add', strangerIP, 'via', '10.244.7.1', 'src', ip1])
  assert.equal((await lab.ask(pod2, 'tcp', strangerIP, 99)).text, 'timeout')
  await lab.tool(['ip', '-n', pod2, 'addr', 'del', `${ip1}/32`, 'dev', 'eth0'])
})

test('UDP flows to an endpoint that is gone are forgotten', { skip }, async () => {
  assert.equal((await lab.ask(pod2, 'udp', '10.96.0.24', 80)).text, `one ${ip2}`)
  const flows = (): Promise<string> => lab.tool(['conntrack', '-L', '-p', 'udp', '-d', '10.96.0.24'])
  assert.match(await flows(), /10\.96\.0\.24/)
  const kept = await client.get(endpointSlices, sliceKey('udp'))
  await client.update(endpointSlices, { ...kept, endpoints: [endpoint(ip2)] })
  await network.settled()
  assert.doesNotMatch(await flows(), /10\.96\.0\.24/)
  assert.equal((await lab.ask(pod1, 'udp', '10.96.0.24', 80)).text, `two ${ip1}`)
})

test('an endpoint that comes and goes is followed', { skip }, async () => {
  await client.create(endpointSlices, slice('none', [endpoint(ip2)]))
  await network.settled()
  assert.equal((await lab.ask(pod1, 'tcp', '10.96.0.23', 80)).text, `two ${ip1}`)
  assert.match((await lab.ask(pod1, 'tcp', '203.0.113.9', 80)).text, /^two /)
  await client.delete(endpointSlices, sliceKey('none'))
  await network.settled()
  assert.equal((await lab.ask(pod1, 'tcp', '10.96.0.23', 80)).text, 'ECONNREFUSED')
})

test('removal leaves nothing', { skip }, async () => {
  await network.stop()
  assert.deepEqual(errors, [])
  await removeNetwork('test', lab.tool)
  assert.equal(await lab.tool(['nft', 'list', 'ruleset']), '')
  assert.doesNotMatch(await lab.tool(['ip', 'route']), /10\.96|proto 98/)
  await removeNetwork('test', lab.tool)
})
