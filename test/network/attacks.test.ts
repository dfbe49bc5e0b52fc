/** Ways around policies that do not look like connections: each was tried with real packets. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { makeClient } from '#client/client.ts'
import { makeFakeApi } from '#client/fake.ts'
import { namespaces, networkPolicies, nodes, pods } from '#kinds/facts/generated/refs.ts'
import type { NetworkPolicySpec } from '#kinds/facts/generated/types/networking_v1.ts'
import { type Network } from '#network/network.ts'
import { namespace, node, pod, policy } from '#network/samples.ts'
import { Lab, nodeIP, podCIDR, skip, strangerIP, startLabNetwork } from './lab.ts'

const api = makeFakeApi(systemClock)
const client = makeClient(api.transport)
const errors: string[] = []
const addresses = { web: '10.244.7.5', shop: '10.244.7.6', thief: '10.244.7.7' }
const dns = '10.96.0.10'
/** Of the snapshot, which is put in the place of what is there: no device. */
const folder = mkdtempSync(join(tmpdir(), 'bulwark-dns-'))
const spaces = new Map<string, string>()
const space = (name: string): string => spaces.get(name) ?? name
let lab: Lab
let network: Network
let ticking: NodeJS.Timeout

const web = { matchLabels: { app: 'web' } }
const thief = { matchLabels: { app: 'thief' } }
const silent: NetworkPolicySpec = { podSelector: thief, policyTypes: ['Egress'] }

before(async () => {
  if (skip !== false) return
  ticking = setInterval(() => undefined, 1_000)
  lab = new Lab()
  for (const [name, address] of Object.entries(addresses)) spaces.set(name, lab.pod(name, address))
  await client.create(nodes, node('worker', podCIDR, nodeIP))
  for (const name of ['default', 'kube-system']) await client.create(namespaces, namespace(name))
  for (const [name, address] of Object.entries(addresses))
    await client.create(pods, pod(name, address, { labels: { app: name } }))
  network = await startLabNetwork(lab, {
    api,
    errors,
    dns: { address: dns, domain: 'cluster.local', snapshot: join(folder, 'snapshot.json') },
  })
})

after(async () => {
  if (skip !== false) return rmSync(folder, { recursive: true })
  await network.stop()
  lab[Symbol.dispose]()
  clearInterval(ticking)
  rmSync(folder, { recursive: true })
  assert.deepEqual(errors, [])
})

async function under(spec: NetworkPolicySpec, ask: () => Promise<void>): Promise<void> {
  await client.create(networkPolicies, policy('p', spec))
  await network.settled()
  try {
    await ask()
  } finally {
    await client.delete(networkPolicies, 'default/p')
    await network.settled()
  }
}

test('who may ask for names reaches no other port of the node by the address of DNS', { skip }, async () => {
  const node = await lab.listen(lab.node, 5_000)
  await lab.serve(lab.node, 'node', 5_001)
  const egress = [{ ports: [{ port: 53 }, { port: 53, protocol: 'UDP' as const }] }]
  await under({ ...silent, egress }, async () => {
    await lab.send(space('thief'), [dns, 5_000])
    assert.deepEqual(await node.heard(), [])
    assert.doesNotMatch((await lab.ask(space('thief'), 'tcp', dns, 5_001)).text, /^node /)
  })
  await lab.send(space('thief'), [nodeIP, 5_000])
  assert.deepEqual(await node.heard(), [`${addresses.thief} 1`])
})

test('nobody speaks without an address, to all at once', { skip }, async () => {
  const node = await lab.listen(lab.node, 5_002)
  const shout = async (): Promise<readonly string[]> => {
    lab.ip(space('thief'), 'addr', 'del', `${addresses.thief}/32`, 'dev', 'eth0')
    lab.ip(space('thief'), 'route', 'replace', 'default', 'dev', 'eth0')
    await lab.send(space('thief'), ['255.255.255.255', 5_002])
    lab.ip(space('thief'), 'addr', 'add', `${addresses.thief}/32`, 'dev', 'eth0')
    lab.ip(space('thief'), 'route', 'replace', '10.244.7.1', 'dev', 'eth0', 'scope', 'link')
    lab.ip(space('thief'), 'route', 'replace', 'default', 'via', '10.244.7.1')
    return node.heard()
  }
  await under(silent, async () => {
    assert.deepEqual(await shout(), [])
  })
})

test('to all at once is to the node too', { skip }, async () => {
  const node = await lab.listen(lab.node, 5_003)
  await under(silent, async () => {
    for (const to of ['255.255.255.255', '224.0.0.1', '10.244.7.255']) await lab.send(space('thief'), [to, 5_003])
    assert.deepEqual(await node.heard(), [])
  })
  await lab.send(space('thief'), ['255.255.255.255', 5_003])
  assert.deepEqual(await node.heard(), [`${addresses.thief} 1`])
})

