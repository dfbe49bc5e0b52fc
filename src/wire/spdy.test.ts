import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inflateSync } from 'node:zlib'
import { headerDictionary } from './spdy-dictionary.ts'
import { headerBlock, makeParser } from './spdy.ts'

test('a header block is what zlib reads with the dictionary', () => {
  const block = headerBlock({ streamtype: 'stdin' }, true)
  const raw = inflateSync(block, { dictionary: headerDictionary, finishFlush: 2 })
  assert.equal(raw.toString('latin1'), '\0\0\0\x01\0\0\0\x0astreamtype\0\0\0\x05stdin')
})

test('frames come out whole however the bytes arrive', () => {
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 3, 1, 0, 0, 2]), Buffer.from('hi')])
  const ping = Buffer.from([0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 2])
  const bytes = Buffer.concat([frame, ping, frame])
  for (let size = 1; size <= bytes.length; size++) {
    const parse = makeParser()
    const frames = []
    for (let at = 0; at < bytes.length; at += size) frames.push(...parse(bytes.subarray(at, at + size)))
    assert.deepEqual(
      frames.map(({ type, stream, flags, body }) => [type, stream, flags, body.toString('hex')]),
      [
        [undefined, 3, 1, '6869'],
        [6, 0, 0, '00000002'],
        [undefined, 3, 1, '6869'],
      ],
    )
  }
})

test('a frame beyond the limit is refused', () => {
  assert.throws(() => makeParser()(Buffer.from([0, 0, 0, 1, 0, 0xff, 0xff, 0xff])), RangeError)
})
