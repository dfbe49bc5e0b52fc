import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Log, makeLog } from '#base/log.ts'
import type { KObject, ResourceRef } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import { makeClient } from './client.ts'
import { type Controller, type Write, nothing, selfKey } from './controller.ts'
import { makeFakeApi, refusal } from './fake.ts'
import { makeFakeClock, settle } from './fake-clock.ts'
import { fakeReader } from './fake-reader.ts'
import { Later } from './later.ts'
import { makePace } from './pace.ts'
import { type RunnerParts, run } from './runner.ts'

interface Thing extends KObject {
  readonly spec?: { readonly replicas: number }
}
const things: ResourceRef<Thing> = { group: 'x', version: 'v1', resource: 'things', kind: 'Thing', namespaced: true }
const parts: ResourceRef<Thing> = { ...things, resource: 'parts', kind: 'Part' }
const thing = (name: string, extra: Partial<Thing> = {}): Thing => ({
  apiVersion: 'x/v1',
  kind: 'Thing',
  metadata: { name, namespace: 'n' },
  ...extra,
})

function world(reader?: (reader: Reader) => Reader) {
  const clock = makeFakeClock()
  const api = makeFakeApi(clock)
  const lines: string[] = []
  const log: Log = makeLog(line => lines.push(line), 'info')
  const client = makeClient(api.transport)
  const base = fakeReader(api)
  const runnerParts: RunnerParts = {
    client,
    reader: reader?.(base) ?? base,
    clock,
    log,
    pace: makePace({ monotonic: () => 0, later: call => void setImmediate(call) }),
  }
  return { clock, api, lines, client, parts: runnerParts }
}

const copies = (count: number): Controller => ({
  name: 'copier',
  watches: [{ ref: things, keys: selfKey }],
  reads: [parts],
  rules: [],
  decide: (key, { read }) => {
    const owner = read.get(things, key)
    if (owner === undefined) return nothing
    const have = read.list(parts, 'n').length
    const writes = Array.from({ length: count - have }, (_, n): Write => {
      const says = {
        about: owner,
        type: 'Normal',
        reason: 'SuccessfulCreate',
        message: 'Created part: {name}',
      } as const
      return { op: 'create', ref: parts, body: { ...thing(`p${have + n}`), kind: 'Part' }, says }
    })
    return { writes: [writes] }
  },
})

test('a decision is carried out and its events are recorded', async () => {
  const { api, client, parts: p } = world()
  await client.create(things, thing('a'))
  const running = run(copies(3), p)
  await running.ready
  await settle()
  assert.equal(api.cache('parts.x').list().length, 3)
  const messages = api
    .cache('events')
    .list()
    .map(event => JSON.stringify(event))
  assert.equal(messages.filter(text => text.includes('Created part: p')).length, 3)
  await running.stop()
})

test('slow start ends at the first refusal and the key is retried with back-off', async () => {
  const { api, client, clock, parts: p } = world()
  await client.create(things, thing('a'))
  const tried: string[] = []
  let refuse = true
  api.before = request => {
    if (request.verb !== 'create' || request.resource !== 'parts') return
    tried.push(request.body.metadata.name ?? '')
    if (refuse && request.body.metadata.name !== 'p0') throw refusal('Forbidden', 'no quota')
  }
  const running = run(copies(10), p)
  await settle()
  assert.deepEqual(tried, ['p0', 'p1', 'p2'])
  refuse = false
  await clock.advance(5)
  assert.equal(api.cache('parts.x').list().length, 10)
  assert.equal(running.meter().retries, 1)
  await running.stop()
})

