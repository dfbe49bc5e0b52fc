/** A disk that is really full: writes answer 'full', reads go on, and there is nothing to do but make room. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { openSqliteStore } from '#server/store/sqlite/open.ts'

const skip = process.getuid?.() === 0 ? false : 'mounting a small tmpfs needs root'

test('a full disk answers so and the store recovers when there is room', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-full-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder])
  const options = {
    path: join(folder, 'store.db'),
    decode: (_: string, text: string): ReturnType<typeof JSON.parse> => JSON.parse(text),
    clock: systemClock,
  }
  const put = (key: string) => {
    const object = { apiVersion: 'v1', kind: 'Thing', metadata: { name: key }, fill: 'x'.repeat(4000) }
    return { type: 'put', resource: 'things', key, object, managed: '' } as const
  }
  try {
    const store = await openSqliteStore(options)
    const filler = join(folder, 'filler')
    writeFileSync(filler, Buffer.alloc(2 * 1024 * 1024))
    let written = 0
    let result = await store.commit([put('k0')])
    while (result.ok && written < 2000) result = await store.commit([put(`k${++written}`)])
    assert.ok(!result.ok && result.reason === 'full', JSON.stringify(result))
    assert.equal(store.snapshot('things').size, written)
    assert.equal((await store.commit([put('still')])).ok, false)
    rmSync(filler)
    const again = await store.commit([put('room')])
    assert.ok(again.ok)
    await store.close()
    const reopened = await openSqliteStore(options)
    assert.equal(reopened.revision(), again.revision)
    assert.equal(reopened.snapshot('things').size, written + 1)
    await reopened.close()
  } finally {
    execFileSync('umount', ['-l', folder])
    rmSync(folder, { recursive: true })
  }
})
