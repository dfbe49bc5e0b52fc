import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeptEncodings } from './kept-encodings.ts'

test('the oldest bytes go when there is no room, the newest always stay', () => {
  const kept = new KeptEncodings(100)
  const objects = Array.from({ length: 5_000 }, () => ({ encodings: new Map<string, Uint8Array>() }))
  for (const one of objects) kept.keep(one, 'json', new Uint8Array(30))
  assert.equal(kept.bytes, 90)
  assert.deepEqual(
    objects.flatMap((one, at) => (one.encodings.size > 0 ? [at] : [])),
    [4_997, 4_998, 4_999],
  )
  const large = { encodings: new Map<string, Uint8Array>() }
  kept.keep(large, 'json', new Uint8Array(90))
  assert.equal(kept.bytes, 90)
  assert.equal(large.encodings.size, 1)
  const item = { encodings: new Map<string, Uint8Array>() }
  kept.keepIfRoom(item, 'json', new Uint8Array(11))
  assert.equal(item.encodings.size, 0)
  kept.keepIfRoom(item, 'json', new Uint8Array(10))
  assert.equal(item.encodings.size, 1)
})

test('items make room among what has another name, never among their own', () => {
  const kept = new KeptEncodings(100)
  const items = () => Array.from({ length: 5 }, () => ({ encodings: new Map<string, Uint8Array>() }))
  const held = (all: ReturnType<typeof items>) => all.map(one => one.encodings.size)
  const [json, protobuf] = [items(), items()]
  for (const one of json) kept.keepIfRoom(one, 'json', new Uint8Array(30))
  assert.deepEqual(held(json), [1, 1, 1, 0, 0])
  for (const one of protobuf) kept.keepIfRoom(one, 'protobuf', new Uint8Array(20))
  assert.deepEqual(held(protobuf), [1, 1, 1, 1, 1])
  assert.deepEqual(held(json), [0, 0, 0, 0, 0])
  assert.equal(kept.bytes, 100)
})

test('what is forgotten gives its room back, wherever it stands', () => {
  const kept = new KeptEncodings(1000)
  const items = (many: number) => Array.from({ length: many }, () => ({ encodings: new Map<string, Uint8Array>() }))
  // The first stays as it is; the others are written anew, again and again, and listed each time.
  const [first] = items(1)
  assert.ok(first !== undefined)
  kept.keepIfRoom(first, 'json', new Uint8Array(100))
  for (let round = 0; round < 20; round++) {
    const others = items(5)
    for (let list = 0; list < 12; list++)
      for (const one of others) if (!one.encodings.has('json')) kept.keepIfRoom(one, 'json', new Uint8Array(100))
    assert.deepEqual(
      others.map(one => one.encodings.size),
      [1, 1, 1, 1, 1],
      `in round ${round}`,
    )
    for (const one of others) one.encodings.clear()
  }
  assert.equal(first.encodings.size, 1)
  assert.ok(kept.bytes <= 1000)
})