test('a decider that throws is logged and retried and stops nobody else', async () => {
  const { api, client, clock, lines, parts: p } = world()
  await client.create(things, thing('bad'))
  await client.create(things, thing('good'))
  const inner = copies(1)
  let throws = 2
  const running = run(
    {
      ...inner,
      decide: (key, input) => {
        if (key === 'n/bad' && throws-- > 0) throw new Error('boom')
        return inner.decide(key, input)
      },
    },
    p,
  )
  await settle()
  assert.equal(api.cache('parts.x').list().length, 1)
  await clock.advance(1000)
  const told = lines.filter(line => line.includes('a decision failed'))
  assert.equal(told.length, 2)
  // Where it happened, not what was said there: that may be a part of an object.
  assert.ok(told.every(line => line.includes('runner.test.ts') && !line.includes('boom')))
  assert.equal(running.meter().failures, 2)
  await running.stop()
})

test('a key is not decided again before its reader shows its own writes', async () => {
  const gate = Promise.withResolvers<void>()
  const { client, parts: p } = world(reader => ({ ...reader, reached: () => gate.promise }))
  await client.create(things, thing('a'))
  await client.create(things, thing('b'))
  const decided: string[] = []
  const inner = copies(1)
  const running = run(
    {
      ...inner,
      workers: 1,
      decide: (key, input) => {
        decided.push(key)
        return inner.decide(key, input)
      },
    },
    p,
  )
  await settle()
  running.add('n/a')
  await settle()
  assert.deepEqual(decided, ['n/a', 'n/b'], 'the worker goes on with others meanwhile')
  gate.resolve()
  await settle()
  assert.deepEqual(decided, ['n/a', 'n/b', 'n/a'])
  await running.stop()
})

test('what is asked for is read live, then decided at once; memory is kept by key', async () => {
  const { client, parts: p } = world()
  await client.create(things, thing('a'))
  const seen: string[] = []
  const controller: Controller<number> = {
    name: 'asker',
    watches: [{ ref: things, keys: selfKey }],
    rules: [],
    decide: (_, { asked, memory = 0 }) => {
      if (!asked.has(parts, 'n/gone'))
        return {
          writes: [],
          ask: [
            { ref: parts, key: 'n/gone' },
            { ref: things, key: 'n/a' },
          ],
        }
      seen.push(`${asked.get(parts, 'n/gone')?.kind ?? 'absent'} ${asked.get(things, 'n/a')?.kind ?? ''} ${memory}`)
      return { writes: [], memory: memory + 1 }
    },
  }
  const running = run(controller, p)
  await settle()
  running.add('n/a')
  await settle()
  assert.deepEqual(seen, ['absent Thing 0', 'absent Thing 1'])
  await running.stop()
})

test('what answers later is asked once a decision, again by the next one, and again when it failed', async () => {
  const { client, clock, parts: p } = world()
  await client.create(things, thing('a'))
  const seen: string[] = []
  let asked = 0
  const later = new Later((question: string) =>
    ++asked === 1 ? Promise.reject(new Error('away')) : Promise.resolve(`${question}${asked}`),
  )
  const controller: Controller = {
    name: 'asker',
    watches: [{ ref: things, keys: selfKey }],
    rules: [],
    decide: (_, input) => {
      const answer = later.answer(input.asked, 'q')
      if (answer === undefined) return { writes: [], ask: [later.ask(input.asked, 'q', 'answer ')] }
      seen.push(answer)
      return { writes: [] }
    },
  }
  const running = run(controller, p)
  await settle()
  assert.deepEqual(seen, [])
  await clock.advance(1000)
  assert.deepEqual(seen, ['answer 2'])
  running.add('n/a')
  await settle()
  assert.deepEqual(seen, ['answer 2', 'answer 3'])
  await running.stop()
})

test('stop waits for what is under way and begins nothing more', async () => {
  const { api, client, parts: p } = world()
  for (const name of ['a', 'b', 'c']) await client.create(things, thing(name))
  const running = run({ ...copies(5), workers: 1 }, p)
  await running.stop()
  const count = api.cache('parts.x').list().length
  await settle()
  assert.equal(api.cache('parts.x').list().length, count)
})
