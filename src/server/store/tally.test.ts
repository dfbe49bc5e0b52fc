import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Tally, makeTallyMemory, totals } from './tally.ts'

const secrets = { resource: 'secrets', prefix: 'k8s:enc:aesgcm:v1:a:' }

test('each thread counts for itself, and all of it is seen', () => {
  const memory = makeTallyMemory()
  const [main, commit] = [new Tally(memory, 'main'), new Tally(memory, 'commit')]
  for (let at = 0; at < 5; at++) commit.sealed(secrets)
  main.opened(secrets, true)
  main.opened({ resource: 'pods', prefix: undefined }, false)
  // A store that comes to seal otherwise goes on with what was counted.
  new Tally(memory, 'commit').sealed(secrets)
  const found = [...totals(memory)].map(
    ({ resource, prefix, direction, done, failed }) => `${resource} ${prefix} ${direction} ${done} ${failed}`,
  )
  assert.deepEqual(found, [
    'secrets k8s:enc:aesgcm:v1:a: from_storage 1 0',
    'pods undefined from_storage 0 1',
    'secrets k8s:enc:aesgcm:v1:a: to_storage 6 0',
  ])
})

test('of a plugin each key is counted, and when it was used last', () => {
  const memory = makeTallyMemory()
  const tally = new Tally(memory, 'history')
  const before = Date.now()
  for (const keyId of ['one', 'two', 'two'])
    tally.opened({ resource: 'secrets', prefix: 'k8s:enc:kms:v2:p:', keyId }, true)
  const [one, two] = totals(memory)
  assert.deepEqual([one?.keyId, one?.done, two?.keyId, two?.done], ['one', 1, 'two', 2])
  assert.ok((two?.last ?? 0) >= before)
})

test('whoever invents kinds or keys fills no memory: what is too much or too long is not counted', () => {
  const memory = makeTallyMemory()
  const tally = new Tally(memory, 'main')
  tally.sealed({ resource: 'x'.repeat(500), prefix: '' })
  for (let at = 0; at < 3000; at++) tally.sealed({ resource: `r${at}`, prefix: 'p' })
  tally.sealed({ resource: 'r0', prefix: 'p' })
  const found = [...totals(memory)]
  assert.equal(found.length, 1000)
  assert.equal(found[0]?.done, 2)
})

test('a name is as long as its bytes are: one that just fits is read again, one that does not is no part of another', () => {
  for (const letter of ['x', '\u00e9', '\u20ac', '\u{1f600}', '"', '\n', '\u001b']) {
    const memory = makeTallyMemory()
    const tally = new Tally(memory, 'main')
    const fits = (length: number): boolean =>
      Buffer.byteLength(JSON.stringify([letter.repeat(length), `p${letter}`, letter])) <= 462
    for (let length = 1; length <= 470; length++)
      tally.sealed({ resource: letter.repeat(length), prefix: `p${letter}`, keyId: letter })
    const found = [...totals(memory)]
    assert.ok(fits(found.length) && !fits(found.length + 1), `${letter}: ${found.length}`)
    for (const [at, { resource, prefix, keyId, done }] of found.entries())
      assert.deepEqual([resource, prefix, keyId, done], [letter.repeat(at + 1), `p${letter}`, letter, 1])
  }
})
