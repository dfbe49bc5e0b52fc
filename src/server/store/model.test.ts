/** The stores against the plainest model of one: every state in a list, every event in another. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Gate, HandClock, Notes, decode, put, remove, shown, until, type OpenOptions } from './conformance/harness.ts'
import type { Operation, Store } from './contract.ts'
import { openMemoryStore } from './memory.ts'
import { openSqliteStore } from './sqlite/open.ts'

type Expect = 'any' | 'right' | 'absent' | 'wrong'
type Step =
  | {
      readonly do: 'write'
      readonly writes: readonly { key: string; remove: boolean; check: boolean; expect: Expect }[]
    }
  | { readonly do: 'fail' | 'restart' }
  | { readonly do: 'watch' | 'compact' | 'look'; readonly back: number }

interface Held {
  readonly data: string
  readonly revision: number
}
type State = ReadonlyMap<string, Held>

const key = fc.constantFrom('a', 'a/x', 'a-b/x', 'a/y', 'b', '\uffee', '\u{1f600}')
const expect = fc.constantFrom<Expect>('any', 'right', 'right', 'absent', 'wrong')
const write = fc.record({ key, remove: fc.boolean(), check: fc.constantFrom(false, false, true), expect })
const writes = fc.uniqueArray(write, { selector: ({ key }) => key, minLength: 1, maxLength: 3 })
const back = fc.nat({ max: 12 })
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('write' as const), writes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('fail' as const, 'restart' as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('watch' as const, 'look' as const), back }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const), back }) },
)

const bytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
const print = (state: State): readonly string[] =>
  [...state].sort(([a], [b]) => bytes(a, b)).map(([key, { data, revision }]) => `${key}=${data}@${revision}`)

class Model {
  states = new Map<number, State>([[1, new Map()]])
  events: { readonly revision: number; readonly line: string }[] = []
  oldest = 1
  revision = 1
  watching: { readonly notes: Notes; readonly since: number }[] = []
  count = 0

  get state(): State {
    return this.states.get(this.revision) ?? new Map()
  }

  at(revision: number): State {
    const known = [...this.states.keys()].filter(one => one <= revision)
    return this.states.get(Math.max(...known)) ?? new Map()
  }

  /** What the writes come to: the operations, whether they hold, and the state and events after. */
  plan(writes: Extract<Step, { do: 'write' }>['writes']): {
    operations: Operation[]
    conflict: number
    after: (revision: number) => void
  } {
    const held = writes.map(({ key }) => this.state.get(key)?.revision ?? 0)
    const expects = writes.map(({ expect, check }, i) => {
      if (expect === 'any' && !check) return undefined
      return expect === 'absent' ? 0 : expect === 'wrong' ? 1_000_000 : (held[i] ?? 0)
    })
    const data = writes.map(() => String(this.count++))
    const operations = writes.map(({ key, remove: gone, check }, i): Operation => {
      const wanted = expects[i]
      if (check) return { type: 'check', resource: 'things', key, expect: wanted ?? 0 }
      const rest = wanted === undefined ? {} : { expect: wanted }
      return gone ? remove(key, rest) : put(key, data[i], rest)
    })
    const conflict = writes.findIndex(
      ({ remove: gone, check }, i) =>
        (expects[i] !== undefined && expects[i] !== held[i]) || (gone && !check && held[i] === 0),
    )
    const after = (revision: number): void => {
      const next = new Map(this.state)
      for (const [i, { key, remove: gone, check }] of writes.entries()) {
        if (check) continue
        const value = gone ? (next.get(key)?.data ?? '') : (data[i] ?? '')
        if (gone) next.delete(key)
        else next.set(key, { data: value, revision })
        this.events.push({ revision, line: `${gone ? 'delete' : 'put'} ${key}=${value}@${revision}` })
      }
      this.states.set(revision, next)
      this.revision = revision
    }
    return { operations, conflict, after }
  }
}

interface Subject {
  store: Store
  readonly gate: Gate
  readonly restart: () => Promise<void>
}

