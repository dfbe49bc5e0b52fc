/** What took a certificate back goes when that certificate cannot be good any more. */
import { type BulwarkRevokedCertificate, bulwarkGroup, revokedCertificates } from '#kinds/facts/bulwark.ts'
import { type Controller, nothing, selfKey } from '#client/controller.ts'
import { at } from '../conditions.ts'
import { reading, rule } from '../rules.ts'
import { remove } from '../writes.ts'

const day = 24 * 3600 * 1000

/** Milliseconds. No authority of ours lasts longer, and no certificate longer than its authority. */
export const longestLife = 10 * 365 * day

/** Clocks of other servers may be behind. */
const slack = day

/** Milliseconds since the epoch; NaN: it stays. */
function endOf({ metadata, spec = {} }: BulwarkRevokedCertificate): number {
  const made = at(metadata.creationTimestamp) + longestLife
  return (spec.notAfter === undefined ? made : at(spec.notAfter)) + slack
}

export const revocationCleaning: Controller = {
  name: 'revokedcertificate-cleaner-controller',
  watches: [{ ref: revokedCertificates, keys: selfKey }],
  rules: [rule(bulwarkGroup, ['revokedcertificates'], ['delete', ...reading])],
  decide: (key, { read, now }) => {
    const revocation = read.get(revokedCertificates, key)
    if (revocation === undefined) return nothing
    const left = endOf(revocation) - now
    if (left < 0) return { writes: [[remove(revokedCertificates, revocation)]] }
    // Timers reach a day far.
    return Number.isNaN(left) ? nothing : { writes: [], again: Math.min(left + 1, day) }
  },
}
