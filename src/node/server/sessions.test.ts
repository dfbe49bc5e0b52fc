import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFakeClock } from '#client/fake-clock.ts'
import type { Right } from './route.ts'
import { makeSessions } from './sessions.ts'

const proxy: Right = { verb: 'create', subresource: 'proxy' }
const caller = (name: string, serial = '1') => ({ name, groups: ['g'], certificate: { serial, issuer: 'ca' } })

function asked(answer: (name: string, serial: string) => Promise<boolean>) {
  const clock = makeFakeClock()
  const questions: string[] = []
  const sessions = makeSessions({
    clock,
    authorize: ({ name, certificate }) => {
      questions.push(name)
      return answer(name, certificate.serial)
    },
  })
  const ended: string[] = []
  const open = (name: string, label = name, serial = '1') =>
    sessions.open({ caller: caller(name, serial), right: proxy, end: () => void ended.push(label) })
  return { clock, questions, sessions, ended, open }
}

test('who may no more is out within half a minute, all that they have open at once, others stay', async () => {
  const out = new Set<string>()
  const { clock, questions, ended, open, sessions } = asked(name => Promise.resolve(!out.has(name)))
  open('ann', 'first')
  open('ann', 'second')
  open('joe')
  await clock.advance(10_000)
  assert.deepEqual([questions.toSorted(), ended], [['ann', 'joe'], []], 'one question for both')
  out.add('ann')
  await clock.advance(10_000)
  assert.deepEqual(ended, ['first', 'second'])
  await clock.advance(30_000)
  assert.deepEqual(ended, ['first', 'second'], 'once')
  sessions.close()
})

test('certificates of one name are told apart', async () => {
  const { clock, ended, open, sessions } = asked((_, serial) => Promise.resolve(serial !== '2'))
  open('ann', 'good')
  open('ann', 'lost', '2')
  await clock.advance(10_000)
  assert.deepEqual(ended, ['lost'])
  sessions.close()
})

test('no answer decides nothing, and does not hold up the next question', async () => {
  let answer: () => Promise<boolean> = () => Promise.reject(new Error('the server is away'))
  const { clock, ended, open, sessions, questions } = asked(() => answer())
  open('ann')
  await clock.advance(10_000)
  answer = () => new Promise(() => undefined)
  await clock.advance(10_000)
  await clock.advance(10_000)
  assert.deepEqual(ended, [])
  answer = () => Promise.resolve(false)
  await clock.advance(10_000)
  assert.deepEqual(ended, ['ann'])
  assert.equal(questions.length, 3)
  sessions.close()
})

test('a no that comes late ends what it was asked about, and nothing that was let in since', async () => {
  const late = Promise.withResolvers<boolean>()
  let answer: () => Promise<boolean> = () => late.promise
  const { clock, ended, open, sessions } = asked(() => answer())
  open('ann', 'old')
  await clock.advance(20_000)
  answer = () => Promise.resolve(true)
  open('ann', 'new')
  late.resolve(false)
  await clock.advance(0)
  assert.deepEqual(ended, ['old'])
  answer = () => Promise.resolve(false)
  await clock.advance(20_000)
  assert.deepEqual(ended, ['old', 'new'])
  sessions.close()
})

test('nothing is asked while nothing is open, and nothing is ended that is over', async () => {
  const { clock, questions, ended, open, sessions } = asked(() => Promise.resolve(false))
  const over = open('ann')
  over()
  await clock.advance(60_000)
  assert.deepEqual([questions, ended], [[], []])
  open('ann')
  sessions.close()
  await clock.advance(60_000)
  assert.deepEqual([questions, ended], [[], []])
})
