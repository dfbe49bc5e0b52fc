/** Where things lie in etcd: `PREFIX/RESOURCE/KEY`, and what the stores tell each other below `PREFIX/.bulwark/`. */
import type { GroupResource } from '#api/metadata.ts'

export interface Range {
  readonly key: Uint8Array<ArrayBuffer>
  readonly rangeEnd: Uint8Array<ArrayBuffer>
}

export type Place =
  | { readonly type: 'value'; readonly resource: GroupResource; readonly key: string }
  | { readonly type: 'own'; readonly name: string }
  | { readonly type: 'foreign' }

/** No resource begins with a dot. */
const own = '.bulwark/'

const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text))

/** The last byte, a slash, one higher: everything that begins with the prefix lies before it. */
const past = (prefix: string): Uint8Array<ArrayBuffer> => bytes(`${prefix.slice(0, -1)}0`)

export class Paths {
  readonly prefix: string
  readonly all: Range
  readonly own: Range

  /** @param prefix with or without slashes at its ends */
  constructor(prefix: string) {
    this.prefix = `/${prefix.replaceAll(/^\/+|\/+$/g, '')}/`
    this.all = { key: bytes(this.prefix), rangeEnd: past(this.prefix) }
    this.own = { key: bytes(this.prefix + own), rangeEnd: past(this.prefix + own) }
  }

  value(resource: GroupResource, key: string): Uint8Array<ArrayBuffer> {
    return bytes(`${this.prefix}${resource}/${key}`)
  }

  ours(name: string): Uint8Array<ArrayBuffer> {
    return bytes(`${this.prefix}${own}${name}`)
  }

  resource(resource: GroupResource): Range {
    const prefix = `${this.prefix}${resource}/`
    return { key: bytes(prefix), rangeEnd: past(prefix) }
  }

  /** Takes a key of etcd's apart. */
  place(key: Uint8Array): Place {
    const text = Buffer.from(key.buffer, key.byteOffset, key.length).toString().slice(this.prefix.length)
    if (text.startsWith(own)) return { type: 'own', name: text.slice(own.length) }
    const at = text.indexOf('/')
    return at <= 0 ? { type: 'foreign' } : { type: 'value', resource: text.slice(0, at), key: text.slice(at + 1) }
  }
}
