/** Clients that go away in the middle of a long answer: what it held is free again, and others get what they asked for. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders, connect } from 'node:http2'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from './definitions.ts'
import { type Wire, openWire } from './wire.ts'

const at = '/api/v1/namespaces/default/configmaps'
const kinds: readonly OutgoingHttpHeaders[] = [
  {},
  { 'accept-encoding': 'gzip' },
  { accept: 'application/vnd.kubernetes.protobuf' },
]

let wire: Wire
before(async () => {
  wire = await openWire()
  for (let n = 0; n < 12; n++) {
    const data = { a: String.fromCodePoint(97 + n).repeat(500_000) }
    assert.equal((await wire.call('POST', at, { body: { metadata: { name: `c${n}` }, data } })).status, 201)
  }
})
after(() => wire.stop())

function session(): ClientHttp2Session {
  const one = connect(wire.url.origin, { ...wire.tls, settings: { initialWindowSize: 1000 } })
  one.on('error', () => undefined)
  return one
}

function ask(from: ClientHttp2Session, headers: OutgoingHttpHeaders): ClientHttp2Stream {
  const stream = from.request({ ':path': at, ...headers })
  stream.on('error', () => undefined)
  return stream
}

/** Those of the request that asks are among them. */
const seats = /^apiserver_flowcontrol_current_executing_seats\{priority_level="exempt"\} 1$/m
const allFree = () =>
  until(
    () => wire.call('GET', '/metrics'),
    reply => seats.test(reply.text),
  )

test('an answer that nobody reads any more is over', async () => {
  for (const headers of kinds) {
    const one = session()
    for (let n = 0; n < 5; n++) {
      const stream = ask(one, headers)
      await once(stream, 'data')
      stream.close(8)
    }
    for (let n = 0; n < 10; n++) {
      const stream = ask(one, headers)
      setTimeout(() => stream.close(8), n)
    }
    await sleep(50)
    await once(ask(one, headers), 'data')
    one.destroy()
    await allFree()
  }
})

test('an answer without a body is over', async () => {
  for (const headers of kinds) {
    const one = session()
    const stream = ask(one, { ...headers, ':method': 'HEAD' })
    const [answer] = await once(stream, 'response')
    assert.equal(answer[':status'], 200)
    stream.resume()
    await once(stream, 'end')
    await allFree()
    one.destroy()
  }
})

test('what others get meanwhile is whole', async () => {
  const whole = (await wire.call('GET', at)).bytes
  const one = session()
  const leaving = Array.from({ length: 40 }, async (_, n) => {
    const stream = ask(one, {})
    await once(stream, 'data')
    await sleep(n)
    stream.close(8)
  })
  const staying = Array.from({ length: 20 }, async () => {
    const parts: Buffer[] = []
    for await (const part of ask(one, {})) {
      parts.push(part)
      if (parts.length % 1000 === 0) await sleep(1)
    }
    assert.ok(Buffer.concat(parts).equals(whole))
  })
  await Promise.all([...leaving, ...staying])
  one.destroy()
  await allFree()
})
