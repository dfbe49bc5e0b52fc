/** Signing requests go when nobody will ask for them any more. */
import { X509Certificate } from 'node:crypto'
import { certificateSigningRequests } from '#kinds/facts/generated/refs.ts'
import type { CertificateSigningRequest as Request } from '#kinds/facts/generated/types/certificates_v1.ts'
import { type Controller, nothing, selfKey } from '#client/controller.ts'
import { at } from '../conditions.ts'
import { reading, rule } from '../rules.ts'
import { remove } from '../writes.ts'
import { isIssued } from './requests.ts'

const hour = 3600 * 1000
/** Milliseconds after which those go that nobody judged, or nobody signed. */
const unanswered = 24 * hour
const answered = hour

/** Milliseconds since the epoch; NaN for what is no certificate. */
function endOf(certificate: string): number {
  try {
    return Date.parse(new X509Certificate(Buffer.from(certificate, 'base64')).validTo)
  } catch {
    return Number.NaN
  }
}

/** All times at which it may go, the first counts; what has none stays. */
function* ends(request: Request): Generator<number> {
  const { conditions = [], certificate = '' } = request.status ?? {}
  if (conditions.length === 0) yield at(request.metadata.creationTimestamp) + unanswered
  for (const { type, lastUpdateTime } of conditions) {
    const since = at(lastUpdateTime)
    if (type === 'Denied' || type === 'Failed') yield since + answered
    if (type === 'Approved') yield since + (isIssued(request) ? answered : unanswered)
    if (type === 'Approved' && isIssued(request)) yield endOf(certificate)
  }
}

export const certificateCleaning: Controller = {
  name: 'certificatesigningrequest-cleaner-controller',
  watches: [{ ref: certificateSigningRequests, keys: selfKey }],
  rules: [rule('certificates.k8s.io', ['certificatesigningrequests'], ['delete', ...reading])],
  decide: (key, { read, now }) => {
    const request = read.get(certificateSigningRequests, key)
    if (request === undefined) return nothing
    const end = Math.min(...[...ends(request)].filter(time => !Number.isNaN(time)), Infinity)
    if (now > end) return { writes: [[remove(certificateSigningRequests, request)]] }
    return Number.isFinite(end) ? { writes: [], again: end - now + 1 } : nothing
  },
}