test('no pod reaches the loopback of its node, whatever was set for its link', { skip }, async () => {
  const node = await lab.listen(lab.node, 5_004)
  // The portmap plugin sets it for pods with ports of the host.
  await lab.tool(['tee', '/proc/sys/net/ipv4/conf/veththief/route_localnet'], '1')
  await lab.tool(
    ['nsenter', `--net=${lab.path(space('thief'))}`, 'tee', '/proc/sys/net/ipv4/conf/all/route_localnet'],
    '1',
  )
  lab.ip(space('thief'), 'route', 'del', 'local', '127.0.0.0/8', 'dev', 'lo', 'table', 'local')
  lab.ip(space('thief'), 'route', 'del', 'local', '127.0.0.1', 'dev', 'lo', 'table', 'local')
  lab.ip(space('thief'), 'route', 'add', '127.0.0.0/8', 'via', '10.244.7.1', 'src', addresses.thief)
  await lab.send(space('thief'), ['127.0.0.1', 5_004])
  assert.deepEqual(await node.heard(), [])
})

test('a stranger at the door does not pass as a pod of this node', { skip }, async () => {
  const heard = await lab.listen(space('web'), 5_005)
  const ingress = [{ from: [{ podSelector: { matchLabels: { app: 'shop' } } }] }]
  await under({ podSelector: web, policyTypes: ['Ingress'], ingress }, async () => {
    await lab.send(space('shop'), [addresses.web, 5_005])
    assert.deepEqual(await heard.heard(), [`${addresses.shop} 1`])
    lab.ip(lab.stranger, 'addr', 'add', `${addresses.shop}/32`, 'dev', 'lo')
    lab.ip(lab.stranger, 'route', 'add', addresses.web, 'via', nodeIP, 'src', addresses.shop)
    await lab.send(lab.stranger, [addresses.web, 5_005])
    assert.deepEqual(await heard.heard(), [])
    lab.ip(lab.stranger, 'addr', 'del', `${addresses.shop}/32`, 'dev', 'lo')
  })
})

test('what comes in pieces is judged as a whole', { skip }, async () => {
  const [inside, outside] = [await lab.listen(space('web'), 5_006), await lab.listen(lab.stranger, 5_006)]
  const ingress = [{ ports: [{ port: 5_006, protocol: 'UDP' as const }] }]
  await under({ podSelector: web, policyTypes: ['Ingress'], ingress }, async () => {
    await lab.send(space('thief'), [addresses.web, 5_006], { bytes: 9_000 })
    assert.deepEqual(await inside.heard(), [`${addresses.thief} 9000`])
  })
  await under(silent, async () => {
    for (const [to, one] of [
      [addresses.web, inside],
      [strangerIP, outside],
    ] as const) {
      await lab.send(space('thief'), [to, 5_006], { bytes: 9_000 })
      assert.deepEqual(await one.heard(), [])
    }
  })
})

const quarantine: NetworkPolicySpec = { podSelector: thief, policyTypes: ['Ingress', 'Egress'] }

test('a flow that is forbidden later ends for who answers, too', { skip }, async () => {
  const [pod, peer] = [
    { at: space('thief'), address: addresses.thief },
    { at: space('shop'), address: addresses.shop },
  ]
  let port = 5_020
  for (const [asker, server] of [
    [peer, pod],
    [pod, peer],
  ] as const) {
    const [from, to] = [port++, port++]
    await lab.send(asker.at, [server.address, to], { from })
    const heard = await lab.listen(asker.at, from)
    const answer = async (): Promise<number> => {
      await lab.send(server.at, [asker.address, from], { from: to })
      return (await heard.heard()).length
    }
    assert.equal(await answer(), 1)
    await under(quarantine, async () => assert.equal(await answer(), 0))
    assert.equal(await answer(), 1)
  }
})

test('answers to who is allowed pass, by number, name and block, and no others', { skip }, async () => {
  await lab.serve(space('thief'), 'thief', 5_040, 5_041)
  const from = [{ podSelector: { matchLabels: { app: 'shop' } } }, { ipBlock: { cidr: `${strangerIP}/32` } }]
  const ports = ['TCP' as const, 'UDP' as const].map(protocol => ({ protocol, port: 5_040, endPort: 5_042 }))
  await under({ ...quarantine, ingress: [{ from, ports }] }, async () => {
    for (const proto of ['tcp', 'udp'] as const) {
      assert.match((await lab.ask(space('shop'), proto, addresses.thief, 5_041)).text, /^thief /)
      assert.doesNotMatch((await lab.ask(space('web'), proto, addresses.thief, 5_041)).text, /^thief /)
    }
  })
})

test('errors about what is allowed come back: of a narrow link behind another router', { skip }, async () => {
  const far = lab.pod('far', '198.51.100.9', lab.stranger)
  await lab.tool(['nsenter', `--net=${lab.path(lab.stranger)}`, 'tee', '/proc/sys/net/ipv4/ip_forward'], '1')
  lab.ip(lab.stranger, 'link', 'set', 'vethfar', 'mtu', '1300')
  const heard = await lab.listen(far, 5_050)
  const to = [{ ipBlock: { cidr: '198.51.100.9/32' } }]
  await under({ ...quarantine, egress: [{ to, ports: [{ protocol: 'UDP', port: 5_050 }] }] }, async () => {
    // The first is too long for the link and never comes there; the error about it makes the second come in pieces.
    await lab.send(space('thief'), ['198.51.100.9', 5_050], { bytes: 1_400 })
    assert.deepEqual(await heard.heard(), [])
    await lab.send(space('thief'), ['198.51.100.9', 5_050], { bytes: 1_401 })
    assert.deepEqual(await heard.heard(), [`${nodeIP} 1401`])
  })
})
