/**
 * Who is let in no more: people whose record says so, whatever they show, and certificates that were taken back. Read from
 * the store, so that all servers of a cluster know it, and counted from the next request on.
 */
import type { TLSSocket } from 'node:tls'
import type { KObject } from '#api/metadata.ts'
import type { User } from '#api/request.ts'
import type { Store } from '#server/store/contract.ts'
import type { TokenAuthenticator } from './chain.ts'
import { type CertificateNumber, numberOf } from './x509.ts'

export const usersResource = 'users.bulwark.dev'
export const revocationsResource = 'revokedcertificates.bulwark.dev'

export interface People {
  admits(user: User): boolean
  isRevoked(socket: TLSSocket): boolean
  /** The same of a certificate that somebody else was shown. */
  revokes(certificate: CertificateNumber): boolean
  /** Calls when somebody may no longer be let in; what is called must not throw. @returns how to stop. */
  onChange(call: () => void): () => void
  close(): void
}

/** In the `extra` of a review: serial number and issuer of the certificate that was shown to whoever asks. */
export const certificateExtra = 'authentication.bulwark.dev/certificate'

export const everybody: People = {
  admits: () => true,
  isRevoked: () => false,
  revokes: () => false,
  onChange: () => () => undefined,
  close: () => undefined,
}

interface UserRecord extends KObject {
  readonly spec?: { readonly username?: string; readonly aliases?: readonly string[]; readonly disabled?: boolean }
}
interface Revocation extends KObject {
  readonly spec?: { readonly serialNumber?: string; readonly issuer?: string }
}

/** As certificates are compared: hexadecimal digits without separators and leading zeros. */
export const plainSerial = (text: string): string => text.replaceAll(/[:\s]/g, '').replace(/^0+/, '').toUpperCase()

/** Names hold anything: no separator of ours could be told from theirs. */
const keyOf = ({ serial, issuer }: CertificateNumber): string => `${serial} ${issuer}`

class StoredPeople implements People {
  readonly #store: Store
  readonly #stop: () => void
  readonly #calls = new Set<() => void>()
  #disabled: ReadonlySet<string> | undefined
  #revoked: ReadonlySet<string> | undefined
  /** Else nothing tells of changes any more, and what was read counts for one question. */
  #followed = true

  constructor(store: Store) {
    this.#store = store
    this.#stop = store.watch([usersResource, revocationsResource], store.revision(), {
      coalesce: true,
      onEvents: () => this.#changed(),
      onEnd: why => {
        if (why === 'closed') return
        this.#followed = false
        this.#changed()
      },
    })
  }

  #changed(): void {
    this.#disabled = undefined
    this.#revoked = undefined
    for (const call of this.#calls) call()
  }

  admits(user: User): boolean {
    const disabled = this.#disabled ?? this.#readDisabled()
    if (this.#followed) this.#disabled = disabled
    return disabled.size === 0 || !disabled.has(user.name)
  }

  isRevoked(socket: TLSSocket): boolean {
    if (this.#takenBack().size === 0) return false
    const number = numberOf(socket)
    return number !== undefined && this.revokes(number)
  }

  revokes(number: CertificateNumber): boolean {
    const revoked = this.#takenBack()
    return revoked.has(keyOf(number)) || revoked.has(keyOf({ ...number, issuer: '' }))
  }

  #takenBack(): ReadonlySet<string> {
    const revoked = this.#revoked ?? this.#readRevoked()
    if (this.#followed) this.#revoked = revoked
    return revoked
  }

  #readDisabled(): ReadonlySet<string> {
    const names = new Set<string>()
    for (const { object } of this.#store.snapshot(usersResource).range()) {
      const { spec = {} } = object as UserRecord
      if (spec.disabled !== true) continue
      names.add(spec.username ?? object.metadata.name ?? '')
      for (const alias of spec.aliases ?? []) names.add(alias)
    }
    return names
  }

  #readRevoked(): ReadonlySet<string> {
    const keys = new Set<string>()
    for (const { object } of this.#store.snapshot(revocationsResource).range()) {
      const { serialNumber = '', issuer = '' } = (object as Revocation).spec ?? {}
      keys.add(keyOf({ serial: plainSerial(serialNumber), issuer }))
    }
    return keys
  }

  onChange(call: () => void): () => void {
    this.#calls.add(call)
    return () => void this.#calls.delete(call)
  }

  close(): void {
    this.#stop()
    this.#calls.clear()
  }
}

export const storedPeople = (store: Store): People => new StoredPeople(store)

/** Tokens of those alone who are let in: reviews of tokens are told nothing else. */
export const admittedOnly = (tokens: TokenAuthenticator, people: People): TokenAuthenticator => ({
  authenticate(token, audiences) {
    const found = tokens.authenticate(token, audiences)
    if (found instanceof Promise)
      return found.then(later => (later === undefined || people.admits(later.user) ? later : undefined))
    return found === undefined || people.admits(found.user) ? found : undefined
  },
})
