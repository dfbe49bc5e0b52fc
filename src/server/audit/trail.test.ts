/** Ends that are not as usual, and what of them goes on record. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Attributes } from '#api/request.ts'
import { StatusError } from '#api/status.ts'
import { systemClock } from '#base/clock.ts'
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import { makeAudit } from './audit.ts'
import { auditId, blotted, callOf, sourceIPs } from './call.ts'
import { eventSink } from './plain-sinks.ts'
import { parsePolicy } from './policy.ts'
import type { Trail } from './trail.ts'

const asked: Attributes = {
  verb: 'create',
  resourceRequest: true,
  path: '/x',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'a',
  name: 'b',
}
const eve = { name: 'eve', groups: [], source: 'x509' }

function opened(rule: object = { level: 'RequestResponse' }): { trail: Trail; events: Event[] } {
  const events: Event[] = []
  const audit = makeAudit({
    policy: parsePolicy(JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [rule] })),
    clock: systemClock,
    backends: () => [{ sink: eventSink(event => void events.push(event)), mode: 'batch' }],
  })
  const call = callOf({ headers: {}, url: '/x', remote: '::ffff:192.0.2.1', certificate: () => false })
  return { trail: audit.open(call), events }
}

suite('an end that is not as usual', () => {
  test('a bug is a Panic, and what it says stays in the log of the server', () => {
    const { trail, events } = opened()
    void trail.identify(eve, asked, false)
    trail.failed(new TypeError('cannot read password hunter2'))
    trail.end(500)
    assert.deepEqual(
      events.map(event => event.stage),
      ['RequestReceived', 'Panic'],
    )
    assert.equal(events[1]?.responseStatus?.message, "APIServer panic'd: TypeError")
    assert.doesNotMatch(JSON.stringify(events), /hunter2/)
  })

  test('a client that went', () => {
    const { trail, events } = opened()
    void trail.identify(eve, asked, true)
    trail.end(200, false)
    assert.deepEqual(
      events.map(({ stage, responseStatus }) => [stage, responseStatus?.message]),
      [
        ['RequestReceived', undefined],
        ['ResponseStarted', 'Connection closed early'],
        ['ResponseComplete', 'Connection closed early'],
      ],
    )
  })

  test('a refusal is on record before it is told, also where nothing else of it would be', async () => {
    for (const level of ['Metadata', 'None']) {
      const events: string[] = []
      const { promise, resolve } = Promise.withResolvers<void>()
      const sink = { ...eventSink(event => void events.push(event.stage)), written: () => promise }
      const audit = makeAudit({
        policy: parsePolicy(JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level }] })),
        refusals: true,
        clock: systemClock,
        backends: () => [{ sink, mode: 'batch' }],
      })
      const trail = audit.open(callOf({ headers: {}, url: '/x', remote: '::1', certificate: () => false }))
      void trail.identify(eve, asked, false)
      trail.failed(new StatusError({ reason: 'Forbidden', message: 'no', details: {} }))
      let told = false
      const recorded = trail.refused()?.then(() => (told = true))
      assert.equal(events.at(-1), 'ResponseComplete')
      await Promise.resolve()
      assert.deepEqual([recorded === undefined, told], [false, false])
      resolve()
      await recorded
      assert.equal(told, true)
      const count = events.length
      trail.end(403)
      assert.equal(events.length, count)
    }
  })

  test('an end is told once', () => {
    const { trail, events } = opened({ level: 'Metadata', omitStages: ['RequestReceived'] })
    void trail.identify(eve, asked, false)
    trail.end(201)
    trail.end(500)
    assert.deepEqual(
      events.map(event => event.responseStatus?.code),
      [201],
    )
  })

  test('a refusal of any length is cut, a body of any length left out, and the event says so', () => {
    const { trail, events } = opened({ level: 'RequestResponse', omitStages: ['RequestReceived'] })
    void trail.identify(eve, asked, false)
    trail.request({}, () => JSON.stringify('x'.repeat(20 << 20)))
    trail.failed(new StatusError({ reason: 'Invalid', message: 'm'.repeat(1 << 20) }))
    trail.end(422)
    assert.ok((events[0]?.responseStatus?.message ?? '').length < 20_000)
    assert.equal(events[0]?.requestObject, undefined)
    assert.equal(events[0]?.annotations?.['audit.k8s.io/truncated'], 'true')
  })

  test('what our own code noted comes first and stays; annotations have their room', () => {
    const { trail, events } = opened({ level: 'Metadata', omitStages: ['RequestReceived'] })
    void trail.identify(eve, asked, false)
    trail.note('decisions.bulwark.dev/id', 'one')
    trail.note('decisions.bulwark.dev/id', 'two')
    trail.annotations.set('decisions.bulwark.dev/id', 'three')
    trail.annotations.set('hook.example.com/long', 'x'.repeat(1 << 20))
    trail.annotations.set('hook.example.com/short', 'y')
    trail.end(200)
    assert.deepEqual(events[0]?.annotations, {
      'authentication.bulwark.dev/source': 'x509',
      'decisions.bulwark.dev/id': 'one',
      'hook.example.com/short': 'y',
    })
  })
})

suite('headers', () => {
  test('ids', () => {
    assert.equal(auditId('a-b'), 'a-b')
    for (const id of [undefined, '', 'a b', 'a\u00e9', ['x', 'y']]) assert.match(auditId(id), /^[0-9a-f-]{36}$/)
  })
  test('addresses, as far as they are any', () => {
    assert.deepEqual(sourceIPs({}, '::ffff:192.0.2.1'), ['192.0.2.1'])
    assert.deepEqual(sourceIPs({ 'x-forwarded-for': ' 2001:db8::1 ,"; rm -rf,192.0.2.1' }, '192.0.2.1'), [
      '2001:db8::1',
      '192.0.2.1',
    ])
    assert.deepEqual(sourceIPs({ 'x-real-ip': '198.51.100.1' }, '192.0.2.1'), ['198.51.100.1', '192.0.2.1'])
    assert.equal(sourceIPs({ 'x-forwarded-for': '192.0.2.9,'.repeat(10_000) }, undefined).length, 16)
  })
  test('tokens in a query', () => {
    assert.equal(blotted('/x?a=1&access_token=abc%20d&token=e#f'), '/x?a=1&access_token=REDACTED&token=REDACTED#f')
    assert.equal(blotted('/x?tokens=1'), '/x?tokens=1')
  })
})
