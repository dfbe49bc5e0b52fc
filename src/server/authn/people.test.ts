import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KObject } from '#api/metadata.ts'
import type { User } from '#api/request.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import { admittedOnly, plainSerial, storedPeople, usersResource } from './people.ts'
import { makeSessions } from './sessions.ts'

const clock = { now: () => 0, monotonic: () => 0, after: () => () => undefined }
const user = (name: string): User => ({ name, groups: [], source: 'test' }) as unknown as User

function opened() {
  const store = openMemoryStore({ clock, decode: (_, text): KObject => JSON.parse(text) })
  const people = storedPeople(store)
  const put = (name: string, spec: object | null) => {
    const object = { apiVersion: 'bulwark.dev/v1alpha1', kind: 'User', metadata: { name }, spec }
    return store.commit([{ type: 'put', resource: usersResource, key: name, managed: '', object }])
  }
  const close = async (): Promise<void> => {
    people.close()
    await store.close()
  }
  return { store, people, put, close }
}

test('who is disabled is let in no more under any name, from the next question on', async () => {
  const { people, put, close } = opened()
  const admits = (name: string): boolean => people.admits(user(name))
  await put('jane', { username: 'jane', aliases: ['oidc:jane'] })
  assert.deepEqual(['jane', 'oidc:jane', 'joe'].map(admits), [true, true, true])
  await put('jane', { username: 'jane', aliases: ['oidc:jane'], disabled: true })
  assert.deepEqual(['jane', 'oidc:jane', 'joe'].map(admits), [false, false, true])
  const tokens = admittedOnly({ authenticate: token => ({ user: user(token), audiences: [] }) }, people)
  assert.equal(tokens.authenticate('oidc:jane'), undefined)
  const late = admittedOnly({ authenticate: token => Promise.resolve({ user: user(token), audiences: [] }) }, people)
  assert.equal(await late.authenticate('jane'), undefined)
  assert.ok(await late.authenticate('joe'))
  await put('jane', { username: 'jane' })
  assert.deepEqual(['jane', 'oidc:jane'].map(admits), [true, true])
  await close()
})

test('what somebody has open ends when they are disabled; what others have stays', async () => {
  const { people, put, close } = opened()
  const sessions = makeSessions(people)
  const ended: string[] = []
  const open = (name: string) =>
    sessions.open({ user: user(name), socket: undefined, end: () => void ended.push(name) })
  open('jane')
  open('joe')
  const over = open('jane')
  over?.()
  await put('jane', { disabled: true })
  assert.deepEqual(ended, ['jane'], 'once, and not what was over before')
  assert.equal(open('jane'), undefined, 'nothing new begins')
  await put('joe', { username: 'someone', disabled: true })
  assert.deepEqual(ended, ['jane'], 'the name that counts is the one that credentials show')
  sessions.close()
  await close()
})

test('a stream that cannot be ended, or a record that cannot be read, keeps nobody else in', async () => {
  const { store, people, put, close } = opened()
  const sessions = makeSessions(people)
  const ended: string[] = []
  const open = (name: string, fail = false): void => {
    const end = (reason: string): void => {
      if (fail) throw new Error('the socket is gone')
      ended.push(`${name}: ${reason}`)
    }
    assert.ok(sessions.open({ user: user(name), socket: undefined, end }))
  }
  open('jane', true)
  open('jane')
  open('joe')
  await put('jane', { disabled: true })
  assert.deepEqual(ended, ['jane: the user is disabled'])
  await put('joe', { disabled: true })
  assert.equal(ended.length, 2, 'changes are still told of')
  open('ann')
  await put('broken', null)
  assert.deepEqual(ended.slice(2), ['ann: it cannot be told whether the user is let in'])
  assert.throws(() => people.admits(user('ann')))
  await store.commit([{ type: 'delete', resource: usersResource, key: 'broken' }])
  assert.ok(people.admits(user('ann')))
  await put('ann', { disabled: true })
  assert.equal(people.admits(user('ann')), false)
  sessions.close()
  await close()
})

test('where nothing tells of changes any more, each question is read anew', async () => {
  const { people, put, close } = opened()
  people.onChange(() => {
    throw new Error('a fault of ours')
  })
  assert.ok(people.admits(user('jane')))
  await put('jane', { disabled: true })
  assert.equal(people.admits(user('jane')), false)
  await put('jane', {})
  assert.ok(people.admits(user('jane')))
  await put('jane', { disabled: true })
  assert.equal(people.admits(user('jane')), false)
  await close()
})

test('serial numbers are compared without what is only writing', () => {
  for (const text of ['0A:1b:2C', 'a1b2c', '00 0a 1B 2c']) assert.equal(plainSerial(text), 'A1B2C')
})
