/** A cluster that runs for years: nothing that it shows or asks with is ever over, or of somebody who is not trusted yet. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Clock, systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { parseOwnJson } from '#codec/json.ts'
import { LiveKeys, sharedKeys } from '#plane/keys.ts'
import type { ServerCertificates } from '#plane/listen.ts'
import type { Decode } from '#server/store/contract.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import type { ClusterConfig } from './config.ts'
import { certificateIn, issueCredentials } from './credentials.ts'
import { layout } from './layout.ts'
import { Renewing, certificateFiles, issuingNow } from './renewing.ts'

const day = 24 * 3600 * 1000
const decode: Decode = (_, text) => parseOwnJson(text) as ReturnType<Decode>
const config: ClusterConfig = {
  name: 'test',
  port: 6443,
  nodes: 'real',
  address: '10.0.0.1',
  serverAddress: '10.0.0.1',
  nodeName: 'n',
  serviceCIDR: '10.96.0.0/16',
  podCIDR: '10.244.0.0/24',
  dns: '10.96.0.10',
  kubeletPort: 10_250,
}

class YearsClock implements Clock {
  #now = Date.parse('2026-01-01T00:00:00Z')
  now(): number {
    return this.#now
  }
  monotonic(): number {
    return this.#now
  }
  /** Nothing by itself: the test does the rounds. */
  after(): () => void {
    return () => undefined
  }
  advance(milliseconds: number): void {
    this.#now += milliseconds
  }
}

const each = (pem: string): readonly X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []).map(
    one => new X509Certificate(one),
  )

const goodAt = (certificate: X509Certificate, now: number): boolean =>
  Date.parse(certificate.validFrom) <= now && now < Date.parse(certificate.validTo)

/** Of one of these, which is good itself. */
const isTrusted = (leaf: X509Certificate, bundle: string, now: number): boolean =>
  each(bundle).some(ca => goodAt(ca, now) && leaf.checkIssued(ca) && leaf.verify(ca.publicKey))

test('through 25 years every certificate is good, and trusted by whoever read the authorities up to a month ago', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bulwark-years-'))
  const clock = new YearsClock()
  const store = openMemoryStore({ decode, clock: systemClock })
  const at = layout(dir)
  try {
    const keys = new LiveKeys(store, await sharedKeys(store, clock.now()))
    await issueCredentials(issuingNow(keys, { config, layout: at, now: clock.now() }))
    let shown: ServerCertificates | undefined
    const listener = { renew: (certificates: ServerCertificates) => void (shown = certificates) }
    const names = ['127.0.0.1', '10.0.0.1', 'localhost']
    const renewing = new Renewing({ keys, config, layout: at, names, listener, clock, log: silentLog })
    const past: string[] = []
    const authorities = new Set<string>()
    for (let days = 0; days < 25 * 365; days += 15) {
      await renewing.round()
      past.push(keys.authorities)
      const stale = past.at(-3) ?? keys.authorities
      authorities.add(keys.authority.cert)
      const now = clock.now()
      const inUse = [shown?.serving.cert, shown?.kubelet.cert].map(pem => new X509Certificate(pem ?? ''))
      const files = certificateFiles(at, config).map(file => certificateIn(readFileSync(file, 'utf8')))
      for (const certificate of [...inUse, ...files]) {
        assert.ok(certificate !== undefined && goodAt(certificate, now + 16 * day), `day ${days}`)
        assert.ok(isTrusted(certificate, keys.authorities, now), `day ${days}`)
        // Who has not read for a month what is trusted: agents, kubeconfigs that were copied.
        assert.ok(isTrusted(certificate, stale, now), `day ${days}: ${certificate.subject}`)
      }
      assert.ok(each(keys.authorities).length <= 3)
      assert.ok(readFileSync(at.kubeconfig, 'utf8').includes(Buffer.from(keys.authorities).toString('base64')))
      clock.advance(15 * day)
    }
    assert.ok(authorities.size >= 3, 'authorities took turns')
    await renewing.stop()
  } finally {
    await store.close()
    rmSync(dir, { recursive: true })
  }
})

test('a file that was removed is issued again; another server finds what the first turned', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bulwark-renew-'))
  const store = openMemoryStore({ decode, clock: systemClock })
  const at = layout(dir)
  try {
    const keys = new LiveKeys(store, await sharedKeys(store, Date.now()))
    const names = ['127.0.0.1']
    let renewals = 0
    const listener = { renew: () => void renewals++ }
    const renewing = new Renewing({ keys, config, layout: at, names, listener, clock: systemClock, log: silentLog })
    await renewing.round()
    const before = readFileSync(at.apiCertificate, 'utf8')
    await renewing.round()
    assert.equal(renewals, 1)
    rmSync(at.apiCertificate)
    await renewing.round()
    assert.equal(renewals, 2)
    assert.ok(existsSync(at.apiCertificate) && readFileSync(at.apiCertificate, 'utf8') !== before)
    const later = Date.now() + 9 * 365 * day
    const other = new LiveKeys(store, await sharedKeys(store, Date.now()))
    assert.ok(await other.refresh(later))
    assert.ok(await keys.refresh(later))
    assert.deepEqual([keys.authorities, keys.frontProxies], [other.authorities, other.frontProxies])
    assert.equal(each(keys.authorities).length, 2)
    await renewing.stop()
  } finally {
    await store.close()
    rmSync(dir, { recursive: true })
  }
})
