import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { type Clock, systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { follow } from './follow.ts'

const hasty: Clock = { ...systemClock, after: (_, call) => systemClock.after(2, call) }

test('a file that is replaced is read once, again where that failed, and not while it is away', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-follow-'))
  const file = join(folder, 'f')
  writeFileSync(file, 'one')
  let reads = 0
  const read = async (): Promise<void> => {
    if (++reads === 1) throw new Error('not yet')
  }
  const end = follow(file, { clock: hasty, log: silentLog, read })
  await sleep(30)
  assert.equal(reads, 0)
  rmSync(file)
  await sleep(30)
  assert.equal(reads, 0)
  writeFileSync(`${file}.new`, 'three')
  renameSync(`${file}.new`, file)
  await sleep(60)
  assert.equal(reads, 2)
  end()
  writeFileSync(file, 'four and more')
  await sleep(30)
  assert.equal(reads, 2)
  rmSync(folder, { recursive: true })
})
