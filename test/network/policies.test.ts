/** NetworkPolicies of a node in real network namespaces, with real packets. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { makeClient } from '#client/client.ts'
import { makeFakeApi } from '#client/fake.ts'
import { endpointSlices, namespaces, networkPolicies, nodes, pods, services } from '#kinds/facts/generated/refs.ts'
import type { NetworkPolicySpec } from '#kinds/facts/generated/types/networking_v1.ts'
import { enforcement } from '#network/enforced.ts'
import { type Network } from '#network/network.ts'
import { endpoint, namespace, node, pod, policy, service, slice } from '#network/samples.ts'
import { Lab, nodeIP, podCIDR, skip, strangerIP, startLabNetwork } from './lab.ts'

const api = makeFakeApi(systemClock)
const client = makeClient(api.transport)
const errors: string[] = []
const addresses = { web: '10.244.7.5', shop: '10.244.7.6', thief: '10.244.7.7', late: '10.244.7.8' }
const spaces = new Map<string, string>()
const udp = [{ port: 80, protocol: 'UDP' as const }]
let lab: Lab
let network: Network
let ticking: NodeJS.Timeout

const ports = [
  { name: 'http', containerPort: 8080 },
  { name: 'admin', containerPort: 9090 },
]

before(async () => {
  if (skip !== false) return
  ticking = setInterval(() => undefined, 1_000)
  lab = new Lab()
  for (const [name, address] of Object.entries(addresses)) spaces.set(name, lab.pod(name, address))
  await Promise.all(['web', 'shop', 'thief', 'late'].map(name => lab.serve(spaces.get(name) ?? '', name, 8080, 9090)))
  await lab.serve(lab.stranger, 'out', 99)
  await lab.serve(lab.node, 'node', 77)
  await client.create(nodes, node('worker', podCIDR, nodeIP))
  await client.create(namespaces, namespace('default'))
  await client.create(namespaces, { ...namespace('other'), metadata: { name: 'other', labels: { team: 'red' } } })
  await client.create(pods, pod('web', addresses.web, { labels: { app: 'web' }, ports }))
  await client.create(pods, pod('shop', addresses.shop, { labels: { app: 'shop' } }))
  await client.create(pods, pod('thief', addresses.thief, { labels: { app: 'thief' }, namespace: 'other' }))
  await client.create(services, service('web', { clusterIP: '10.96.0.20' }))
  await client.create(endpointSlices, slice('web', [endpoint(addresses.web)]))
  await client.create(services, service('udp', { clusterIP: '10.96.0.24', ports: udp }))
  await client.create(
    endpointSlices,
    slice('udp', [endpoint(addresses.web)], [{ name: '', port: 8080, protocol: 'UDP' }]),
  )
  network = await startLabNetwork(lab, { api, errors })
})

after(async () => {
  if (skip !== false) return
  await network.stop()
  lab[Symbol.dispose]()
  clearInterval(ticking)
  assert.deepEqual(errors, [])
})

/** With these policies alone. */
async function under(specs: readonly NetworkPolicySpec[], ask: () => Promise<void>): Promise<void> {
  for (const [at, spec] of specs.entries()) await client.create(networkPolicies, policy(`p${at}`, spec))
  await network.settled()
  try {
    await ask()
  } finally {
    for (const at of specs.keys()) await client.delete(networkPolicies, `default/p${at}`)
    await network.settled()
  }
}

const from = (name: string, host: string, port = 8080, proto: 'tcp' | 'udp' = 'tcp'): Promise<string> =>
  lab.ask(spaces.get(name) ?? name, proto, host, port).then(heard => heard.text)

const web = { matchLabels: { app: 'web' } }
const refused = /^(EHOSTUNREACH|EACCES|ENETUNREACH)$/

test('without a policy everybody reaches everybody', { skip }, async () => {
  assert.match(await from('thief', addresses.web), /^web /)
  assert.match(await from('thief', strangerIP, 99), /^out /)
})

