/** Cluster DNS in its own process, asked from a pod, the node and a stranger. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { makeClient } from '#client/client.ts'
import { makeFakeApi } from '#client/fake.ts'
import { namespaces, networkPolicies, nodes, pods, services } from '#kinds/facts/generated/refs.ts'
import { ensureDnsService } from '#network/dns/service.ts'
import { type DnsProcess, dnsPaths, startDns, stopDns } from '#network/dns/process.ts'
import { type Network, removeNetwork } from '#network/network.ts'
import { namespace, node, pod as podObject, policy, service } from '#network/samples.ts'
import { Lab, nodeIP, podCIDR, skip, startLabNetwork } from './lab.ts'

const api = makeFakeApi(systemClock)
const client = makeClient(api.transport)
const server = '10.96.0.10'
const errors: string[] = []
let lab: Lab
let dir = ''
let network: Network
let dns: DnsProcess
let pod = ''
let ticking: NodeJS.Timeout

const start = async (): Promise<void> => {
  dns = await startDns({
    dir,
    address: server,
    clock: systemClock,
    log: silentLog,
    resolvConf: join(dir, 'resolv.conf'),
    netns: lab.path(lab.node),
  })
  network = await startLabNetwork(lab, {
    api,
    errors,
    dns: { address: server, domain: 'cluster.local', snapshot: dnsPaths(dir).snapshot },
  })
}

const until = async (wanted: string, ask: () => Promise<string>): Promise<void> => {
  let last = ''
  for (const end = Date.now() + 5_000; Date.now() < end;) if ((last = await ask()).includes(wanted)) return
  assert.fail(`${last} never had ${wanted}`)
}

before(async () => {
  if (skip !== false) return
  ticking = setInterval(() => undefined, 1_000)
  lab = new Lab()
  pod = lab.pod('a', '10.244.7.5')
  dir = mkdtempSync(join(tmpdir(), 'bw-dns-'))
  writeFileSync(join(dir, 'resolv.conf'), '')
  await client.create(nodes, node('worker', podCIDR, nodeIP))
  await client.create(pods, podObject('a', '10.244.7.5', { labels: { app: 'asker' } }))
  for (const name of ['default', 'kube-system']) await client.create(namespaces, namespace(name))
  await client.create(services, service('web', { clusterIP: '10.96.0.20' }))
  await ensureDnsService(client, server, [{ name: 'worker', address: nodeIP }])
  await start()
})

after(async () => {
  if (skip !== false) return
  await network.stop()
  dns.stop()
  await stopDns(dir)
  lab[Symbol.dispose]()
  rmSync(dir, { recursive: true })
  clearInterval(ticking)
})

const web = 'web.default.svc.cluster.local'

test('pods and the node are answered, over UDP and TCP', { skip }, async () => {
  await until('A 10.96.0.20', () => lab.dig(pod, web, { server }))
  for (const space of [pod, lab.node])
    for (const proto of ['udp', 'tcp'])
      assert.match(await lab.dig(space, web, { server, proto }), /A 10\.96\.0\.20$/, `${space} ${proto}`)
  assert.match(await lab.dig(pod, 'kube-dns.kube-system.svc.cluster.local', { server }), /A 10\.96\.0\.10$/)
  assert.equal(await lab.dig(pod, 'example.org', { server }), 'SERVFAIL')
})

test('strangers hear nothing', { skip }, async () => {
  for (const to of [server, nodeIP]) assert.doesNotMatch(await lab.dig(lab.stranger, web, { server: to }), /NOERROR/)
  assert.equal((await lab.ask(lab.stranger, 'tcp', server, 10_053)).text, 'timeout')
})

test('by the address of DNS nobody reaches anything else of the node', { skip }, async () => {
  await lab.serve(lab.node, 'node', 77)
  assert.match((await lab.ask(pod, 'tcp', nodeIP, 77)).text, /^node /)
  for (const space of [pod, lab.node])
    for (const proto of ['tcp', 'udp'] as const)
      assert.equal((await lab.ask(space, proto, server, 77)).text, 'ECONNREFUSED', `${space} ${proto}`)
})

test('a pod that may not send asks for names only where a policy says so, in whatever words', { skip }, async () => {
  const isolated = policy('quiet', { podSelector: {}, policyTypes: ['Egress'] })
  await client.create(networkPolicies, isolated)
  const asking = async (how: 'udp' | 'tcp'): Promise<string> => {
    await network.settled()
    return lab.dig(pod, web, { server, proto: how })
  }
  assert.doesNotMatch(await asking('udp'), /A 10/)
  assert.doesNotMatch(await asking('tcp'), /A 10/)
  assert.match(await lab.dig(lab.node, web, { server }), /A 10\.96\.0\.20$/)
  const kubeDns = { podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } }, namespaceSelector: {} }
  for (const rule of [
    { ports: [{ protocol: 'UDP' as const, port: 53 }] },
    { to: [kubeDns], ports: [{ protocol: 'UDP' as const, port: 'dns' }] },
    { to: [{ ipBlock: { cidr: `${server}/32` } }], ports: [{ protocol: 'UDP' as const, port: 53 }] },
  ]) {
    const kept = await client.get(networkPolicies, 'default/quiet')
    await client.update(networkPolicies, { ...kept, spec: { ...kept.spec, egress: [rule] } })
    assert.match(await asking('udp'), /A 10\.96\.0\.20$/)
    assert.doesNotMatch(await asking('tcp'), /A 10/)
  }
  await client.delete(networkPolicies, 'default/quiet')
  assert.match(await asking('tcp'), /A 10\.96\.0\.20$/)
})

test('a new service has its name within 100 ms of being written', { skip }, async () => {
  await client.create(services, service('late', { clusterIP: '10.96.0.30' }))
  await network.settled()
  await new Promise(resolve => setTimeout(resolve, 100))
  assert.match(await lab.dig(pod, 'late.default.svc.cluster.local', { server }), /A 10\.96\.0\.30$/)
})

test('it answers while the agent is away, and the agent finds it again', { skip }, async () => {
  const before = dns.pid()
  await network.stop()
  dns.stop()
  assert.match(await lab.dig(pod, web, { server }), /A 10\.96\.0\.20$/)
  await start()
  assert.equal(dns.pid(), before)
})

test('killed, it comes back', { skip }, async () => {
  const before = dns.pid() ?? 0
  process.kill(before, 'SIGKILL')
  await until('A 10.96.0.20', () => lab.dig(pod, web, { server }))
  assert.notEqual(dns.pid(), before)
})

test('removal leaves nothing', { skip }, async () => {
  await network.stop()
  dns.stop()
  await stopDns(dir)
  await removeNetwork('test', lab.tool)
  assert.equal(await lab.tool(['nft', 'list', 'ruleset']), '')
  assert.doesNotMatch(await lab.tool(['ip', 'addr']), /10\.96/)
  assert.doesNotMatch(await lab.tool(['ip', 'route']), /10\.96|proto 98/)
  assert.deepEqual(errors, [])
})
