import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestOf } from './fixture.ts'
import { Rounds } from './rounds.ts'

const request = () => requestOf({ object: { metadata: { name: 'x' }, spec: 1 } })

test('in the first round everybody is asked, in the second those who wait for what came after them', () => {
  const asking = request()
  const asked = new Rounds().of(asking)
  asked.begin(asking, 0)
  for (const id of ['early', 'changer', 'late', 'never']) assert.ok(asked.isDue(id, 0))
  asked.tell('early', { changed: false, waits: true })
  asked.tell('changer', { changed: true, waits: true })
  asked.tell('late', { changed: false, waits: true })
  asked.tell('never', { changed: false, waits: false })
  asked.end(asking)
  assert.ok(asked.again)
  asked.begin(asking, 1)
  assert.deepEqual(
    ['early', 'changer', 'late', 'never'].filter(id => asked.isDue(id, 1)),
    ['early'],
  )
})

test('when others have changed the object between the rounds, all who wait are asked', () => {
  const rounds = new Rounds()
  const asking = request()
  const asked = rounds.of(asking)
  asked.begin(asking, 0)
  asked.tell('one', { changed: false, waits: true })
  asked.tell('two', { changed: false, waits: false })
  asked.end(asking)
  assert.equal(rounds.again(asking), false)
  Reflect.set(asking.object ?? {}, 'spec', 2)
  asked.begin(asking, 1)
  assert.deepEqual(
    ['one', 'two'].filter(id => asked.isDue(id, 1)),
    ['one'],
  )
  assert.equal(rounds.again(request()), false)
})
