import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type LogOptions, readLog } from './read-log.ts'

const line = (second: number, text: string, tag = 'F'): string =>
  `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000000Z stdout ${tag} ${text}\n`

async function read(path: string, options: LogOptions): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of readLog(path, options)) parts.push(part)
  return Buffer.concat(parts).toString()
}

test('lines are chosen by number, time and size', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'log-'))
  const path = join(dir, '0.log')
  writeFileSync(path, line(1, 'one') + line(2, 'tw', 'P') + line(2, 'o') + line(3, 'three'))
  assert.equal(await read(path, {}), 'one\ntwo\nthree\n')
  assert.equal(await read(path, { tailLines: 1 }), 'three\n')
  assert.equal(await read(path, { tailLines: 0 }), '')
  assert.equal(await read(path, { tailLines: 9 }), 'one\ntwo\nthree\n')
  assert.equal(await read(path, { since: Date.UTC(2026, 0, 1, 0, 0, 3) }), 'three\n')
  assert.equal(await read(path, { limitBytes: 5 }), 'one\nt')
  assert.equal(await read(path, { tailLines: 1, timestamps: true }), '2026-01-01T00:00:03.000000000Z three\n')
  rmSync(dir, { recursive: true })
})

test('following goes on over a rotation and ends with the container', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'log-'))
  const path = join(dir, '0.log')
  writeFileSync(path, line(1, 'one'))
  const seen: string[] = []
  let alive = true
  for await (const part of readLog(path, { follow: true, alive: () => alive })) {
    seen.push(part.toString())
    if (seen.length === 1) {
      appendFileSync(path, line(2, 'two'))
      renameSync(path, `${path}.old`)
      writeFileSync(path, line(3, 'three'))
    } else if (seen.length === 3) alive = false
  }
  assert.deepEqual(seen, ['one\n', 'two\n', 'three\n'])
  rmSync(dir, { recursive: true })
})
