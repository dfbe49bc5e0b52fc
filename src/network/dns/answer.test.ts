/** Answers of cluster DNS as text; and that nothing that comes can break it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeFakeClock } from '#client/fake-clock.ts'
import { endpoint, namespace, service, slice } from '../samples.ts'
import { answer } from './answer.ts'
import { type Asked, questionBytes, replyText } from './ask.ts'
import { snapshotText } from './keep.ts'
import { parseSnapshot } from './snapshot.ts'
import { type Exchange, makeUpstream } from './upstream.ts'
import { readName, readQuery, scanReply, types, writeReply } from './wire.ts'
import { makeZone } from './zone.ts'

const many = Array.from({ length: 100 }, (_, at) => endpoint(`10.244.3.${at + 1}`))
const text = snapshotText('cluster.local', {
  services: [
    service('web', { clusterIP: '10.96.0.20', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }),
    service('db', { clusterIP: 'None', ports: [{ name: 'sql', port: 5432 }] }),
    service('big', { clusterIP: 'None' }),
    service('out', { type: 'ExternalName', externalName: 'www.example.org' }),
    service('alias', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' }),
    service('constructor', { clusterIP: '10.96.0.66' }),
  ],
  slices: [
    slice(
      'db',
      [
        endpoint('10.244.1.5', { hostname: 'db-0' }),
        endpoint('10.244.1.6'),
        endpoint('10.244.1.7', { conditions: { ready: false } }),
      ],
      [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    ),
    slice('big', many),
  ],
  namespaces: [namespace('default'), namespace('empty')],
  clients: [],
})
const zone = makeZone(parseSnapshot(text), 1)

const outside: Exchange = (_, message) => {
  const query = readQuery(message)
  assert.ok(query !== undefined)
  const { name } = query
  if (name[0] === 'absent') return Promise.resolve(writeReply(query, { code: 3 }, 512))
  if (name[0] === 'silent') return Promise.reject(new Error('no answer'))
  const a = { name, type: types.A, ttl: 60, data: Buffer.from([192, 0, 2, 80]) }
  return Promise.resolve(writeReply(query, { code: 0, answers: [a] }, 512))
}

const clock = makeFakeClock()
const source = (exchange: Exchange = outside) => ({
  zone: () => zone,
  upstream: makeUpstream({ clock, servers: () => ['192.0.2.53'], exchange }),
})

async function ask(name: string, type: Asked['type'] = 'A', tcp = false): Promise<readonly string[]> {
  const reply = await answer(questionBytes({ name, type }), source(), tcp)
  return replyText(reply ?? Buffer.alloc(12))
}

const soa = 'authority cluster.local. SOA ns.dns.cluster.local.'

test('services', async () => {
  const web = 'web.default.svc.cluster.local'
  assert.deepEqual(await ask(web), ['NOERROR aa', `answer ${web}. A 10.96.0.20`])
  assert.deepEqual(await ask(web, 'AAAA'), ['NOERROR aa', soa])
  assert.deepEqual(await ask(`_http._tcp.${web}`, 'SRV'), [
    'NOERROR aa',
    `answer _http._tcp.${web}. SRV 80 ${web}.`,
    `additional ${web}. A 10.96.0.20`,
  ])
  assert.deepEqual(await ask(`_http._udp.${web}`, 'SRV'), ['NXDOMAIN aa', soa])
  assert.deepEqual(await ask(`x.${web}`), ['NXDOMAIN aa', soa])
  assert.deepEqual(await ask('constructor.default.svc.cluster.local'), [
    'NOERROR aa',
    'answer constructor.default.svc.cluster.local. A 10.96.0.66',
  ])
})

test('headless services', async () => {
  const db = 'db.default.svc.cluster.local'
  assert.deepEqual(await ask(db), ['NOERROR aa', `answer ${db}. A 10.244.1.5`, `answer ${db}. A 10.244.1.6`])
  assert.deepEqual(await ask(`db-0.${db}`), ['NOERROR aa', `answer db-0.${db}. A 10.244.1.5`])
  assert.deepEqual(await ask(`10-244-1-6.${db}`), ['NOERROR aa', `answer 10-244-1-6.${db}. A 10.244.1.6`])
  assert.deepEqual(await ask(`_sql._tcp.${db}`, 'SRV'), [
    'NOERROR aa',
    `answer _sql._tcp.${db}. SRV 5432 db-0.${db}.`,
    `answer _sql._tcp.${db}. SRV 5432 10-244-1-6.${db}.`,
    `additional db-0.${db}. A 10.244.1.5`,
    `additional 10-244-1-6.${db}. A 10.244.1.6`,
  ])
})

test('pods, addresses, the version, the zone itself', async () => {
  const pod = '10-244-1-5.default.pod.cluster.local'
  assert.deepEqual(await ask(pod), ['NOERROR aa', `answer ${pod}. A 10.244.1.5`])
  assert.deepEqual(await ask('10-244-1-5.nowhere.pod.cluster.local'), ['NXDOMAIN aa', soa])
  assert.deepEqual(await ask('web.default.pod.cluster.local'), ['NXDOMAIN aa', soa])
  assert.deepEqual(await ask('20.0.96.10.in-addr.arpa', 'PTR'), [
    'NOERROR aa',
    'answer 20.0.96.10.in-addr.arpa. PTR web.default.svc.cluster.local.',
  ])
  assert.deepEqual(await ask('5.1.244.10.in-addr.arpa', 'PTR'), [
    'NOERROR aa',
    'answer 5.1.244.10.in-addr.arpa. PTR db-0.db.default.svc.cluster.local.',
  ])
  assert.deepEqual(await ask('dns-version.cluster.local', 'TXT'), [
    'NOERROR aa',
    'answer dns-version.cluster.local. TXT "1.1.0"',
  ])
  assert.deepEqual((await ask('cluster.local', 'SOA')).slice(0, 2), ['NOERROR aa', soa.replace('authority', 'answer')])
})

test('what does not exist, and what exists without records', async () => {
  for (const name of [
    'nothing.default.svc.cluster.local',
    'web.nowhere.svc.cluster.local',
    'nowhere.svc.cluster.local',
    'x.cluster.local',
  ])
    assert.deepEqual(await ask(name), ['NXDOMAIN aa', soa], name)
  for (const name of [
    'svc.cluster.local',
    'default.svc.cluster.local',
    'empty.svc.cluster.local',
    '_tcp.web.default.svc.cluster.local',
  ])
    assert.deepEqual(await ask(name), ['NOERROR aa', soa], name)
})

test('an ExternalName is an alias, with the address when it can be had', async () => {
  const out = 'out.default.svc.cluster.local'
  assert.deepEqual(await ask(out), [
    'NOERROR aa',
    `answer ${out}. CNAME www.example.org.`,
    'answer www.example.org. A 192.0.2.80',
  ])
  assert.deepEqual(await ask('alias.default.svc.cluster.local'), [
    'NOERROR aa',
    'answer alias.default.svc.cluster.local. CNAME web.default.svc.cluster.local.',
    'answer web.default.svc.cluster.local. A 10.96.0.20',
  ])
})

test('all other names are asked of the resolvers', async () => {
  assert.deepEqual(await ask('example.org'), ['NOERROR', 'answer example.org. A 192.0.2.80'])
  assert.deepEqual(await ask('absent.example.org'), ['NXDOMAIN'])
  assert.deepEqual(await ask('silent.example.org'), ['SERVFAIL'])
})

test("the asker's spelling and id come back, also out of what is remembered", async () => {
  let asked = 0
  const own = source((to, message) => {
    asked++
    return outside(to, message)
  })
  for (const [id, name] of [
    [1, 'eXample.ORG'],
    [2, 'ExAmPlE.org'],
  ] as const) {
    const question = questionBytes({ name, id })
    const reply = await answer(question, own, false)
    assert.equal(reply?.readUInt16BE(0), id)
    assert.deepEqual(reply.subarray(12, question.length), question.subarray(12))
  }
  assert.equal(asked, 1)
  await clock.advance(30_000)
  const aged = (await answer(questionBytes({ name: 'example.org' }), own, false)) ?? Buffer.alloc(0)
  assert.equal(scanReply(aged).lifetime, 30)
  await clock.advance(31_000)
  await answer(questionBytes({ name: 'example.org' }), own, false)
  assert.equal(asked, 2)
})

test('what does not fit a datagram is cut off, and whole by TCP', async () => {
  const big = 'big.default.svc.cluster.local'
  assert.deepEqual(await ask(big), ['NOERROR aa tc'])
  assert.equal((await ask(big, 'A', true)).length, 101)
  const reply = await answer(questionBytes({ name: 'web.default.svc.cluster.local', edns: true }), source(), false)
  assert.equal(replyText(reply ?? Buffer.alloc(12)).at(-1), 'opt')
})

test('bad questions are told so, replies and fragments are not answered', async () => {
  const good = questionBytes({ name: 'a.b' })
  const two = Buffer.from(good)
  two.writeUInt16BE(2, 4)
  assert.deepEqual(replyText((await answer(two, source(), false)) ?? Buffer.alloc(0)), ['FORMERR'])
  assert.deepEqual(replyText((await answer(good.subarray(0, -1), source(), false)) ?? Buffer.alloc(0)), ['FORMERR'])
  const reply = Buffer.from(good)
  reply[2] = 0x80
  assert.equal(await answer(reply, source(), false), undefined)
  assert.equal(await answer(good.subarray(0, 11), source(), false), undefined)
  const update = Buffer.from(good)
  update[2] = 5 << 3
  assert.match(replyText((await answer(update, source(), false)) ?? Buffer.alloc(0))[0] ?? '', /NOTIMP/)
})

test('nothing that comes breaks it', async () => {
  const good = questionBytes({ name: '_sql._tcp.db.default.svc.cluster.local', type: 'SRV', edns: true })
  const bent = fc.tuple(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length)).map(([at, byte, cut]) => {
    const message = Buffer.from(good)
    message[at] = byte
    return message.subarray(0, Math.max(cut, 12))
  })
  const noise = fc.uint8Array({ maxLength: 80 }).map(bytes => Buffer.from(bytes))
  await fc.assert(
    fc.asyncProperty(fc.oneof(bent, noise), async message => {
      const reply = await answer(
        message,
        source(() => Promise.reject(new Error('none'))),
        false,
      )
      assert.ok(reply === undefined || (reply.length >= 12 && reply.length <= 1232))
    }),
    { numRuns: 1_000 },
  )
  fc.assert(
    fc.property(noise, message => {
      for (const read of [() => readName(message, 0), () => scanReply(message)])
        try {
          read()
        } catch (error) {
          assert.equal(error instanceof Error && error.name, 'WireError')
        }
    }),
    { numRuns: 1_000 },
  )
})
