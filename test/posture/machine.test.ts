/** Each group of controls that looks at the machine is made to fail, and says what and where. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Machine } from '../../src/posture/facts.ts'
import { nsa } from '../../src/posture/nsa.ts'
import { judgeCluster } from '../../src/posture/run.ts'
import { type Wire, openWire } from '../api/wire.ts'
import { type Different, at, factsOf, good, now, stranger, told, withFile } from './setting.ts'

let wire: Wire

before(async () => {
  wire = await openWire()
})
after(() => wire.stop())

const says = async (id: string, different: Different): Promise<string> => told(await factsOf(wire, different), id)

/** Each API server that has just started has no controllers here, which make the authority's ConfigMap. */
const needsControllers = new Set(['1.3.5'])

test('a fresh cluster fails nothing', async () => {
  const facts = await factsOf(wire)
  for (const framework of ['cis', 'nsa', 'pss'] as const) {
    const failed = judgeCluster(framework, facts).results.filter(
      one => one.state === 'fail' && !needsControllers.has(one.id),
    )
    assert.deepEqual(failed, [])
  }
})

test('files that others can read, or that belong to somebody else', async () => {
  const files: readonly (readonly [string, string, string])[] = [
    ['1.1.1', '1.1.2', at.config],
    ['1.1.13', '1.1.14', at.kubeconfig],
    ['1.1.21', '1.1.19', at.key],
    ['4.1.3', '4.1.4', at.networkKubeconfig],
    ['4.1.5', '4.1.6', at.nodeKubeconfig],
    ['4.1.9', '4.1.10', at.config],
  ]
  for (const [mode, owner, path] of files) {
    assert.equal(await says(mode, { machine: withFile(path, { mode: 0o644 }) }), `file ${path}: mode 0644`)
    assert.equal(await says(owner, { machine: withFile(path, { uid: 1000 }) }), `file ${path}: owner 1000:0`)
    assert.equal(await says(owner, { machine: withFile(path, { gid: 1000 }) }), `file ${path}: owner 0:1000`)
  }
  assert.match(await says('1.1.11', { machine: withFile(at.dir, { mode: 0o711 }) }), /default: mode 0711$/)
  assert.match(await says('1.1.20', { machine: withFile(at.apiCertificate, { mode: 0o666 }) }), /api\.pem: mode 0666$/)
  const conflist = `${at.node}/containerd/cni/file`
  assert.equal(await says('1.1.9', { machine: withFile(conflist, { mode: 0o644 }) }), `file ${conflist}: mode 0644`)
  const setuid = { machine: withFile(at.kubeconfig, { mode: 0o4600 }) }
  assert.match(await says('1.1.13', setuid), /mode 04600/)
})

test('plugins that were switched off or on', async () => {
  const off = {
    '1.2.3': 'DenyServiceExternalIPs',
    '1.2.9': 'EventRateLimit',
    '1.2.12': 'ServiceAccount',
    '1.2.14': 'NodeRestriction',
  }
  for (const [id, name] of Object.entries(off)) {
    const plugins = { enable: [], disable: [name] }
    assert.equal(await says(id, { config: { plugins } }), `kube-apiserver: --disable-admission-plugins names ${name}`)
  }
  const plugins = { enable: ['AlwaysAdmit'], disable: [] }
  assert.match(await says('1.2.10', { config: { plugins } }), /--enable-admission-plugins names AlwaysAdmit/)
  assert.match(
    await says('5.2.1', { config: { plugins: { enable: [], disable: ['PodSecurity'] } } }),
    /PodSecurity is off/,
  )
})

test('a stranger who is let in, profiles, everything allowed', async () => {
  const probes = { api: 401, profiling: 404, agent: undefined }
  assert.match(await says('1.2.1', { probes: { ...probes, api: 200 } }), /without credentials is answered with 200/)
  assert.match(await says('1.2.1', { probes: { ...probes, api: 403 } }), /answered with 403/)
  assert.match(await says('1.2.15', { probes: { ...probes, profiling: 200 } }), /answered with 200/)
  assert.match(await says('4.2.1', { probes: { ...probes, agent: 200 } }), /10250\/pods: a request .* 200/)
  assert.match(await says('4.2.1', { machine: { ...good, sockets: [] } }), /does not listen/)
  const trust = { authorization: { modes: ['AlwaysAllow'] } }
  assert.match(await says('1.2.6', { config: { trust } }), /--authorization-mode=AlwaysAllow/)
  assert.match(await says('1.2.8', { config: { trust } }), /AlwaysAllow/)
})

