/** Service-account tokens bound to pods: asked for once, renewed before they end. */
import type { Clock } from '#base/clock.ts'
import { objectKey } from '#api/metadata.ts'
import type { Client } from '#client/client.ts'
import { serviceAccounts } from '#kinds/facts/generated/refs.ts'
import type { Pod, ServiceAccountTokenProjection } from '#kinds/facts/generated/types/core_v1.ts'

export interface Tokens {
  get(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string>
  forget(uid: string): void
}

interface Held {
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly renewAt: number
}

const usualSeconds = 3600
const day = 24 * 3600_000

function read(answer: unknown): { readonly token: string; readonly expires: number } {
  const status: unknown =
    typeof answer === 'object' && answer !== null && 'status' in answer ? answer.status : undefined
  if (typeof status === 'object' && status !== null && 'token' in status && 'expirationTimestamp' in status) {
    const { token, expirationTimestamp } = status
    if (typeof token === 'string' && typeof expirationTimestamp === 'string')
      return { token, expires: Date.parse(expirationTimestamp) }
  }
  throw new Error('the server answered a token request without a token')
}

export function makeTokens(client: Client, clock: Clock): Tokens {
  const held = new Map<string, Map<string, Held>>()
  const ask = async (pod: Pod, projection: ServiceAccountTokenProjection): Promise<Held> => {
    const { name = '', namespace = '', uid = '' } = pod.metadata
    const expirationSeconds = projection.expirationSeconds ?? usualSeconds
    const audience = projection.audience ?? ''
    const spec = {
      ...(audience === '' ? {} : { audiences: [audience] }),
      expirationSeconds,
      boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid },
    }
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: { name, namespace }, spec }
    const account = pod.spec.serviceAccountName ?? 'default'
    const key = objectKey(namespace, account)
    const answer = await client.post(serviceAccounts, key, {
      subresource: 'token',
      body: { ...body, metadata: { name: account, namespace } },
    })
    const { token, expires } = read(answer)
    const now = clock.now()
    return { token, renewAt: Math.min(now + day, now + (expires - now) * 0.8) }
  }
  return {
    get: async (pod, projection) => {
      const uid = pod.metadata.uid ?? ''
      const own = held.get(uid) ?? new Map<string, Held>()
      held.set(uid, own)
      const key = JSON.stringify([projection.audience, projection.expirationSeconds, pod.spec.serviceAccountName])
      const before = own.get(key)
      if (before !== undefined && clock.now() < before.renewAt) return before.token
      const fresh = await ask(pod, projection)
      own.set(key, fresh)
      return fresh.token
    },
    forget: uid => void held.delete(uid),
  }
}
