/** What a server acknowledged, written while it is killed again and again; and whether all of it is there. */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '#client/client.ts'
import { configMaps, secrets } from '#kinds/facts/generated/refs.ts'

/** What every value begins with, and how that looks in a Secret's data. */
const canary = 'written-in-confidence-'
const traces = [canary, Buffer.from(canary).toString('base64').slice(0, -4)]

interface Known {
  /** As it was acknowledged last; undefined for a deletion. */
  sure: string | undefined
  /** What was asked for since, and may have been done. */
  readonly maybe: (string | undefined)[]
}

const writers = 4
/** Milliseconds between two writes of one. */
const pause = 20
const namespace = 'default'

export class Ledger {
  /** Gone while the server is. */
  client: Client | undefined
  readonly #known = new Map<string, Known>()
  #serial = 0
  #acknowledged = 0
  #over = false
  #writing: readonly Promise<void>[] = []

  get acknowledged(): number {
    return this.#acknowledged
  }

  start(): void {
    this.#writing = Array.from({ length: writers }, (_, at) => this.#write(at))
  }

  async stop(): Promise<void> {
    this.#over = true
    await Promise.all(this.#writing)
  }

  /** So many at once, so that there is something to be sealed anew. */
  async fill(count: number): Promise<void> {
    for (let at = 0; at < count; at += 20)
      await Promise.all(Array.from({ length: 20 }, (_, i) => this.#put(`${i % 2 === 0 ? 's' : 'c'}-fill-${at + i}`)))
  }

  async #write(worker: number): Promise<void> {
    const own: string[] = []
    for (let at = 0; !this.#over; at++) {
      await sleep(pause)
      const old = at % 3 === 0 ? own[at % own.length] : undefined
      const key = old ?? `${at % 2 === 0 ? 's' : 'c'}-${worker}-${at}`
      if (old === undefined) own.push(key)
      // What may have been done, or not, stays as it is: nobody can say what another write would meet.
      else if (this.#known.get(key)?.maybe.length !== 0) continue
      await (old !== undefined && at % 9 === 0 ? this.#delete(key) : this.#put(key)).catch(() => undefined)
    }
  }

  async #put(key: string): Promise<void> {
    const value = `${canary}${this.#serial++}`
    const there = this.#known.get(key)?.sure !== undefined
    await this.#ask(key, value, client => {
      const metadata = { name: key, namespace }
      if (key.startsWith('s-')) {
        const data = { value: Buffer.from(value).toString('base64') }
        const body = { apiVersion: 'v1', kind: 'Secret', metadata, data } as const
        return there ? client.update(secrets, body) : client.create(secrets, body)
      }
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { value } } as const
      return there ? client.update(configMaps, body) : client.create(configMaps, body)
    })
  }

  #delete(key: string): Promise<void> {
    return this.#ask(key, undefined, client =>
      client.delete(key.startsWith('s-') ? secrets : configMaps, `${namespace}/${key}`),
    )
  }

  async #ask(key: string, value: string | undefined, act: (client: Client) => Promise<unknown>): Promise<void> {
    const { client } = this
    if (client === undefined) return
    const known = this.#known.get(key) ?? { sure: undefined, maybe: [] }
    this.#known.set(key, known)
    known.maybe.push(value)
    await act(client)
    known.sure = value
    known.maybe.length = 0
    this.#acknowledged++
  }

  /** Everything is as it was acknowledged, or as somebody asked for who was not answered. */
  async check(client: Client): Promise<void> {
    // Those under way would be seen in between.
    const writing = this.client
    this.client = undefined
    await sleep(100)
    const [maps, hidden] = await Promise.all([
      client.list(configMaps, { namespace }),
      client.list(secrets, { namespace }),
    ])
    const found = new Map<string, string>()
    for (const { metadata, data } of maps.items) found.set(metadata.name ?? '', data?.['value'] ?? '')
    for (const { metadata, data } of hidden.items)
      found.set(metadata.name ?? '', Buffer.from(data?.['value'] ?? '', 'base64').toString())
    for (const [key, { sure, maybe }] of this.#known)
      assert.ok(
        [sure, ...maybe].includes(found.get(key)),
        `${key} is ${found.get(key)}; acknowledged was ${sure}, asked for since ${maybe.join()}`,
      )
    this.client = writing
  }

  /** No file below a directory holds a value that anybody can read. */
  static concealed(dir: string): void {
    for (const file of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue
      const bytes = readFileSync(join(file.parentPath, file.name))
      for (const trace of traces)
        assert.ok(!bytes.includes(trace), `${file.name} holds a value plainly, at ${bytes.indexOf(trace)}`)
    }
  }
}
