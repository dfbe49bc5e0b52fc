/** Keeps the DNS snapshot as new as the objects: replaced as a whole, at most so often that writing is a tenth of the time. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { keyOf } from '#api/metadata.ts'
import type { Namespace, Service } from '#kinds/facts/generated/types/core_v1.ts'
import type { EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import { slicesByService } from '../compile.ts'
import { snapshotService } from './snapshot.ts'

export interface SnapshotObjects {
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
  readonly namespaces: readonly Namespace[]
  readonly clients: readonly string[]
}

export interface SnapshotKeeper {
  update(objects: SnapshotObjects): void
  /** Resolves when the newest is written. */
  settled(): Promise<void>
  stop(): Promise<void>
}

export interface SnapshotParts {
  readonly clock: Clock
  readonly log: Log
  readonly domain: string
  /** Path of the file. */
  readonly snapshot: string
}

/** Of services by object, and of slices by the list of them: texts are made once for each state. */
function makeTexts(): (service: Service, slices: readonly EndpointSlice[]) => string {
  const known = new WeakMap<Service, { slices: readonly EndpointSlice[]; text: string }>()
  return (service, slices) => {
    const before = known.get(service)
    if (before?.slices.length === slices.length && before.slices.every((one, at) => one === slices[at]))
      return before.text
    const made = snapshotService(service, slices)
    const text = made === undefined ? '' : JSON.stringify(made)
    known.set(service, { slices, text })
    return text
  }
}

export function snapshotText(
  domain: string,
  objects: SnapshotObjects,
  textOf: (service: Service, slices: readonly EndpointSlice[]) => string = makeTexts(),
): string {
  const slices = slicesByService(objects.slices)
  const own = objects.services.map(service => textOf(service, slices.get(keyOf(service)) ?? []))
  const names = objects.namespaces.map(({ metadata }) => metadata.name ?? '')
  return [
    `{"format":1,"domain":${JSON.stringify(domain)},"clients":${JSON.stringify(objects.clients)},`,
    `"namespaces":${JSON.stringify(names)},"services":[`,
    own.filter(text => text !== '').join(',\n'),
    ']}\n',
  ].join('\n')
}

/** Readers see the old file or the new one, never a part. */
function replaceFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

class Keeper implements SnapshotKeeper {
  readonly #parts: SnapshotParts
  readonly #textOf = makeTexts()
  #objects: SnapshotObjects | undefined
  #last = ''
  #notBefore = 0
  #waiting: PromiseWithResolvers<void> | undefined

  constructor(parts: SnapshotParts) {
    this.#parts = parts
  }

  update(objects: SnapshotObjects): void {
    this.#objects = objects
    if (this.#waiting !== undefined) return
    const wait = this.#notBefore - this.#parts.clock.monotonic()
    if (wait <= 0) {
      this.#write()
      return
    }
    const waiting = Promise.withResolvers<void>()
    this.#waiting = waiting
    this.#parts.clock.after(wait, () => {
      this.#waiting = undefined
      this.#write()
      waiting.resolve()
    })
  }

  async settled(): Promise<void> {
    await this.#waiting?.promise
  }

  stop(): Promise<void> {
    this.#write()
    return Promise.resolve()
  }

  #write(): void {
    const { clock, log, domain, snapshot } = this.#parts
    if (this.#objects === undefined) return
    const began = clock.monotonic()
    try {
      const text = snapshotText(domain, this.#objects, this.#textOf)
      if (text !== this.#last) replaceFile(snapshot, text)
      this.#last = text
    } catch (error) {
      log.error('cannot write the DNS snapshot', { error: String(error) })
    }
    const now = clock.monotonic()
    this.#notBefore = now + (now - began) * 9
  }
}

export const keepSnapshot = (parts: SnapshotParts): SnapshotKeeper => new Keeper(parts)
