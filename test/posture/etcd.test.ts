/** The controls about etcd, asked at the doors of real ones that are set in different ways. */
import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { issue, makeAuthority } from '../../src/pki/issue.ts'
import type { Verdict } from '../../src/posture/control.ts'
import { etcd as controls } from '../../src/posture/cis/etcd.ts'
import { type Cluster, type EtcdFacts, etcdFacts } from '../../src/posture/etcd/facts.ts'
import type { EtcdConfig } from '../../src/processes/config.ts'
import { config } from '../../src/processes/fixture.ts'
import { type EtcdCluster, type How, freePorts, skip, startEtcd } from '../store/etcd.ts'
import { type Wire, openWire } from '../api/wire.ts'
import { factsOf } from './setting.ts'

const now = systemClock.now()
let wire: Wire

async function stranger(): Promise<Cluster & { readonly pair: { readonly cert: string; readonly key: string } }> {
  const pair = await makeAuthority('the cluster', now)
  const { cert, key } = await issue(pair, { name: 'admin', use: 'client' }, now)
  return { authority: pair.cert, identity: { certificate: cert, key }, pair }
}

const configOf = ({ access, dir }: EtcdCluster): EtcdConfig => ({
  endpoints: access.endpoints,
  prefix: '/registry',
  masterKey: '/k',
  ca: join(dir, 'ca.pem'),
  cert: join(dir, 'client.pem'),
  key: join(dir, 'client.key'),
})

/** What each control says of it: its state and, in one line, why. */
async function judged(etcd: EtcdConfig, found: EtcdFacts): Promise<(id: string) => string> {
  const facts = await factsOf(wire, { config: { etcd }, etcd: found })
  const shown = (verdict: Verdict): string =>
    verdict.state === 'not applicable'
      ? `n/a: ${verdict.reason}`
      : `${verdict.state}: ${verdict.proof.map(({ says }) => says).join('; ')}`
  return id => {
    const control = controls.find(one => one.id === id)
    assert.ok(control !== undefined, id)
    return shown(control.check(facts))
  }
}

interface Asked {
  readonly etcd: EtcdCluster
  readonly says: (id: string) => string
}

async function withEtcd(
  {
    count = 1,
    flags = [],
    how = {},
    cluster,
  }: { count?: number; flags?: readonly string[]; how?: How; cluster?: (etcd: EtcdCluster) => Cluster },
  act: (asked: Asked) => Promise<void> | void,
): Promise<void> {
  const etcd = await startEtcd(count, flags, how)
  try {
    const found = await etcdFacts(configOf(etcd), cluster?.(etcd) ?? (await stranger()))
    await act({ etcd, says: await judged(configOf(etcd), found) })
  } finally {
    await etcd.stop()
  }
}

suite('the controls about etcd', { skip }, () => {
  before(async () => (wire = await openWire()))
  after(() => wire.stop())

  test('one that is as it should be passes all that can be told of it', () =>
    withEtcd({}, ({ says }) => {
      assert.match(says('2.1'), /^pass: .*plain HTTP is refused/)
      assert.match(says('2.2'), /^pass: .*a client without a certificate is refused \(.*certificate required\)/)
      assert.match(says('2.3'), /^pass: .*shows a certificate of .*etcd-ca/)
      assert.match(says('2.7'), /^pass: .*a certificate of the cluster's authority is refused/)
      for (const id of ['2.4', '2.5', '2.6'])
        assert.equal(says(id), 'n/a: etcd tells of one member: it speaks with no other')
    }))

  test('one that lets in whoever comes', () =>
    withEtcd({ flags: ['--client-cert-auth=false', '--trusted-ca-file='] }, ({ says }) => {
      assert.match(says('2.2'), /^fail: https:\/\/127\.0\.0\.1:\d+: a client without a certificate is answered/)
      assert.match(says('2.1'), /^pass/)
    }))

  test('one that gives clients an address without encryption', () =>
    withEtcd({ flags: ['--advertise-client-urls=http://127.0.0.1:1'] }, ({ says }) => {
      assert.match(says('2.1'), /^fail: member m0 gives clients the address http:\/\/127\.0\.0\.1:1/)
    }))

  test('one that believes the authority of the cluster', () =>
    withEtcd(
      {
        cluster: ({ authority, access }) => ({
          authority: authority.cert,
          identity: { certificate: access.cert, key: access.key },
        }),
      },
      async ({ etcd, says }) => {
        assert.match(says('2.7'), /^fail: .*holds an authority of the cluster's/)
        // With other files for the same: seen at the door.
        const other = await stranger()
        const found = await etcdFacts(configOf(etcd), {
          ...other,
          identity: { certificate: etcd.access.cert, key: etcd.access.key },
        })
        assert.match(
          (await judged(configOf(etcd), found))('2.7'),
          /^fail: https.*a certificate of the cluster's authority is let in/,
        )
        const both = join(etcd.dir, 'both.pem')
        copyFileSync(join(etcd.dir, 'ca.pem'), both)
        appendFileSync(both, other.authority)
        assert.equal((await etcdFacts({ ...configOf(etcd), ca: both }, other)).shared, true)
      },
    ))

  test('members that speak in the clear', () =>
    withEtcd({ count: 3 }, ({ says }) => {
      assert.match(says('2.4'), /^fail: member m\d gives others the address http:/)
      for (const id of ['2.5', '2.6']) assert.match(says(id), /^fail: /)
    }))

  test('members with certificates of an authority', () =>
    withEtcd({ count: 3, how: { peers: 'certified' } }, ({ says }) => {
      assert.match(says('2.4'), /^pass: members give each other https/)
      assert.match(says('2.5'), /^pass: member m\d at https:.*: a peer without a certificate is refused/)
      assert.match(says('2.6'), /^pass: .*shows a certificate of .*etcd-ca/)
    }))

  test('members with certificates that they made for themselves', () =>
    withEtcd({ count: 3, how: { peers: 'auto' } }, ({ says }) => {
      assert.match(says('2.4'), /^pass/)
      assert.match(says('2.5'), /^n\/a: to be looked at where etcd runs: each member needs --peer-client-cert-auth/)
      assert.match(says('2.6'), /^fail: .*it made its certificate for itself/)
    }))

  test('one that does not answer: nothing is made up', async () => {
    const [port = 0] = await freePorts(1)
    const etcd = { ...config.etcd, endpoints: [`https://127.0.0.1:${port}`], prefix: '/registry', masterKey: '/k' }
    const says = await judged(etcd, await etcdFacts(etcd, await stranger()))
    assert.match(says('2.1'), /^pass: .*does not answer now: .*ECONNREFUSED/)
    assert.match(says('2.2'), /^fail: --etcd-certfile=\(none\)/)
    assert.match(says('2.5'), /^n\/a: to be looked at where etcd runs: no member answered/)
  })
})