test('an isolated pod hears nobody but its own node, and is told so at once', { skip }, async () => {
  await under([{ podSelector: web, policyTypes: ['Ingress'] }], async () => {
    assert.match(await from('shop', addresses.web), refused)
    assert.match(await from('shop', '10.96.0.20', 80), refused)
    assert.match(await from(lab.stranger, '10.96.0.20', 80), refused)
    assert.match(await from(lab.node, addresses.web), /^web /)
    assert.match(await from(lab.node, '10.96.0.20', 80), /^web /)
    // Itself, by its address and behind its service.
    assert.match(await from('web', addresses.web), /^web /)
    assert.match(await from('web', '10.96.0.20', 80), /^web /)
    // It may still send, and be answered.
    assert.match(await from('web', addresses.shop), /^shop /)
    assert.match(await from('web', strangerIP, 99), /^out /)
  })
  assert.match(await from('shop', addresses.web), /^web /)
})

test('rules let in by pods, namespaces, blocks, and ports by number, range and name', { skip }, async () => {
  const shop = { podSelector: { matchLabels: { app: 'shop' } } }
  const ingress = [{ from: [shop], ports: [{ protocol: 'TCP' as const, port: 'http' }] }]
  await under([{ podSelector: web, policyTypes: ['Ingress'], ingress }], async () => {
    assert.match(await from('shop', addresses.web), /^web /)
    assert.match(await from('shop', '10.96.0.20', 80), /^web /)
    assert.match(await from('shop', addresses.web, 9090), refused)
    assert.match(await from('thief', addresses.web), refused)
    assert.match(await from('shop', '10.96.0.24', 80, 'udp'), /timeout|EHOSTUNREACH|EACCES/)
  })
  const red = [
    { from: [{ namespaceSelector: { matchLabels: { team: 'red' } } }], ports: [{ port: 9000, endPort: 9100 }] },
  ]
  await under([{ podSelector: {}, policyTypes: ['Ingress'], ingress: red }], async () => {
    assert.match(await from('thief', addresses.web, 9090), /^web /)
    assert.match(await from('thief', addresses.web), refused)
    assert.match(await from('shop', addresses.web, 9090), refused)
    const other = await client.get(namespaces, 'other')
    await client.update(namespaces, { ...other, metadata: { ...other.metadata, labels: { team: 'blue' } } })
    await network.settled()
    assert.match(await from('thief', addresses.web, 9090), refused)
    const now = await client.get(namespaces, 'other')
    await client.update(namespaces, { ...now, metadata: { ...now.metadata, labels: { team: 'red' } } })
  })
  const block = [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: [`${addresses.thief}/32`] } }] }]
  await under([{ podSelector: web, policyTypes: ['Ingress'], ingress: block }], async () => {
    assert.match(await from('shop', addresses.web), /^web /)
    assert.match(await from('thief', addresses.web), refused)
    assert.match(await from(lab.stranger, '10.96.0.20', 80), /^web /)
  })
})

test('what a pod sends is judged too, to pods, the node and the world', { skip }, async () => {
  const egress = [{ to: [{ podSelector: web }], ports: [{ port: 8080 }] }]
  await under([{ podSelector: { matchLabels: { app: 'shop' } }, policyTypes: ['Egress'], egress }], async () => {
    assert.match(await from('shop', addresses.web), /^web /)
    assert.match(await from('shop', '10.96.0.20', 80), /^web /)
    assert.match(await from('shop', addresses.web, 9090), refused)
    assert.match(await from('shop', addresses.thief), refused)
    assert.match(await from('shop', strangerIP, 99), refused)
    assert.match(await from('shop', nodeIP, 77), refused)
    assert.match(await from('shop', '10.244.7.1', 77), refused)
    // Nobody stands behind that service: that is what it is told, and no policy is to blame.
    assert.equal(await from('shop', '10.96.0.29', 80), 'ECONNREFUSED')
    assert.doesNotMatch(await lab.tool(['nft', 'list', 'set', 'inet', 'bulwark-test', 'refused-flows']), /10\.96/)
    // It is still heard, and answers.
    assert.match(await from('thief', addresses.shop), /^shop /)
    assert.match(await from(lab.node, addresses.shop), /^shop /)
  })
})

