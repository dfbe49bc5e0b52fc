/** Pods of one bridge, as some runtimes have them: what rules cannot see there, and that nobody says they could. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { makeClient } from '#client/client.ts'
import { makeFakeApi } from '#client/fake.ts'
import { namespaces, networkPolicies, nodes, pods } from '#kinds/facts/generated/refs.ts'
import { enforcement } from '#network/enforced.ts'
import { type Network } from '#network/network.ts'
import { namespace, node, pod, policy } from '#network/samples.ts'
import { Lab, nodeIP, podCIDR, skip, startLabNetwork } from './lab.ts'

const addresses = { web: '10.244.7.5', shop: '10.244.7.6', thief: '10.244.7.7' }
const spaces = new Map<string, string>()
let lab: Lab
let network: Network
let ticking: NodeJS.Timeout

before(async () => {
  if (skip !== false) return
  ticking = setInterval(() => undefined, 1_000)
  const api = makeFakeApi(systemClock)
  const client = makeClient(api.transport)
  lab = new Lab()
  lab.ip(lab.node, 'link', 'add', 'cni0', 'type', 'bridge')
  lab.ip(lab.node, 'link', 'set', 'cni0', 'up')
  lab.ip(lab.node, 'addr', 'add', '10.244.7.1/24', 'dev', 'cni0')
  await client.create(nodes, node('worker', podCIDR, nodeIP))
  await client.create(namespaces, namespace('default'))
  for (const [name, address] of Object.entries(addresses)) {
    spaces.set(name, lab.bridged(name, address, 'cni0'))
    await client.create(pods, pod(name, address, { labels: { app: name } }))
  }
  await lab.tool(['tee', '/proc/sys/net/bridge/bridge-nf-call-iptables'], '1')
  network = await startLabNetwork(lab, { api, errors: [] })
  const from = [{ podSelector: { matchLabels: { app: 'shop' } } }]
  await client.create(
    networkPolicies,
    policy('p', { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'], ingress: [{ from }] }),
  )
  await network.settled()
})

after(async () => {
  if (skip !== false) return
  await network.stop()
  lab[Symbol.dispose]()
  clearInterval(ticking)
})

test('who asks hears that a bridge lets pods speak in the name of others, which they do', { skip }, async () => {
  const heard = await lab.listen(spaces.get('web') ?? '', 5_000)
  const thief = spaces.get('thief') ?? ''
  const send = async (): Promise<readonly string[]> => {
    await lab.send(thief, [addresses.web, 5_000])
    return heard.heard()
  }
  assert.deepEqual(await send(), [])
  lab.ip(thief, 'addr', 'add', `${addresses.shop}/24`, 'dev', 'eth0')
  lab.ip(thief, 'route', 'replace', addresses.web, 'dev', 'eth0', 'src', addresses.shop)
  assert.deepEqual(await send(), [`${addresses.shop} 1`])
  const { enforced, says } = await enforcement('test', lab.path(lab.node))
  assert.equal(enforced, false)
  assert.match(says, /^pods share the bridge cni0/)
})
