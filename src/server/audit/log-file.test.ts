/** The file under a log where the disk does not do as it should, one call after the other. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs, { existsSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { rotatedFiles } from './files.ts'
import { makePlace, record } from './fixture.ts'
import { verifyChain } from './verify.ts'

const real = { openSync: fs.openSync, ftruncateSync: fs.ftruncateSync, writeSync: fs.writeSync }
afterEach(() => {
  Object.assign(fs, real)
  syncBuiltinESMExports()
})

function instead(calls: Partial<typeof real>): void {
  Object.assign(fs, calls)
  syncBuiltinESMExports()
}

const error = (code: string): Error => Object.assign(new Error(`${code}: made for the test`), { code })
const long = 'x'.repeat(300)

test('where a new file cannot be begun the old one goes on, and nothing is missing', async () => {
  const place = makePlace()
  const sink = place.open({ mostBytes: 2000 })
  let refused = 0
  const put = async (from: number, to: number): Promise<void> => {
    for (let at = from; at < to; at++) {
      sink.put(record(`cm-${at}`, { agent: long }))
      await sink.written?.()
    }
  }
  await put(0, 2)
  instead({
    openSync: (path, ...rest) => {
      if (path !== place.path) return real.openSync(path, ...rest)
      refused++
      throw error('EMFILE')
    },
  })
  await put(2, 6)
  assert.equal(sink.failing, true)
  assert.ok(refused > 0 && existsSync(place.path))
  instead(real)
  assert.equal(await sink.flush(), true)
  await put(6, 9)
  await sink.close()
  assert.ok(rotatedFiles(place.path).length > 0)
  const verdict = await verifyChain(place.chain)
  assert.deepEqual([verdict?.problem, verdict?.records], [undefined, 9])
})

test('a log that somebody took away is begun anew when it would have been full, and what is missing is told', async () => {
  const place = makePlace()
  const sink = place.open({ mostBytes: 2000 })
  for (let at = 0; at < 9; at++) {
    if (at === 2) rmSync(place.path)
    sink.put(record(`cm-${at}`, { agent: long }))
    await sink.written?.()
  }
  assert.equal(sink.failing, false)
  await sink.close()
  assert.match(readFileSync(place.path, 'utf8'), /cm-8/)
  assert.match((await verifyChain(place.chain))?.problem?.message ?? '', /missing|not there|removed/)
})

test('what could not be taken off is taken off before the next line', async () => {
  const place = makePlace()
  const sink = place.open()
  sink.put(record('cm-0'))
  await sink.written?.()
  instead({
    writeSync: (file: number, bytes: unknown): number => {
      if (bytes instanceof Uint8Array) real.writeSync(file, bytes, 0, 10)
      throw error('EIO')
    },
    ftruncateSync: () => {
      throw error('EIO')
    },
  })
  sink.put(record('cm-1'))
  await sink.written?.()
  assert.equal(sink.failing, true)
  assert.match(readFileSync(place.path, 'utf8'), /\n.{10}$/)
  assert.equal(await sink.flush(), false)
  instead(real)
  assert.equal(await sink.flush(), true)
  await sink.close()
  const verdict = await verifyChain(place.chain)
  assert.deepEqual([verdict?.problem, verdict?.records], [undefined, 2])
})

test('a pipe or a device is no log, and stays as it is', () => {
  const place = makePlace()
  const pipe = join(place.dir, 'pipe')
  execFileSync('mkfifo', ['-m', '644', pipe])
  assert.throws(() => place.open({ path: pipe }), /is no plain file/)
  assert.equal(statSync(pipe).mode & 0o777, 0o644)
  const full = makePlace()
  symlinkSync('/dev/full', full.path)
  const { mode } = statSync('/dev/full')
  assert.throws(() => full.open(), /is no plain file/)
  assert.equal(statSync('/dev/full').mode, mode)
})
