/** What somebody can do who may write to the files of a sealed store, and has no key. */
import assert from 'node:assert/strict'
import { createCipheriv, createHash, hkdfSync } from 'node:crypto'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { Notes, dataOf, decode, done, put, remove, shown, until, write } from '../conformance/harness.ts'
import type { Store, StoreRefused } from '../contract.ts'
import { acceptDatabase } from './accept.ts'
import { openSqliteStore, type SqliteOptions } from './open.ts'
import { columns, forms, rowFrom, sumOf, type Row } from './rows.ts'

const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const keys = [Buffer.alloc(32, 1)]

interface Place {
  readonly path: string
  readonly open: (options?: Partial<SqliteOptions>) => Promise<Store>
  /** Opening is refused, and the files are as they were. */
  readonly refused: (why: StoreRefused['why'], options?: Partial<SqliteOptions>) => Promise<string>
  readonly edit: (change: (database: DatabaseSync) => void) => void
  /** Runs it, and puts the files back. */
  readonly undone: (change: () => void | Promise<void>) => Promise<void>
}

async function withFile(run: (place: Place) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(memory, 'bulwark-attack-'))
  const path = join(folder, 'store.db')
  const open = (options?: Partial<SqliteOptions>): Promise<Store> =>
    openSqliteStore({ decode, clock: systemClock, freeze: true, path, keys, sealed: 'all', ...options })
  const edit: Place['edit'] = change => {
    const database = new DatabaseSync(path)
    change(database)
    database.close()
  }
  const refused: Place['refused'] = async (why, options) => {
    let message = ''
    await assert.rejects(
      async () => (await open(options)).close(),
      error => {
        message = error instanceof Error ? error.message : ''
        return error instanceof Error && error.name === 'StoreRefused' && 'why' in error && error.why === why
      },
    )
    return message
  }
  const undone: Place['undone'] = async change => {
    cpSync(folder, `${folder}.good`, { recursive: true })
    await change()
    for (const name of readdirSync(folder)) rmSync(join(folder, name))
    cpSync(`${folder}.good`, folder, { recursive: true })
    rmSync(`${folder}.good`, { recursive: true })
  }
  try {
    await run({ path, open, refused, edit, undone })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const rows = (database: DatabaseSync, key: string): readonly Row[] => {
  const read = database.prepare(`SELECT ${columns('log')} FROM log WHERE key = ? ORDER BY id`)
  read.setReturnArrays(true)
  return read.all(key).map(answer => rowFrom(answer))
}

/** With a checksum that fits: anybody can make one. */
function lay(database: DatabaseSync, into: Row | undefined, value: Uint8Array, form: number = forms.sealed): void {
  assert.ok(into !== undefined)
  database
    .prepare('UPDATE log SET form = ?, sum = ?, value = ? WHERE id = ?')
    .run(form, sumOf(into, form, value), value, into.id)
}

async function filled(open: Place['open']): Promise<void> {
  const store = await open()
  await write(store, 'a/x', 'first of x')
  await write(store, 'a/y', 'first of y')
  await write(store, 'a/x', 'second of x')
  await write(store, 'gone', 'one life')
  await done(store.commit([remove('gone')]))
  await write(store, 'gone', 'another life')
  await done(store.commit([put('s/1', 'confidential', { resource: 'secrets' })]))
  await store.close()
}

test('nothing that is kept can be read in the files, whatever its resource', () =>
  withFile(async ({ path, open }) => {
    await filled(open)
    for (const name of readdirSync(join(path, '..'))) {
      const bytes = readFileSync(join(path, '..', name))
      for (const text of ['first of', 'second of', 'life', 'confidential', '"kind"'])
        assert.ok(!bytes.includes(text), name)
    }
    const store = await open()
    assert.deepEqual(shown(store.snapshot('things')), ['a/x=second of x@4', 'a/y=first of y@3', 'gone=another life@7'])
    await store.close()
  }))

test('values that are exchanged, flipped, put back or made plain are refused', () =>
  withFile(async ({ open, refused, edit, undone }) => {
    await filled(open)
    const attacks: readonly ((database: DatabaseSync) => void)[] = [
      // Two values exchanged.
      db => {
        const [x, y] = [rows(db, 'a/x').at(-1), rows(db, 'a/y').at(-1)]
        lay(db, x, y?.value ?? Buffer.alloc(0))
        lay(db, y, x?.value ?? Buffer.alloc(0))
      },
      // One bit.
      db => {
        const row = rows(db, 'a/y').at(-1)
        const value = Buffer.from(row?.value ?? [])
        value[40] = (value[40] ?? 0) ^ 1
        lay(db, row, value)
      },
      // The older value in the newer row, and that of a former life, whose write counter was the same.
      db => lay(db, rows(db, 'a/x').at(-1), rows(db, 'a/x')[0]?.value ?? Buffer.alloc(0)),
      db => lay(db, rows(db, 'gone').at(-1), rows(db, 'gone')[0]?.value ?? Buffer.alloc(0)),
      db => lay(db, rows(db, 'a/x').at(-1), Buffer.from('\n{"kind":"Thing"}'), forms.plain),
      // Whole rows: the older one made current, one taken away, one called back to life.
      db => db.prepare("UPDATE current SET id = ? WHERE key = 'a/x'").run(rows(db, 'a/x')[0]?.id ?? 0),
      db => db.exec("DELETE FROM current WHERE key = 'a/y'"),
      db => db.exec("DELETE FROM current WHERE key = 'a/y'; DELETE FROM log WHERE key = 'a/y'"),
      db => db.prepare("UPDATE current SET id = ? WHERE key = 'gone'").run(rows(db, 'gone')[0]?.id ?? 0),
      // What says how things should be.
      db => db.exec("DELETE FROM meta WHERE name = 'state'"),
      db => db.exec("UPDATE meta SET value = value + 1 WHERE name = 'head'"),
      db => db.exec("UPDATE meta SET value = (SELECT value FROM meta WHERE name = 'sealed') WHERE name = 'state'"),
    ]
    for (const [i, attack] of attacks.entries())
      await undone(async () => {
        edit(attack)
        assert.match(await refused('corrupt'), /is damaged|restore/, `attack ${i}`)
      })
    await (await open()).close()
  }))

test('history that was tampered with ends those who read it, and tells nobody anything', () =>
  withFile(async ({ open, edit }) => {
    await filled(open)
    edit(db => lay(db, rows(db, 'a/x')[0], rows(db, 'a/y')[0]?.value ?? Buffer.alloc(0)))
    const store = await open()
    const notes = new Notes(store, 1)
    await until(() => notes.ended !== undefined)
    assert.equal(notes.ended, 'failed')
    assert.deepEqual(notes.lines, [])
    await store.close()
  }))

test('a store that went back is refused with what to do, also when the head file goes back, lies or is gone', () =>
  withFile(async ({ path, open, refused, undone }) => {
    await filled(open)
    const head = `${path}.head`
    copyFileSync(path, `${path}.old`)
    const store = await open()
    const { revision } = await write(store, 'later')
    await store.close()
    await undone(async () => {
      copyFileSync(`${path}.old`, path)
      assert.match(await refused('rolled-back'), /ends at revision 8, but 9 was reached: .* run: bulwark store accept$/)
      rmSync(head)
      assert.match(await refused('rolled-back'), /store\.db\.head.* is missing or not signed/)
      writeFileSync(head, '')
      await refused('rolled-back')
      // As stores that are not sealed have it.
      writeFileSync(head, '00000000000000000008 2d0b5b41\n\n'.repeat(2))
      await assert.rejects(open(), { name: 'StoreRefused' })
      writeFileSync(head, `s${'8'.padStart(20, '0')} ${'0'.repeat(40)}\n\n`.repeat(2))
      assert.match(await refused('corrupt'), /not signed with a key of the key file/)
      rmSync(path)
      await refused('rolled-back')
    })
    await undone(async () => {
      copyFileSync(`${path}.old`, path)
      assert.deepEqual(acceptDatabase(path, keys), { found: 8, head: revision })
      const again = await open()
      assert.equal(again.snapshot('things').get('later'), undefined)
      assert.equal((await write(again, 'new')).revision, revision + 1, 'no revision is given twice')
      assert.equal(again.oldest(), revision)
      await again.close()
    })
    await undone(async () => {
      rmSync(head)
      assert.throws(() => acceptDatabase(path, [Buffer.alloc(32, 2)]), { name: 'StoreRefused' })
      acceptDatabase(path, keys)
      await (await open()).close()
    })
    const running = await open()
    assert.throws(() => acceptDatabase(path, keys), { name: 'StoreRefused', why: 'locked' })
    await running.close()
  }))

test('a tampered database cannot be accepted either', () =>
  withFile(async ({ path, open, edit }) => {
    await filled(open)
    edit(db => db.exec("DELETE FROM current WHERE key = 'a/y'"))
    assert.throws(() => acceptDatabase(path, keys), { name: 'StoreRefused', why: 'corrupt' })
  }))

test('a database without a seal is not taken for ours where the key was there before', () =>
  withFile(async ({ path, open, refused }) => {
    await (await open({ adopt: false })).close()
    await (await open({ adopt: false })).close()
    for (const suffix of ['', '.head']) rmSync(`${path}${suffix}`)
    const theirs = await open({ keys: [] })
    await write(theirs, 'clusterroles/evil')
    await theirs.close()
    await refused('key', { adopt: false })
    await (await open()).close()
    await (await open({ adopt: false })).close()
  }))

/** As the first format sealed. */
function sealedOld(row: Row, plain: Uint8Array): Buffer {
  const [master = Buffer.alloc(0)] = keys
  const salt = Buffer.alloc(16, 9)
  const bytes = Buffer.from(hkdfSync('sha256', master, salt, 'bulwark value 1', 44))
  const cipher = createCipheriv('aes-256-gcm', bytes.subarray(0, 32), bytes.subarray(32))
  cipher.setAAD(Buffer.from(JSON.stringify([row.resource, row.key, row.version])))
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  const name = createHash('sha256').update('bulwark key name\0').update(master).digest().subarray(0, 4)
  return Buffer.concat([name, salt, body, cipher.getAuthTag()])
}

/** Makes the database one of format 1, with secrets sealed. */
function makeOld(path: string): void {
  const db = new DatabaseSync(path)
  for (const row of rows(db, 's/1')) lay(db, row, sealedOld(row, row.value))
  const at = { resource: '', key: 'sealed', version: 0, id: 0, previous: 0, expires: 0, form: 2, sum: 0 }
  const value = sealedOld({ ...at, value: Buffer.alloc(0) }, Buffer.from('["secrets"]'))
  db.prepare("INSERT INTO meta VALUES ('sealed', ?)").run(value)
  db.exec('PRAGMA user_version = 1')
  db.close()
}

test('a store of the first format is copied and brought up; its copy cannot be put back unnoticed', () =>
  withFile(async ({ path, open, refused }) => {
    await filled(options => open({ ...options, keys: [] }))
    makeOld(path)
    await refused('key', { keys: [] })
    await refused('key', { keys: [Buffer.alloc(32, 2)] })
    const store = await open({ adopt: false })
    assert.equal(dataOf(store.snapshot('secrets').get('s/1')), 'confidential')
    assert.equal(store.snapshot('things').size, 3)
    const notes = new Notes(store, 1, ['secrets'])
    assert.deepEqual(await notes.count(1), ['put s/1=confidential@8'])
    await store.close()
    assert.ok(!readFileSync(path).includes('first of'), 'what was plain is sealed')
    assert.ok(readFileSync(`${path}.format-1`).includes('first of'))
    copyFileSync(`${path}.format-1`, path)
    await refused('rolled-back')
    acceptDatabase(path, keys)
    await (await open()).close()
  }))
