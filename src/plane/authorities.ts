/**
 * Authorities that take turns: two years before one is over, its successor is made and told to everybody who trusts it; a
 * month later, when all have heard, the successor signs; the former one is trusted for as long as it is good.
 */
import { X509Certificate } from 'node:crypto'
import type { KeyPair } from '#pki/issue.ts'

export interface Authority {
  /** Signs. */
  readonly now: KeyPair
  /** Trusted already, signs next. */
  readonly next?: KeyPair
  /** PEM; trusted still. */
  readonly former?: readonly string[]
}

const day = 24 * 3600 * 1000
/** Milliseconds that are left of an authority when its successor is made. */
const ahead = 730 * day
/** Milliseconds that a successor is only told: more than anybody takes to read a file again. */
const told = 30 * day

const endOf = (pem: string): number => Date.parse(new X509Certificate(pem).validTo)
const beginOf = (pem: string): number => Date.parse(new X509Certificate(pem).validFrom)

/** PEM of all that are to be trusted. */
export const trusted = ({ now, next, former = [] }: Authority): string =>
  [now.cert, ...(next === undefined ? [] : [next.cert]), ...former].map(pem => pem.trim()).join('\n')

/** @param make a new one @returns the same where nothing is to be done at this time */
export async function turned(authority: Authority, time: number, make: () => Promise<KeyPair>): Promise<Authority> {
  const { now, next, former = [] } = authority
  const good = former.filter(pem => endOf(pem) > time)
  // One that is over signs nothing that anybody would take: whatever was told.
  if (next !== undefined && (time - beginOf(next.cert) > told || endOf(now.cert) <= time))
    return { now: next, former: [...good, ...(endOf(now.cert) > time ? [now.cert] : [])] }
  if (next === undefined && endOf(now.cert) - time < ahead) {
    const made = await make()
    return endOf(now.cert) <= time ? { now: made, former: good } : { now, next: made, former: good }
  }
  if (good.length === former.length) return authority
  return { now, former: good, ...(next === undefined ? {} : { next }) }
}
