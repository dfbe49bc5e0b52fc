/** SPDY frames and DNS messages. */
import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { malformedReply, readName, readQuery, scanReply, WireError, writeReply } from '#network/dns/wire.ts'
import { makeParser, SpdyConnection } from '#wire/spdy.ts'
import { refusable, same, type Target } from '../target.ts'

/** A socket whose other side says what we want it to. */
class Silent extends Duplex {
  setNoDelay(): this {
    return this
  }
  override _read(): void {}
  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    done()
  }
}

const frames = (input: Buffer, step: number) =>
  refusable(() => {
    const parse = makeParser()
    const found = []
    for (let at = 0; at < input.length; at += step) found.push(...parse(input.subarray(at, at + step)))
    return found.map(frame => ({ ...frame, body: Buffer.from(frame.body) }))
  }, RangeError)

async function runSpdy(input: Buffer): Promise<void> {
  const whole = frames(input, Math.max(1, input.length))
  same(frames(input, 7), whole, 'however they arrive')
  const socket = new Silent()
  const connection = new SpdyConnection(socket as unknown as Socket, Buffer.alloc(0))
  const opened = connection.open({ streamtype: 'stdout' }).then(
    stream => stream.on('error', () => undefined).resume(),
    () => undefined,
  )
  socket.emit('data', input)
  connection.close()
  await connection.closed
  await opened
}

export const spdy: Target = {
  name: 'spdy',
  words: [
    '80030001',
    '80030002',
    '80030003',
    '80030006',
    '00000001',
    '01000000',
    '00ffffff',
    '00000000',
    '7fffffff',
  ].map(hex => Buffer.from(hex, 'hex')),
  rounds: 2500,
  run: runSpdy,
}

function runDns(input: Buffer): void {
  const query = refusable(() => readQuery(input), WireError)
  if (query !== undefined) {
    assert.ok(query.name.length < 128)
    const data = Buffer.from([10, 0, 0, 1])
    const answers = Array.from({ length: 50 }, () => ({ name: query.name, type: 1, ttl: 5, data }))
    for (const limit of [512, 1232, 65_535]) {
      const reply = writeReply(query, { code: 0, answers }, limit)
      assert.ok(reply.length <= limit, `a reply of ${reply.length} bytes`)
      scanReply(reply)
    }
  }
  const scan = refusable(() => scanReply(input), WireError)
  for (const at of scan?.ttls ?? []) assert.ok(at + 4 <= input.length)
  refusable(() => readName(input, input.length >> 1), WireError)
  assert.equal(malformedReply(input).length, 12)
}

export const dns: Target = {
  name: 'dns',
  words: [
    'c00c',
    'c000',
    'ffff',
    '00',
    '3f',
    '40',
    '80',
    '00010001',
    '001c0001',
    '00ff0001',
    '0000290200000000000000',
    '0100',
    '8180',
  ].map(hex => Buffer.from(hex, 'hex')),
  rounds: 8000,
  run: runDns,
}
