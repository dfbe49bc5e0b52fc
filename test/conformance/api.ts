/** A cluster as a client sees it over HTTPS, with what every conformance test does: a namespace of its own, requests, watches. */
import { strict as assert } from 'node:assert'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { ClusterOptions } from '#testing/startCluster.ts'
import { type Call, type Reply, type Wire, openWire } from '../api/wire.ts'

export type Json = Reply['json']
export type Patch = 'merge' | 'strategic' | 'json' | 'apply'

const patches: Readonly<Record<Patch, string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
}

/** How long a test waits for what comes by itself. */
const patience = 20_000

export interface Event {
  readonly type: string
  readonly object: Json
}

export interface Watch {
  /** The next event. @throws Error when none comes. */
  next(): Promise<Event>
  /** Passes over the others. */
  until(what: string, is: (event: Event) => boolean): Promise<Event>
  /** What has come and was not asked for yet. */
  readonly waiting: readonly Event[]
  stop(): void
}

export interface Api {
  readonly wire: Wire
  call(method: string, path: string, call?: Call): Promise<Reply>
  get(path: string): Promise<Json>
  items(path: string): Promise<readonly Json[]>
  create(path: string, body: object): Promise<Json>
  update(path: string, body: object): Promise<Json>
  patch(path: string, body: object, type?: Patch): Promise<Json>
  delete(path: string, options?: object): Promise<Json>
  /** @throws AssertionError unless the answer has this code. @returns its Status. */
  refused(code: number, method: string, path: string, body?: object): Promise<Json>
  watch(path: string): Promise<Watch>
  /** A new namespace; with controllers, once its service account is there. @returns its name. */
  namespace(labels?: Readonly<Record<string, string>>): Promise<string>
  /** Asks again until it is so. @throws Error with the last answer when it never is. */
  until<T>(what: string, ask: () => Promise<T>, is: (answer: T) => boolean): Promise<T>
  stop(): Promise<void>
}

const pause = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds))

async function until<T>(what: string, ask: () => Promise<T>, is: (answer: T) => boolean): Promise<T> {
  const end = performance.now() + patience
  for (;;) {
    const answer = await ask()
    if (is(answer)) return answer
    if (performance.now() > end)
      throw new Error(`${what}: not so after ${patience} ms; last: ${JSON.stringify(answer)}`)
    await pause(20)
  }
}

/** Takes the events of a stream apart, whoever waits for them. */
class Events implements Watch {
  readonly waiting: Event[] = []
  #rest = ''
  #wake: (() => void) | undefined
  #response: IncomingMessage

  constructor(response: IncomingMessage) {
    this.#response = response
    response.setEncoding('utf8').on('data', (text: string) => this.#take(text))
    response.on('error', () => undefined)
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    this.waiting.push(...lines.map((line): Json => JSON.parse(line)))
    this.#wake?.()
  }

  async next(): Promise<Event> {
    if (this.waiting.length === 0) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      this.#wake = resolve
      const timer = setTimeout(() => reject(new Error('the watch stayed silent')), patience)
      await promise.finally(() => clearTimeout(timer))
    }
    const event = this.waiting.shift()
    assert.ok(event)
    return event
  }

  async until(what: string, is: (event: Event) => boolean): Promise<Event> {
    for (;;) {
      const event = await this.next().catch((error: unknown) => {
        throw new Error(`no event: ${what}`, { cause: error })
      })
      if (is(event)) return event
    }
  }

  stop(): void {
    this.#response.destroy()
  }
}

function openWatch(wire: Wire, path: string): Promise<Watch> {
  const { promise, resolve, reject } = Promise.withResolvers<Watch>()
  const sent = request(
    { ...wire.tls, host: wire.url.hostname, port: wire.url.port, agent: false, path: withQuery(path, 'watch=true') },
    response => {
      if (response.statusCode === 200) return resolve(new Events(response))
      response.destroy()
      return reject(new Error(`watch ${path}: ${response.statusCode}`))
    },
  )
  sent.on('error', reject).end()
  return promise
}

export const withQuery = (path: string, query: string): string => `${path}${path.includes('?') ? '&' : '?'}${query}`

export const openApi = async (options: ClusterOptions = { controllers: false }): Promise<Api> =>
  apiOver(await openWire(options), options.controllers !== false)

/** @param accounts are made in each namespace, by controllers. */
export function apiOver(wire: Wire, accounts: boolean): Api {
  const must = async (method: string, path: string, call: Call = {}): Promise<Json> => {
    const reply = await wire.call(method, path, call)
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`)
    return reply.json
  }
  const get = (path: string): Promise<Json> => must('GET', path)
  const create = (path: string, body: object): Promise<Json> => must('POST', path, { body })
  let names = 0
  return {
    wire,
    call: (method, path, call) => wire.call(method, path, call),
    get,
    create,
    until,
    items: async path => (await get(path)).items,
    update: (path, body) => must('PUT', path, { body }),
    patch: (path, body, type = 'merge') =>
      must('PATCH', type === 'apply' ? withQuery(path, 'fieldManager=test-apply&force=true') : path, {
        body,
        headers: { 'content-type': patches[type] },
      }),
    delete: (path, body) => must('DELETE', path, body === undefined ? {} : { body }),
    refused: async (code, method, path, body) => {
      const type = method === 'PATCH' ? { headers: { 'content-type': patches.merge } } : {}
      const reply = await wire.call(method, path, body === undefined ? {} : { body, ...type })
      assert.equal(reply.status, code, `${method} ${path}: ${reply.text.slice(0, 300)}`)
      return reply.json
    },
    watch: path => openWatch(wire, path),
    namespace: async (labels = {}) => {
      const name = `e2e-${++names}`
      await create('/api/v1/namespaces', { metadata: { name, labels } })
      if (accounts)
        await until(
          'the service account',
          () => wire.call('GET', `/api/v1/namespaces/${name}/serviceaccounts/default`),
          ({ status }) => status === 200,
        )
      return name
    },
    stop: () => wire.stop(),
  }
}

/** Resource versions are compared as numbers. */
export function assertNewer(later: Json, earlier: Json): void {
  const [after, before] = [later, earlier].map(one => BigInt(one.metadata.resourceVersion))
  assert.ok((after ?? 0n) > (before ?? 0n), `resourceVersion ${after} is not above ${before}`)
}