test('a record that is short, off, or not whole', async () => {
  const audit = (flags: Readonly<Record<string, string>>) => ({ config: { audit: flags } })
  assert.match(await says('1.2.16', audit({ 'audit-log-path': '' })), /--audit-log-path is not set/)
  assert.match(await says('1.2.17', audit({ 'audit-log-maxage': '7' })), /--audit-log-maxage=7/)
  assert.match(await says('1.2.18', audit({ 'audit-log-maxbackup': '1' })), /=1/)
  assert.match(await says('1.2.19', audit({ 'audit-log-maxsize': '1' })), /=1/)
  assert.match(await says('3.2.1', { audit: { whole: false, says: 'audit.log:7: changed' } }), /audit\.log:7: changed/)
  assert.match(await says('3.2.1', { audit: undefined }), /there is no record/)
  const auditPolicy = { file: '/policy.yaml', misses: ['get secrets'] }
  assert.equal(await says('3.2.2', { auditPolicy }), 'file /policy.yaml: get secrets is not on record')
})

test('an etcd that is not encrypted or asks for nothing', async () => {
  const etcd = { endpoints: ['http://10.0.0.1:2379'], prefix: '/registry', masterKey: '/k' }
  assert.match(await says('2.1', { config: { etcd } }), /http:\/\/10\.0\.0\.1:2379 is not encrypted/)
  assert.match(await says('2.2', { config: { etcd } }), /--etcd-certfile=\(none\)/)
  assert.match(await says('2.7', { config: { etcd } }), /whatever the system trusts/)
  assert.match(await says('1.2.23', { config: { etcd } }), /--etcd-certfile is not set/)
  assert.match(await says('1.2.26', { config: { etcd } }), /--etcd-cafile is not set/)
  assert.match(await says('2.1', {}), /^not applicable: there is no etcd/)
})

test('sockets that nobody planned', async () => {
  const listening = (address: string): { machine: Machine } => ({
    machine: { ...good, sockets: [...(good.sockets ?? []), stranger(address)] },
  })
  const ports = { '1.3.7': 10_257, '1.4.2': 10_259, '4.2.4': 10_255, '4.3.1': 10_249 }
  for (const [id, port] of Object.entries(ports))
    assert.match(
      await says(id, listening(`0.0.0.0:${port}`)),
      new RegExp(`socket 0\\.0\\.0\\.0:${port}: held by server`),
    )
  const facts = await factsOf(wire, listening('0.0.0.0:4444'))
  assert.match(told(facts, 'N8', nsa), /socket 0\.0\.0\.0:4444: server, node/)
})

test('certificates that were not renewed, or are of somebody else', async () => {
  const certificate = {
    commonName: 'system:node:other',
    organizations: ['system:masters'],
    until: now + 24 * 3600 * 1000,
  }
  const machine = { ...good, certificate: () => certificate }
  assert.match(await says('1.3.6', { machine }), /serving\.pem: good until 2026-01-02/)
  assert.match(await says('4.2.11', { machine }), /good until 2026-01-02/)
  assert.match(await says('4.2.7', { machine }), /subject system:node:other, node node-a/)
  assert.match(await says('5.1.7', { machine }), /node\.kubeconfig: its certificate is of system:masters/)
})

test('what only a real node has does not apply to simulated ones', async () => {
  const simulated = { config: { nodes: { simulated: 1 } }, networkPolicies: undefined } as const
  for (const id of ['1.1.9', '4.1.5', '4.2.1', '4.2.13', '4.3.1', '5.3.1'])
    assert.match(await says(id, simulated), /^not applicable: nodes are simulated/)
  const lost = { enforced: false, says: 'table inet bulwark-default of the kernel lacks policy-sent' }
  assert.match(await says('5.3.1', { networkPolicies: lost }), /lacks policy-sent/)
})
