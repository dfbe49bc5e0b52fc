/** A server whose log and record are watched for a value that it is told, and ways to make it talk. */
import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http'
import { makeLog } from '#base/log.ts'
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import { type Reply, type Wire, openWire } from '../api/wire.ts'
import { type Canary, assertAbsent, makeCanary } from './canary.ts'

export const secrets = '/api/v1/namespaces/default/secrets'

/** Method, path, body, type of the body, headers. */
export type Case = readonly [
  method: string,
  path: string,
  body: object | string | Buffer,
  type?: string,
  headers?: OutgoingHttpHeaders,
]

export interface Leaking {
  readonly wire: Wire
  readonly canary: Canary
  readonly events: Event[]
  /** The log of the server. */
  readonly written: () => string
  /** A Secret that holds the value. */
  readonly secret: (name: string, more?: object) => object
  /** What it holds. */
  readonly data: { readonly key: string }
  readonly send: (one: Case, token?: string) => Promise<Reply>
  /** All of them are refused, and say nothing of the value. */
  readonly fails: (cases: readonly Case[], token?: string) => Promise<void>
  /** Nothing of it was logged or put on record. */
  readonly finish: () => Promise<void>
}

const bytesOf = (body: Case[2]): string | Buffer =>
  typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)

export async function startLeaking(): Promise<Leaking> {
  const canary = makeCanary()
  const events: Event[] = []
  let written = ''
  const log = makeLog(line => (written += line), 'debug')
  const wire = await openWire({ log, audit: event => void events.push(event) })
  const data = { key: canary.base64 }
  const secret: Leaking['secret'] = (name, more = {}) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    data,
    ...more,
  })
  const send: Leaking['send'] = ([method, path, body, type = 'application/json', headers = {}], token) => {
    const bytes = bytesOf(body)
    return wire.call(method, path, {
      body: bytes,
      ...(token === undefined ? {} : { token }),
      headers: { 'content-type': type, 'content-length': Buffer.byteLength(bytes), ...headers },
    })
  }
  const fails: Leaking['fails'] = async (cases, token) => {
    for (const one of cases) {
      const reply = await send(one, token)
      const name = `${one[0]} ${one[1]} ${one[3] ?? ''}: ${bytesOf(one[2]).toString().slice(0, 200)}`
      const refused = reply.status >= 400 && reply.json?.message !== 'the server could not answer'
      assert.ok(refused, `${name}: ${reply.status} ${reply.text.slice(0, 300)}`)
      assertAbsent(canary, reply.text, `${name}: ${reply.text}`)
      assertAbsent(canary, JSON.stringify(reply.headers), `${name}: headers`)
    }
  }
  const finish = async (): Promise<void> => {
    const whole = await send(['PUT', `${secrets}/held`, secret('held')])
    assert.notEqual(canary.find(whole.text), undefined, 'the canary is found where it is')
    for (const path of ['/apis/bulwark.dev/v1alpha1/decisions', '/api/v1/events', '/metrics'])
      assertAbsent(canary, (await wire.call('GET', path)).text, path)
    assertAbsent(canary, written, 'the log')
    assert.ok(events.length > 10)
    for (const event of events) assertAbsent(canary, JSON.stringify(event), `${event.verb} ${event.requestURI}`)
  }
  for (const name of ['held', 'other']) assert.equal((await send(['POST', secrets, secret(name)])).status, 201)
  assert.equal((await send(['POST', secrets, secret('frozen', { immutable: true })])).status, 201)
  return { wire, canary, events, written: () => written, secret, data, send, fails, finish }
}