async function commit(subject: Subject, model: Model, step: Extract<Step, { do: 'write' }>): Promise<void> {
  const { operations, conflict, after } = model.plan(step.writes)
  const result = await subject.store.commit(operations)
  if (conflict >= 0) assert.ok(!result.ok && result.reason === 'conflict' && result.at === conflict)
  else {
    assert.ok(result.ok)
    if (result.kept.length > 0) {
      assert.ok(result.revision > model.revision)
      after(result.revision)
    }
  }
}

async function failing({ store, gate }: Subject): Promise<void> {
  gate.fail({ reason: 'failed', message: 'as asked' })
  const results = await Promise.all([store.commit([put('a', 'lost')]), store.commit([put('b', 'lost too')])])
  assert.ok(results.every(result => !result.ok && result.reason === 'failed'))
}

async function run(subject: Subject, model: Model, step: Step): Promise<void> {
  const { store } = subject
  const past = 'back' in step ? Math.max(0, model.revision - step.back) : 0
  switch (step.do) {
    case 'write':
      return commit(subject, model, step)
    case 'fail':
      return failing(subject)
    case 'restart':
      await subject.restart()
      break
    case 'watch':
      model.watching.push({ notes: new Notes(store, past), since: past })
      if (past < model.oldest) {
        await new Promise(resolve => setImmediate(resolve))
        assert.equal(model.watching.pop()?.notes.ended, 'expired')
      }
      break
    case 'look': {
      const snapshot = await store.snapshotAt('things', past)
      if (past < model.oldest) assert.equal(snapshot, 'expired')
      else assert.ok(typeof snapshot !== 'string' && shown(snapshot).join() === print(model.at(past)).join())
      break
    }
    case 'compact':
      await store.compact(past)
      model.oldest = Math.max(model.oldest, past)
      break
  }
}

async function check(subject: Subject, steps: readonly Step[], restartable: boolean): Promise<void> {
  const model = new Model()
  for (const step of steps) {
    if (step.do === 'restart' && !restartable) continue
    await run(subject, model, step)
    assert.deepEqual(shown(subject.store.snapshot('things')), print(model.state))
    assert.equal(subject.store.revision(), model.revision)
    assert.equal(subject.store.oldest(), model.oldest)
    if (step.do === 'restart' || step.do === 'compact') await settle(model)
    if (step.do === 'restart') model.watching = []
  }
  await settle(model)
}

/** Every watch that has not ended with its store has told all events since it began. */
async function settle(model: Model): Promise<void> {
  for (const { notes, since } of model.watching) {
    const wanted = model.events.filter(event => event.revision > since).map(event => event.line)
    await until(() => notes.ended !== undefined || notes.lines.length >= wanted.length)
    // Compaction may overtake a watch that still reads history.
    if (notes.ended === 'expired') assert.ok(since < model.oldest)
    assert.deepEqual(notes.lines, notes.ended === undefined ? wanted : wanted.slice(0, notes.lines.length))
  }
}

const optionsOf = (gate: Gate, clock: HandClock): OpenOptions => ({
  decode,
  clock,
  freeze: true,
  through: gate.through,
})

test('the memory store agrees with the model', () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      const gate = new Gate()
      const store = openMemoryStore(optionsOf(gate, new HandClock()))
      await check({ store, gate, restart: () => Promise.resolve() }, steps, false)
      await store.close()
    }),
    { numRuns: 60 },
  ))

test('the SQLite store agrees with the model, restarts and a tiny memory included', () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async steps => {
      const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bulwark-model-'))
      const gate = new Gate()
      const options = {
        ...optionsOf(gate, new HandClock()),
        path: join(folder, 's.db'),
        window: { changes: 4, bytes: 1e6 },
      }
      const sealing = { keys: [Buffer.alloc(32, 5)], sealed: ['things'] }
      const open = (): Promise<Store> => openSqliteStore({ ...options, ...sealing })
      const subject: Subject = {
        store: await open(),
        gate,
        restart: async () => {
          await subject.store.close()
          subject.store = await open()
        },
      }
      try {
        await check(subject, steps, true)
      } finally {
        await subject.store.close()
        rmSync(folder, { recursive: true })
      }
    }),
    { numRuns: 8, endOnFailure: true },
  ))
