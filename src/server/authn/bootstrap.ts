/** Bootstrap tokens: what a machine that has nothing else joins with. Each is a secret of kube-system, as kubeadm makes them. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { KObject } from '#api/metadata.ts'
import type { Clock } from '#base/clock.ts'
import type { Store } from '#server/store/contract.ts'
import { type TokenAuthenticator, audiencesOf } from './chain.ts'
import { authenticatedUser } from './user.ts'

const shape = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const groupShape = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/
const timeShape = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/
const everybody = 'system:bootstrappers'

interface Secret extends KObject {
  readonly type?: string
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

function part({ data }: Secret, key: string): string {
  return data !== undefined && Object.hasOwn(data, key) ? Buffer.from(data[key] ?? '', 'base64').toString('utf8') : ''
}

/** A time that cannot be read has passed. */
function expired(secret: Secret, now: number): boolean {
  const until = part(secret, 'expiration')
  return until !== '' && (!timeShape.test(until) || !(Date.parse(until) > now))
}

/** @returns undefined for names that such tokens may not give. */
function groupsOf(secret: Secret): readonly string[] | undefined {
  const extra = part(secret, 'auth-extra-groups')
  const groups = extra === '' ? [] : extra.split(',')
  if (!groups.every(group => groupShape.test(group))) return undefined
  return [...new Set([everybody, ...groups])].toSorted()
}

export interface BootstrapOptions {
  readonly store: Store
  readonly clock: Clock
  /** Of this API server. */
  readonly audiences: readonly string[]
}

export function makeBootstrapAuthenticator({ store, clock, audiences: own }: BootstrapOptions): TokenAuthenticator {
  return {
    authenticate(token, asked) {
      const [, id, given] = shape.exec(token) ?? []
      if (id === undefined || given === undefined) return undefined
      const secret: Secret | undefined = store.snapshot('secrets').get(`kube-system/bootstrap-token-${id}`)?.object
      const audiences = audiencesOf(own, asked)
      if (secret?.type !== 'bootstrap.kubernetes.io/token' || audiences === undefined) return undefined
      if (secret.metadata.deletionTimestamp !== undefined) return undefined
      // Digests are of one length, and tell nothing of where the texts differ.
      if (!timingSafeEqual(digest(part(secret, 'token-secret')), digest(given))) return undefined
      if (part(secret, 'token-id') !== id || expired(secret, clock.now())) return undefined
      if (part(secret, 'usage-bootstrap-authentication') !== 'true') return undefined
      const groups = groupsOf(secret)
      if (groups === undefined) return undefined
      return {
        user: authenticatedUser({ name: `system:bootstrap:${id}`, groups, source: 'bootstrap token' }),
        audiences,
      }
    },
  }
}
