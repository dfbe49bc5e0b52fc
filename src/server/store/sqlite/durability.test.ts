/** What a restart finds, and what it refuses to go on with. */
import assert from 'node:assert/strict'
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { Notes, dataOf, decode, done, put, remove, shown, until, write } from '../conformance/harness.ts'
import type { Store, StoreRefused } from '../contract.ts'
import { bringUp, pragma, type Step } from './format.ts'
import { openSqliteStore, steps, type SqliteOptions } from './open.ts'
import { columns, forms, rowFrom, sumOf } from './rows.ts'

const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

interface Place {
  readonly path: string
  readonly open: (options?: Partial<SqliteOptions>) => Promise<Store>
  readonly refused: (why: StoreRefused['why'], options?: Partial<SqliteOptions>) => Promise<void>
  readonly sql: (text: string) => void
}

async function withFile(run: (place: Place) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(memory, 'bulwark-sqlite-'))
  const path = join(folder, 'store.db')
  const open = (options?: Partial<SqliteOptions>): Promise<Store> =>
    openSqliteStore({ decode, clock: systemClock, freeze: true, path, ...options })
  const refused = (why: StoreRefused['why'], options?: Partial<SqliteOptions>): Promise<void> =>
    assert.rejects(async () => (await open(options)).close(), { name: 'StoreRefused', why })
  const sql = (text: string): void => {
    const database = new DatabaseSync(path)
    database.exec(text)
    database.close()
  }
  try {
    await run({ path, open, refused, sql })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Puts another value into the newest row of a secret, as somebody would who can compute checksums. */
function forge(path: string, { form, from }: { form: number; from: string }): void {
  const database = new DatabaseSync(path)
  const read = database.prepare(`SELECT ${columns('log')} FROM log WHERE resource = 'secrets' ORDER BY id`)
  read.setReturnArrays(true)
  const [older, newer] = read.all().map(answer => rowFrom(answer))
  assert.ok(older !== undefined && newer !== undefined)
  const value = form === forms.sealed ? older.value : Buffer.from(from)
  database
    .prepare('UPDATE log SET form = ?, sum = ?, value = ? WHERE id = ?')
    .run(form, sumOf(newer, form, value), value, newer.id)
  database.close()
}

async function filled(open: Place['open'], options?: Partial<SqliteOptions>): Promise<void> {
  const store = await open(options)
  for (const key of ['a/x', 'a/y', 'a-b/x']) await write(store, key, `first of ${key}`)
  await done(store.commit([put('a/x', 'second', { managed: '[{"manager":"m"}]' })]))
  await done(store.commit([remove('a/y')]))
  await done(store.commit([put('s/1', 'confidential', { resource: 'secrets' })]))
  await store.close()
}

test('a restart finds everything: state, managed fields, history, time to live', () =>
  withFile(async ({ open }) => {
    await filled(open)
    const first = await open()
    assert.equal(first.revision(), 7)
    assert.deepEqual(shown(first.snapshot('things')), ['a-b/x=first of a-b/x@4', 'a/x=second@5'])
    assert.equal(first.snapshot('things').get('a/x')?.managed, '[{"manager":"m"}]')
    assert.equal(first.snapshot('things').get('a/x')?.object.metadata.name, 'x')
    assert.deepEqual(first.resources(), ['secrets', 'things'])
    const notes = new Notes(first, 1)
    await notes.count(5)
    assert.deepEqual(notes.lines.slice(-2), ['put a/x=second@5', 'delete a/y=first of a/y@6'])
    assert.equal(notes.events[3]?.kept, first.snapshot('things').get('a/x'))
    assert.equal(dataOf(notes.events[3]?.previous), 'first of a/x')
    await done(first.commit([put('short', '', { ttl: 0.05 })]))
    await first.compact(5)
    await first.close()
    const second = await open()
    assert.equal(second.oldest(), 5)
    await until(() => second.snapshot('things').get('short') === undefined)
    const conflict = await second.commit([put('a/x', '', { expect: 4 })])
    assert.ok(!conflict.ok && conflict.reason === 'conflict' && conflict.current?.revision === 5)
    await second.close()
  }))

test('a second server is refused until the first is gone', () =>
  withFile(async ({ open, refused }) => {
    const store = await open()
    await refused('locked')
    await store.close()
    await (await open()).close()
  }))

test('foreign, cut and altered files are refused and left as they are', () =>
  withFile(async ({ path, open, refused, sql }) => {
    writeFileSync(path, 'a letter to somebody, longer than a header')
    await refused('foreign')
    assert.equal(readFileSync(path, 'utf8').slice(0, 8), 'a letter')
    rmSync(path)
    sql('CREATE TABLE theirs (a)')
    await refused('foreign')
    rmSync(path)
    await filled(open)
    const good = readFileSync(path)
    truncateSync(path, good.length - 8192)
    await refused('corrupt')
    truncateSync(path, 0)
    await refused('rolled-back')
    writeFileSync(path, good)
    const at = good.indexOf('first of a-b/x')
    const bad = Buffer.from(good)
    bad.write('worst', at)
    writeFileSync(path, bad)
    await refused('corrupt')
    writeFileSync(path, Buffer.concat([good.subarray(0, 8192), Buffer.alloc(good.length - 8192, 7)]))
    await refused('corrupt')
    writeFileSync(path, good)
    await (await open()).close()
  }))

test('an older copy of the database is refused, a lagging head file is not', () =>
  withFile(async ({ path, open, refused }) => {
    await filled(open)
    copyFileSync(path, `${path}.old`)
    const lagging = readFileSync(`${path}.head`)
    const store = await open()
    const { revision } = await write(store, 'later')
    await store.close()
    const newest = readFileSync(path)
    copyFileSync(`${path}.old`, path)
    await refused('rolled-back')
    writeFileSync(`${path}.head`, 'not a revision'.repeat(5))
    await refused('corrupt')
    writeFileSync(path, newest)
    writeFileSync(`${path}.head`, lagging)
    const again = await open()
    assert.equal(again.revision(), revision)
    await again.close()
    rmSync(path)
    await refused('rolled-back')
    assert.ok(!existsSync(path))
  }))

test('a newer format is refused, an older one is copied and brought up', () =>
  withFile(async ({ path, open, refused, sql }) => {
    await filled(open)
    const database = new DatabaseSync(path)
    const broken: Step = one => {
      one.exec('ALTER TABLE log ADD COLUMN half')
      throw new Error('half way')
    }
    const vault = { ring: undefined, sealed: [] }
    const upgrading = (...more: readonly Step[]) => ({ vault, upgrades: [...steps, ...more] })
    assert.throws(() => bringUp(database, path, upgrading(broken)), /half way/)
    assert.equal(pragma(database, 'user_version'), 2)
    assert.doesNotMatch(String(database.prepare('SELECT sql FROM sqlite_schema').all()[1]?.['sql']), /half/)
    bringUp(
      database,
      path,
      upgrading(one => one.exec("INSERT INTO meta VALUES ('added', 1)")),
    )
    assert.equal(pragma(database, 'user_version'), 3)
    assert.equal(database.prepare("SELECT value FROM meta WHERE name = 'added'").get()?.['value'], 1)
    database.close()
    await refused('newer')
    assert.equal(statSync(`${path}.format-2`).mode & 0o777, 0o600)
    copyFileSync(`${path}.format-2`, path)
    const store = await open()
    assert.equal(store.snapshot('things').size, 2)
    await store.close()
    sql('PRAGMA user_version = 7')
    await refused('newer')
  }))

test('sealed values are on disk only sealed, and open only with their key at their place', () =>
  withFile(async ({ path, open, refused }) => {
    const keys = [Buffer.alloc(32, 1)]
    await filled(open)
    assert.ok(readFileSync(path).includes('confidential'))
    await (await open({ keys })).close()
    assert.ok(!readFileSync(path).includes('confidential'), 'sealed when the key was first given')
    await refused('key')
    await refused('key', { keys: [Buffer.alloc(32, 2)] })
    const store = await open({ keys: [Buffer.alloc(32, 3), ...keys] })
    assert.equal(dataOf(store.snapshot('secrets').get('s/1')), 'confidential')
    await done(store.commit([put('s/1', 'confidential too', { resource: 'secrets' })]))
    await store.close()
    await refused('key', { keys })
    const both = { keys: [...keys, Buffer.alloc(32, 3)] }
    const again = await open(both)
    const notes = new Notes(again, 1, ['secrets'])
    assert.deepEqual(await notes.count(2), ['put s/1=confidential@7', 'put s/1=confidential too@8'])
    await again.close()
    assert.ok(!readFileSync(path).includes('confidential'))
    for (const forged of [
      { form: forms.sealed, from: 'the older row' },
      { form: forms.plain, from: '\n{"kind":"Thing"}' },
    ]) {
      copyFileSync(path, `${path}.good`)
      forge(path, forged)
      await refused('corrupt', both)
      copyFileSync(`${path}.good`, path)
    }
  }))

test('a full database answers so, goes on reading, and recovers by itself', () =>
  withFile(async ({ open }) => {
    const store = await open({ maxBytes: 1024 * 1024 })
    let full = 0
    for (let i = 0; i < 400 && full === 0; i++) {
      const result = await store.commit([put(`k${i % 3}`, 'x'.repeat(8000))])
      if (!result.ok && result.reason === 'full') full = i
    }
    assert.ok(full > 20)
    const before = store.revision()
    assert.equal((await store.commit([put('more', 'x'.repeat(20_000))])).ok, false)
    assert.equal(store.revision(), before)
    assert.equal(store.snapshot('things').size, 3)
    await store.compact(before)
    const { revision } = await write(store, 'more', 'x'.repeat(20_000))
    assert.ok(revision > before)
    await store.close()
    const again = await open()
    assert.equal(again.revision(), revision)
    await again.close()
  }))

/** A commit thread that ends itself at one revision, before or after it has written it. */
const dying = (revision: number, after: boolean): NonNullable<SqliteOptions['workers']> => {
  const real = new URL('./commit-worker.ts', import.meta.url)
  const code = `
    import { parentPort } from 'node:worker_threads'
    let doomed = false
    const post = parentPort.postMessage.bind(parentPort)
    parentPort.postMessage = (...message) => (doomed ? process.exit(9) : post(...message))
    parentPort.on('message', message => {
      doomed = message.head === ${revision}
      if (doomed && !${after}) process.exit(9)
    })
    await import(${JSON.stringify(real.href)})`
  return {
    commit: new URL(`data:text/javascript,${encodeURIComponent(code)}`),
    history: new URL('./history-worker.ts', import.meta.url),
  }
}

test('a commit thread that dies is started again, and the database says what became of its batch', () =>
  withFile(async ({ open }) => {
    for (const after of [false, true]) {
      const store = await open()
      const revision = store.revision() + 2
      await store.close()
      const mortal = await open({ workers: dying(revision, after) })
      await write(mortal, 'a', 'before')
      const result = await mortal.commit([put('a', 'while it dies')])
      assert.equal(result.ok, after)
      assert.equal(dataOf(mortal.snapshot('things').get('a')), after ? 'while it dies' : 'before')
      const next = await write(mortal, 'b', 'after')
      assert.equal(next.revision, revision + 1)
      await mortal.close()
      const again = await open()
      assert.equal(dataOf(again.snapshot('things').get('a')), after ? 'while it dies' : 'before')
      assert.equal(again.revision(), revision + 1)
      await again.close()
    }
  }))