test(
  "pods are not let to the machine's credentials in the cloud, unless a policy of their own does",
  { skip },
  async () => {
    const cloud = '169.254.169.254'
    lab.ip(lab.stranger, 'addr', 'add', `${cloud}/32`, 'dev', 'lo')
    assert.match(await from(lab.node, cloud, 99), /^out /)
    assert.match(await from('shop', cloud, 99), refused)
    assert.match(await from('shop', strangerIP, 99), /^out /)
    const shop = { podSelector: { matchLabels: { app: 'shop' } }, policyTypes: ['Egress' as const] }
    await under([{ ...shop, egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }] }], async () => {
      assert.match(await from('shop', cloud, 99), refused)
    })
    await under([{ ...shop, egress: [{ to: [{ ipBlock: { cidr: `${cloud}/32` } }] }] }], async () => {
      assert.match(await from('shop', cloud, 99), /^out /)
      assert.match(await from('thief', cloud, 99), refused)
    })
  },
)

test('both sides must agree', { skip }, async () => {
  const open = [{ podSelector: web, policyTypes: ['Ingress' as const], ingress: [{}] }]
  await under([...open, { podSelector: { matchLabels: { app: 'shop' } }, policyTypes: ['Egress'] }], async () => {
    assert.match(await from('shop', addresses.web), refused)
    assert.match(await from('thief', addresses.web), /^web /)
  })
})

test('a connection that is forbidden later ends', { skip }, async () => {
  const held = lab.hold(spaces.get('shop') ?? '', addresses.web, 8081, spaces.get('web') ?? '')
  const connection = await held
  assert.equal(await connection.alive(), true)
  await under([{ podSelector: web, policyTypes: ['Ingress'] }], async () => {
    assert.equal(await connection.alive(), false)
  })
})

test('a pod that no agent has told of reaches nobody, and is judged from its first packet', { skip }, async () => {
  assert.equal(await from('late', addresses.web), 'timeout')
  assert.equal(await from('web', addresses.late), 'timeout')
  assert.equal(await from('late', nodeIP, 77), 'timeout')
  const object = pod('late', '', { labels: { app: 'web' } })
  await client.create(networkPolicies, policy('quiet', { podSelector: web, policyTypes: ['Ingress', 'Egress'] }))
  await network.admit(object, [addresses.late])
  assert.match(await from('late', addresses.shop), refused)
  assert.match(await from('shop', addresses.late), refused)
  await client.delete(networkPolicies, 'default/quiet')
  await network.settled()
  assert.match(await from('late', addresses.shop), /^shop /)
  // The API may say what it likes of the address: the runtime gave it to this pod.
  await client.create(pods, pod('liar', addresses.late, { labels: { app: 'shop' } }))
  await client.create(networkPolicies, policy('quiet', { podSelector: web, policyTypes: ['Egress'] }))
  await network.settled()
  assert.match(await from('late', addresses.shop), refused)
  await client.delete(networkPolicies, 'default/quiet')
})

test('the kernel says that policies are kept', { skip }, async () => {
  assert.deepEqual(await enforcement('test', lab.path(lab.node)), {
    enforced: true,
    says: 'table inet bulwark-test of the kernel has policy-input, policy-sent, policy-received',
  })
  assert.equal((await enforcement('other', lab.path(lab.node))).enforced, false)
  assert.match((await enforcement('test', '/run/netns/none')).says, /cannot be asked/)
})

test('refusals are remembered by the kernel, each once', { skip }, async () => {
  assert.match(
    await lab.tool(['nft', 'list', 'set', 'inet', 'bulwark-test', 'refused-flows']),
    new RegExp(`${addresses.thief} \\. ${addresses.web.replaceAll('.', '\\.')} \\. tcp \\. 8080`),
  )
  // As the agent has it forget, before it is full.
  await lab.tool(['nft', 'flush', 'set', 'inet', 'bulwark-test', 'refused-flows'])
  assert.doesNotMatch(await lab.tool(['nft', 'list', 'set', 'inet', 'bulwark-test', 'refused-flows']), /10\./)
})
