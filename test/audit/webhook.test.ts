/** The webhook against servers that are slow, gone or lying. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { type FakeClock, makeFakeClock, settle } from '#client/fake-clock.ts'
import { CallError } from '#wire/failure.ts'
import type { Call, Reply } from '#wire/https.ts'
import { record } from '#server/audit/fixture.ts'
import { type WebhookOptions, makeWebhookSink } from '#server/audit/webhook.ts'

interface Posted {
  readonly calls: Call[]
  readonly lost: number[]
  readonly clock: FakeClock
}

function sinkTo(answer: (call: Call) => Promise<Reply>, more: Partial<WebhookOptions> = {}) {
  const posted: Posted = { calls: [], lost: [], clock: makeFakeClock() }
  const sink = makeWebhookSink({
    caller: {
      post: (_, call) => {
        posted.calls.push(call)
        return answer(call)
      },
    },
    destination: { url: new URL('https://audit.example.com/') },
    headers: { authorization: 'Bearer t' },
    clock: posted.clock,
    log: silentLog,
    lost: (_, events) => void posted.lost.push(events),
    random: () => 0,
    buffer: 100,
    batch: 10,
    wait: 30_000,
    backoff: 1000,
    ...more,
  })
  return { sink, ...posted }
}
const ok: Reply = { status: 200, headers: {}, body: Buffer.alloc(0) }
const good = (): Promise<Reply> => Promise.resolve(ok)
const idsIn = (call: Call | undefined): readonly string[] =>
  (JSON.parse(call?.body ?? '{}') as { items: { auditID: string }[] }).items.map(one => one.auditID)
const put = (sink: { put(of: ReturnType<typeof record>): boolean }, from: number, to: number): readonly boolean[] =>
  Array.from({ length: to - from + 1 }, (_, at) => sink.put(record(String(from + at))))

suite('the webhook', () => {
  test('gets lists: when they are full, or after a while', async () => {
    const { sink, calls, clock } = sinkTo(good)
    put(sink, 1, 12)
    await settle()
    assert.deepEqual(
      calls.map(call => idsIn(call).length),
      [10, 2],
    )
    put(sink, 13, 14)
    await clock.advance(29_000)
    assert.equal(calls.length, 2)
    await clock.advance(1000)
    assert.deepEqual(idsIn(calls[2]), ['13', '14'])
    const list = JSON.parse(calls[0]?.body ?? '') as { kind: string; apiVersion: string }
    assert.deepEqual([list.kind, list.apiVersion], ['EventList', 'audit.k8s.io/v1'])
    assert.equal(calls[0]?.headers['authorization'], 'Bearer t')
  })

  test('is asked again with longer pauses, five times, and then it is lost and counted', async () => {
    const { sink, calls, clock, lost } = sinkTo(() =>
      Promise.resolve({ status: 503, headers: {}, body: Buffer.from('secret words') }),
    )
    put(sink, 1, 10)
    await clock.advance(999)
    assert.equal(calls.length, 1)
    await clock.advance(1)
    assert.equal(calls.length, 2)
    await clock.advance(1500 + 2250 + 3375)
    assert.equal(calls.length, 5)
    assert.deepEqual(lost, [10])
    assert.equal(sink.failing, true)
  })

  test('that hangs keeps a bounded number of events, and the call is ended', async () => {
    const { sink, calls, clock, lost } = sinkTo(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new CallError('context deadline exceeded')))
        }),
    )
    const taken = put(sink, 1, 300)
    assert.equal(taken.filter(Boolean).length, 110)
    assert.equal(
      lost.reduce((sum, one) => sum + one, 0),
      190,
    )
    await clock.advance(30_000)
    assert.equal(calls[0]?.signal.aborted, true)
    assert.ok((calls[0]?.limit ?? Infinity) <= 64 * 1024)
  })

  test('that redirects or answers nonsense has not taken anything', async () => {
    for (const status of [302, 404, 500, 0]) {
      const { sink, clock, lost } = sinkTo(() => Promise.resolve({ status, headers: {}, body: Buffer.from('<html>') }))
      put(sink, 1, 10)
      await clock.advance(60_000)
      assert.deepEqual(lost, [10], String(status))
    }
  })

  test('is not asked more often than it is allowed', async () => {
    const { sink, calls, clock } = sinkTo(good, { throttle: { qps: 1, burst: 2 }, batch: 1 })
    put(sink, 1, 6)
    await settle()
    assert.equal(calls.length, 2)
    await clock.advance(2000)
    assert.equal(calls.length, 4)
    await clock.advance(2000)
    assert.equal(calls.length, 6)
  })

  test('large events lose their bodies, larger ones go', async () => {
    const { sink, calls, lost } = sinkTo(good, { truncate: { event: 2000, list: 3000 } })
    sink.put(record('a', { request: JSON.stringify('x'.repeat(5000)) }))
    sink.put(record('b', { agent: 'y'.repeat(5000) }))
    for (let at = 0; at < 6; at++) sink.put(record(`c${at}`))
    await sink.flush()
    assert.deepEqual(lost, [1])
    const text = calls.map(call => call.body).join('')
    assert.match(text, /"auditID":"a".*"audit\.k8s\.io\/truncated":"true"/)
    assert.doesNotMatch(text, /xxxx|yyyy/)
    assert.ok(calls.every(call => (call.body ?? '').length < 3200))
  })

  test('flush tells whether what was put has arrived', async () => {
    let fails = false
    const { sink, clock } = sinkTo(() => Promise.resolve(fails ? { ...ok, status: 500 } : ok))
    put(sink, 1, 1)
    assert.equal(await sink.flush(), true)
    fails = true
    put(sink, 2, 2)
    const flushed = sink.flush()
    await clock.advance(60_000)
    assert.equal(await flushed, false)
  })
})
