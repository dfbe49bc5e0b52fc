/** The small parts of the store over etcd that need no etcd. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Paths } from './paths.ts'
import { Room } from './room.ts'
import { Turns } from './turns.ts'
import { soundProgress } from './versions.ts'

test('progress is relied upon from 3.4.31 and 3.5.13 on', () => {
  for (const version of ['3.4.31', '3.5.13', '3.5.30', '3.6.0', '3.6.0-rc.1', '4.0.0'])
    assert.ok(soundProgress(version), version)
  for (const version of ['', 'unknown', '3.3.99', '3.4.30', '3.5.12', '2.3.8'])
    assert.ok(!soundProgress(version), version)
})

test('a key is taken apart as it was put together', () => {
  const paths = new Paths('registry/')
  assert.equal(paths.prefix, '/registry/')
  for (const [resource, key] of [
    ['pods', 'a/x'],
    ['deployments.apps', '__proto__'],
    ['things', 'é/\u{1f600}/z'],
  ] as const)
    assert.deepEqual(paths.place(paths.value(resource, key)), { type: 'value', resource, key })
  assert.deepEqual(paths.place(paths.ours('format')), { type: 'own', name: 'format' })
  assert.deepEqual(paths.place(Buffer.from('/registry/alone')), { type: 'foreign' })
  const { key, rangeEnd } = paths.resource('pods')
  const inside = (name: Uint8Array): boolean => Buffer.compare(name, key) >= 0 && Buffer.compare(name, rangeEnd) < 0
  assert.ok(inside(paths.value('pods', '\u{10ffff}')))
  assert.ok(!inside(paths.value('pods.metrics', 'x')))
})

const tick = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

test('writers of one key go in turn, those who compare wait for them, others do not wait', async () => {
  const turns = new Turns()
  const log: string[] = []
  const ends: (() => void)[] = []
  const take = (name: string, write: readonly string[], read: readonly string[] = []): void =>
    void turns.take({ write, read }, async () => {
      log.push(name)
      await new Promise<void>(resolve => ends.push(resolve))
    })
  take('one', ['a', 'b'])
  take('two', ['b'])
  take('reader', [], ['a'])
  take('other', ['c'])
  take('three', ['a'])
  await tick()
  assert.deepEqual(log, ['one', 'other'])
  ends[0]?.()
  await tick()
  assert.deepEqual(log, ['one', 'other', 'two', 'reader', 'three'])
})

test('a turn that fails is over', async () => {
  const turns = new Turns()
  await assert.rejects(
    turns.take({ write: ['a'], read: [] }, () => Promise.reject(new Error('no'))),
    /no/,
  )
  assert.equal(await turns.take({ write: ['a'], read: [] }, async () => 'yes'), 'yes')
})

test('who does not fit waits in order, and what is too large goes alone', async () => {
  const room = new Room(10)
  const log: string[] = []
  const enter = async (name: string, bytes: number): Promise<() => void> => {
    const leave = await room.enter(bytes)
    log.push(name)
    return leave
  }
  const large = await enter('large', 100)
  const second = enter('second', 6)
  const third = enter('third', 6)
  const fourth = enter('fourth', 1)
  await tick()
  assert.deepEqual(log, ['large'])
  large()
  const leave = await second
  await tick()
  assert.deepEqual(log, ['large', 'second'])
  leave()
  await Promise.all([third, fourth])
  assert.deepEqual(log, ['large', 'second', 'third', 'fourth'])
})
