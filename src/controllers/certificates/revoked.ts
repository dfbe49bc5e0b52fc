/** What took a certificate back goes when that certificate cannot be good any more. */
import { type BulwarkRevokedCertificate, bulwarkGroup, revokedCertificates } from '#kinds/facts/bulwark.ts'
import { type Controller, nothing, selfKey } from '#client/controller.ts'
import { at } from '../conditions.ts'
import { reading, rule } from '../rules.ts'
import { remove } from '../writes.ts'

const day = 24 * 3600 * 1000

/** Milliseconds. No authority of ours lasts longer, and no certificate longer than its authority. */
export const longestLife = 10 * 365 * day

/** Milliseconds since the epoch; NaN: it stays. */
function endOf({ metadata, spec = {} }: BulwarkRevokedCertificate): number {
  const made = at(metadata.creationTimestamp) + longestLife
  return spec.notAfter === undefined ? made : at(spec.notAfter)
}

/** Milliseconds since the epoch at which it was first seen that the certificate is over. */
interface Memory {
  readonly since: number
}

/**
 * A clock that is years ahead says that everything is over, and once it is right again what was taken back would be good:
 * so it must say so for a day on end. A server that starts anew counts anew.
 */
export const revocationCleaning: Controller<Memory> = {
  name: 'revokedcertificate-cleaner-controller',
  watches: [{ ref: revokedCertificates, keys: selfKey }],
  rules: [rule(bulwarkGroup, ['revokedcertificates'], ['delete', ...reading])],
  decide: (key, { read, now, memory }) => {
    const revocation = read.get(revokedCertificates, key)
    if (revocation === undefined) return nothing
    const left = endOf(revocation) - now
    if (Number.isNaN(left)) return nothing
    // Timers reach a day far.
    if (left >= 0) return { writes: [], again: Math.min(left + 1, day) }
    // Where the clock was set back since, what it said before counts for nothing.
    const since = Math.min(memory?.since ?? now, now)
    const waits = since + day - now
    if (waits <= 0) return { writes: [[remove(revokedCertificates, revocation)]] }
    return { writes: [], memory: { since }, again: waits }
  },
}
