/** Forwarding over real sockets on loopback. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFakeClock } from '#client/fake-clock.ts'
import { questionBytes, replyText } from './ask.ts'
import { type DnsServer, listenDns } from './server.ts'
import { makeUpstream } from './upstream.ts'
import { type Query, readQuery, types, writeReply } from './wire.ts'

interface Heard {
  readonly id: number
  readonly spelled: string
  readonly tcp: boolean
}

/** A resolver that answers `code` and notes what it is asked. */
async function resolver(code: number, heard: Heard[]): Promise<DnsServer> {
  const answer = (message: Buffer, tcp: boolean): Promise<Buffer | undefined> => {
    const query = readQuery(message)
    assert.ok(query !== undefined)
    heard.push({ id: query.id, spelled: query.question.toString('latin1', 1, 8), tcp })
    const a = { name: query.name, type: types.A, ttl: 0, data: Buffer.from([192, 0, 2, 9]) }
    return Promise.resolve(writeReply(query, { code, answers: code === 0 ? [a] : [] }, tcp ? 65_535 : 20))
  }
  return await listenDns({ address: '127.0.0.1', port: 0, allowed: () => true, answer })
}

const question = (name: string): Query => {
  const query = readQuery(questionBytes({ name, id: 7 }))
  assert.ok(query !== undefined)
  return query
}

test('each question has an id of its own, keeps its spelling, and goes by the way it came', async () => {
  const heard: Heard[] = []
  const server = await resolver(0, heard)
  const upstream = makeUpstream({ clock: makeFakeClock(), servers: () => ['127.0.0.1'], port: server.port })
  const query = question('ExaMple.org')
  const udp = await upstream.ask(query, false)
  assert.deepEqual(replyText(udp?.message ?? Buffer.alloc(12)), ['NOERROR tc'])
  const tcp = await upstream.ask(query, true)
  assert.deepEqual(replyText(tcp?.message ?? Buffer.alloc(12)), ['NOERROR', 'answer example.org. A 192.0.2.9'])
  assert.equal(tcp?.message.readUInt16BE(0), 7)
  for (let more = 0; more < 4; more++) await upstream.ask(query, true)
  assert.deepEqual(new Set(heard.map(one => one.spelled)), new Set(['ExaMple']))
  assert.deepEqual(
    heard.map(one => one.tcp),
    [false, true, true, true, true, true],
  )
  assert.ok(new Set(heard.map(one => one.id)).size > 1)
  await server.close()
})

test('who asks the same at the same time shares one question', async () => {
  const heard: Heard[] = []
  const server = await resolver(0, heard)
  const upstream = makeUpstream({ clock: makeFakeClock(), servers: () => ['127.0.0.1'], port: server.port })
  await Promise.all(Array.from({ length: 20 }, () => upstream.ask(question('same.org'), true)))
  assert.equal(heard.length, 1)
  await server.close()
})

test('a server that fails leaves it to the next; without any there is no answer', async () => {
  const heard: Heard[] = []
  const server = await resolver(2, heard)
  const failing = makeUpstream({ clock: makeFakeClock(), servers: () => ['127.0.0.1'], port: server.port })
  assert.equal((await failing.ask(question('a.org'), true))?.scan.code, 2)
  assert.equal(heard.length, 2)
  await server.close()
  assert.equal(await failing.ask(question('b.org'), true), undefined)
  const none = makeUpstream({ clock: makeFakeClock(), servers: () => [] })
  assert.equal(await none.ask(question('c.org'), false), undefined)
})

test('whoever may not ask hears nothing', async () => {
  const server = await listenDns({
    address: '127.0.0.1',
    port: 0,
    allowed: () => false,
    answer: () => assert.fail('it was asked'),
  })
  const upstream = makeUpstream({ clock: makeFakeClock(), servers: () => ['127.0.0.1'], port: server.port })
  assert.equal(await upstream.ask(question('a.org'), true), undefined)
  await server.close()
})
