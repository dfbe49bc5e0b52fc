/** What the controllers of signing requests ask about them. */
import { type RequestedNames, requestedNamesOf } from '#codec/csr-names.ts'
import { CsrError } from '#codec/der.ts'
import type { CertificateSigningRequest as Request } from '#kinds/facts/generated/types/certificates_v1.ts'
import { condition } from '../conditions.ts'

const has = ({ status }: Request, type: string): boolean => condition(status?.conditions, type) !== undefined

export const isJudged = (request: Request): boolean => has(request, 'Approved') || has(request, 'Denied')
/** Whoever denied is right, whoever approved besides. */
export const isApproved = (request: Request): boolean => has(request, 'Approved') && !has(request, 'Denied')
export const isFailed = (request: Request): boolean => has(request, 'Failed')
export const isIssued = ({ status }: Request): boolean => (status?.certificate ?? '') !== ''

/** Characters of base64. Certificates go wherever their user goes: nobody needs longer ones. */
const longest = 64 * 1024

/** @returns what it asks for, or what is wrong with it */
export function readRequest({ spec }: Request): RequestedNames | string {
  if (spec.request.length > longest) return `the request is longer than ${longest} characters`
  try {
    return requestedNamesOf(spec.request)
  } catch (error) {
    if (error instanceof CsrError) return error.message
    throw error
  }
}
