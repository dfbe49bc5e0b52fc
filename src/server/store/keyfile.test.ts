import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadKeys, loadOrCreateKeys, replaceKeys } from './keyfile.ts'

function withFolder(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-key-'))
  try {
    run(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a key file is made once, private, and refused when others may read it or it is not a key', () =>
  withFolder(folder => {
    const file = join(folder, 'key')
    const { keys: made, fresh } = loadOrCreateKeys(file)
    assert.deepEqual([made.length, made[0]?.length, fresh], [1, 32, true])
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.deepEqual(loadOrCreateKeys(file), { keys: made, fresh: false })
    assert.notDeepEqual(loadOrCreateKeys(join(folder, 'other')).keys, made)
    const two = [Buffer.alloc(32, 1), ...made]
    replaceKeys(file, two)
    assert.deepEqual(loadKeys(file), two)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.throws(() => replaceKeys(file, []), RangeError)
    assert.deepEqual(readdirSync(folder).sort(), ['key', 'other'])
    chmodSync(file, 0o640)
    assert.throws(() => loadOrCreateKeys(file), { name: 'StoreRefused', why: 'key' })
    const short = join(folder, 'short')
    writeFileSync(short, 'x', { mode: 0o600 })
    assert.throws(() => loadOrCreateKeys(short), { name: 'StoreRefused', why: 'key' })
    symlinkSync(join(folder, 'other'), join(folder, 'link'))
    assert.throws(() => loadOrCreateKeys(join(folder, 'link')))
    assert.throws(() => loadOrCreateKeys(folder), { why: 'key' })
  }))
