/** kill -9 at random points under load: nothing that was acknowledged is lost, no revision is given twice, the lock is free. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import type { Store } from '#server/store/contract.ts'
import { openSqliteStore } from '#server/store/sqlite/open.ts'

const rounds = 11
const patience = 60_000

interface Acknowledged {
  readonly key: string
  /** '-' for a deletion. */
  readonly value: string
}
type Ledger = Map<number, Acknowledged>

/** One life of the writer; what it acknowledged goes into the ledger. */
async function life(path: string, run: number, seal: string, ledger: Ledger): Promise<number> {
  const script = join(import.meta.dirname, 'writer.ts')
  const child = spawn(process.execPath, [script, path, String(run), seal], { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  let told = 0
  for await (const line of createInterface({ input: child.stdout })) {
    if (told++ === 0) setTimeout(() => child.kill('SIGKILL'), 5 + Math.random() * 500)
    const [revision = '', key = '', value = ''] = line.split(' ')
    // A line cut short by the kill says nothing.
    if (value === '' || (value !== '-' && value.split('.').length < 3)) continue
    assert.ok(!ledger.has(Number(revision)), `revision ${revision} was given twice`)
    ledger.set(Number(revision), { key, value })
  }
  const [, signal] = await closed
  assert.equal(signal, 'SIGKILL', 'the writer ended before it was killed')
  return told
}

const valueOf = (object: object): unknown => Reflect.get(object, 'value')

/** Each key is as its newest acknowledged write left it, or as a later write that nobody was told of did. */
function checkState(store: Store, ledger: Ledger): void {
  const newest = new Map(
    [...ledger].sort(([a], [b]) => a - b).map(([revision, { key, value }]) => [key, { revision, value }]),
  )
  for (const [key, { revision, value }] of newest) {
    const kept = store.snapshot('things').get(key)
    if (kept?.revision === revision) assert.equal(valueOf(kept.object), value, `${key} at ${revision}`)
    else if (kept !== undefined)
      assert.ok(kept.revision > revision, `${key}: ${revision} is lost, ${kept.revision} is there`)
    else if (value !== '-') assert.ok(store.revision() > revision, `${key}: ${revision} is lost`)
  }
}

/** Every acknowledged write of the kept history is in it, at its revision; the revisions have no hole and no double. */
async function checkHistory(store: Store, ledger: Ledger): Promise<void> {
  const from = store.oldest()
  const seen = new Map<number, Acknowledged>()
  await new Promise<void>((resolve, reject) => {
    store.watch(['things'], from, {
      onEvents: events => {
        for (const { type, revision, key, kept } of events) {
          if (seen.has(revision)) reject(new Error(`${revision} comes twice`))
          seen.set(revision, { key, value: type === 'delete' ? '-' : String(valueOf(kept.object)) })
        }
        if (seen.has(store.revision())) resolve()
      },
      onEnd: why => reject(new Error(why)),
    })
    if (from === store.revision()) resolve()
  })
  for (const [revision, wrote] of ledger)
    if (revision > from) assert.deepEqual(seen.get(revision), wrote, `history at ${revision}`)
}

test('nothing acknowledged is lost to kill -9', { timeout: patience }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-crash-'))
  const path = join(folder, 'store.db')
  const seal = '07'.repeat(32)
  const ledger: Ledger = new Map()
  try {
    for (let run = 0; run < rounds; run++) {
      const before = Math.max(0, ...ledger.keys())
      await life(path, run, seal, ledger)
      const fresh = [...ledger.keys()].slice(-1)[0] ?? 0
      assert.ok(fresh > before)
      const decode = (_: string, text: string): ReturnType<typeof JSON.parse> => JSON.parse(text)
      const store = await openSqliteStore({
        path,
        decode,
        clock: systemClock,
        keys: [Buffer.from(seal, 'hex')],
        sealed: 'all',
      })
      assert.ok(store.revision() >= Math.max(...ledger.keys()))
      checkState(store, ledger)
      await checkHistory(store, ledger)
      await store.close()
    }
    assert.ok(ledger.size > 100 * rounds, `too little was written to prove anything: ${ledger.size}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a program that cannot open its store says why, also when it has nothing else to do', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-refused-'))
  const path = join(folder, 'store.db')
  const seal = '07'.repeat(32)
  try {
    await life(path, 0, seal, new Map())
    const database = new DatabaseSync(path)
    database.exec('UPDATE log SET sum = sum + 1')
    database.close()
    const script = join(import.meta.dirname, 'writer.ts')
    for (let run = 0; run < 3; run++) {
      const child = spawn(process.execPath, [script, path, '1', seal], { stdio: ['ignore', 'ignore', 'pipe'] })
      let text = ''
      child.stderr.setEncoding('utf8').on('data', (part: string) => (text += part))
      const [code] = await once(child, 'close')
      assert.match(text, /StoreRefused: .*its checksum is wrong/)
      assert.equal(code, 1)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
