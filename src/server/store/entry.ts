/** What the store keeps of one key at one revision, and how its object comes to be: given, read back, or deleted. */
import type { Draft, GroupResource, KObject } from '#api/metadata.ts'
import type { Decode, Event, Kept } from './contract.ts'
import { partsOf } from './text.ts'

/** Where the object and its managed fields come from. */
export interface Body {
  readonly object: KObject
  readonly managed: string
}

export interface Identity {
  readonly resource: GroupResource
  readonly key: string
  readonly revision: number
  /** Which write of its transaction, from 0. */
  readonly place: number
  /** How many writes the key has had since it was created, from 1. */
  readonly version: number
  /** Milliseconds since the epoch when it goes by itself; 0 for never. */
  readonly expires: number
}

/** See Store.revise. */
export interface Revision {
  readonly change: (object: KObject) => KObject
  readonly from: 'written' | 'shown'
  readonly frozen: boolean
}

export class Entry implements Kept {
  readonly resource: GroupResource
  readonly key: string
  readonly revision: number
  readonly place: number
  readonly version: number
  readonly expires: number
  #body: Body
  #encodings: Map<string, Uint8Array> | undefined

  constructor(identity: Identity, body: Body) {
    this.resource = identity.resource
    this.key = identity.key
    this.revision = identity.revision
    this.place = identity.place
    this.version = identity.version
    this.expires = identity.expires
    this.#body = body
  }

  get object(): KObject {
    return this.#body.object
  }

  get managed(): string {
    return this.#body.managed
  }

  get encodings(): Map<string, Uint8Array> {
    return (this.#encodings ??= new Map())
  }

  /** Something newer is current: hardly anybody will ask for this again. */
  forgetEncodings(): void {
    this.#encodings?.clear()
    this.#encodings = undefined
  }

  /** See Store.revise. */
  revise(revision: Revision): void {
    this.#body = new RevisedBody(this.#body, revision)
    this.#encodings = undefined
  }
}

export interface Change extends Event {
  readonly kept: Entry
  readonly previous: Entry | undefined
}

export function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const inner of Object.values(value)) freeze(inner)
}

/** A body of what a writer gave away; its metadata.resourceVersion becomes `revision`. */
export function given(object: Draft<KObject>, managed: string, revision: number): Body {
  object.metadata.resourceVersion = String(revision)
  return { object, managed }
}

export interface Reading {
  readonly decode: Decode
  readonly frozen: boolean
}

/** A body read back from storage: bytes until somebody asks. */
export class StoredBody implements Body {
  readonly #reading: Reading
  readonly #identity: { readonly resource: GroupResource; readonly revision: number }
  #bytes: Uint8Array | undefined
  #object: KObject | undefined
  #managed = ''

  constructor(
    bytes: Uint8Array,
    identity: { readonly resource: GroupResource; readonly revision: number },
    reading: Reading,
  ) {
    this.#bytes = bytes
    this.#identity = identity
    this.#reading = reading
  }

  get object(): KObject {
    return this.#object ?? this.#open()
  }

  get managed(): string {
    if (this.#object === undefined) this.#open()
    return this.#managed
  }

  #open(): KObject {
    const { managed, text } = partsOf(this.#bytes ?? new Uint8Array())
    const object = this.#reading.decode(this.#identity.resource, text)
    Object.assign(object.metadata, { resourceVersion: String(this.#identity.revision) })
    if (this.#reading.frozen) freeze(object)
    this.#object = object
    this.#managed = managed
    this.#bytes = undefined
    return object
  }
}

/** A body as its kind has it since that changed. */
class RevisedBody implements Body {
  readonly #source: Body
  readonly #revision: Revision
  #object: KObject | undefined

  constructor(body: Body, revision: Revision) {
    this.#source = body instanceof RevisedBody && revision.from === 'written' ? body.#source : body
    this.#revision = revision
  }

  get object(): KObject {
    return (this.#object ??= this.#make())
  }

  get managed(): string {
    return this.#source.managed
  }

  #make(): KObject {
    const object = this.#revision.change(this.#source.object)
    if (this.#revision.frozen) freeze(object)
    return object
  }
}

/** The body of a deletion: the last state, at the deletion's revision. */
export class LastBody implements Body {
  readonly #last: Body
  readonly #revision: number
  readonly #frozen: boolean
  #object: KObject | undefined

  constructor(last: Body, revision: number, frozen: boolean) {
    this.#last = last
    this.#revision = revision
    this.#frozen = frozen
  }

  get object(): KObject {
    return (this.#object ??= this.#make())
  }

  get managed(): string {
    return this.#last.managed
  }

  #make(): KObject {
    const last = this.#last.object
    const object = { ...last, metadata: { ...last.metadata, resourceVersion: String(this.#revision) } }
    if (this.#frozen) freeze(object)
    return object
  }
}
