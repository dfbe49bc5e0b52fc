/**
 * What this server saw of the cluster, in a small signed file of its own: an etcd that went back while no server ran is
 * noticed at the next start. May lag by a second, cannot lead.
 */
import type { Clock } from '#base/clock.ts'
import { StoreRefused } from '../contract.ts'
import type { Keyring } from '../encryption.ts'
import { HeadFile, anchor, readHead } from '../headfile.ts'

/** Milliseconds. */
const every = 1000

export interface AnchorParts {
  readonly path: string
  readonly ring: Keyring
  readonly clock: Clock
  /** How far the cluster is now. */
  readonly revision: () => number
}

/** @throws StoreRefused where the cluster is behind what was seen, or the file is not ours */
export function requireHead(path: string, ring: Keyring, revision: number): void {
  const told = readHead(path, ring)
  if (told.by === 'others' || told.by === 'anybody')
    throw new StoreRefused(
      'corrupt',
      `${path} was not signed with a key of the key file: put both back as they were, or, to go on from etcd as it is, run: bulwark store accept`,
    )
  if (revision < told.revision)
    throw new StoreRefused(
      'rolled-back',
      `etcd is at revision ${revision}, but ${told.revision} was reached: bring the newest state back, or, to go on from the older one on purpose, run: bulwark store accept`,
    )
}

export class Anchor {
  readonly #parts: AnchorParts
  readonly #file: HeadFile
  #written = 0
  #cancel: () => void = () => undefined

  constructor(parts: AnchorParts) {
    this.#parts = parts
    this.#written = parts.revision()
    anchor(parts.path, this.#written, parts.ring)
    this.#file = new HeadFile(parts.path, parts.ring)
    this.#next()
  }

  /** From now on it is signed with the first key of these, and needs no other. @throws Error of the disk */
  use(ring: Keyring): void {
    this.#file.use(ring, this.#written)
  }

  stop(): void {
    this.#cancel()
    this.#write()
    this.#file.close()
  }

  #next(): void {
    this.#cancel = this.#parts.clock.after(every, () => {
      this.#write()
      this.#next()
    })
  }

  #write(): void {
    const revision = this.#parts.revision()
    if (revision === this.#written) return
    try {
      this.#file.write(revision)
      this.#written = revision
    } catch {
      // It may lag; the next second writes it again.
    }
  }
}
