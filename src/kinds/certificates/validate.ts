import type { WriteContext } from '#api/kind.ts'
import type { FieldError } from '#api/validation.ts'
import type { CertificateSigningRequest as Request } from '#kinds/facts/generated/types/certificates_v1.ts'
import { checkDomainPath } from '../domainPath.ts'
import { Place } from '../place.ts'
import { checkTransition } from './conditions.ts'

const usages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
]
const shortest = 600
const legacy = 'kubernetes.io/legacy-unknown'
const pem = '-----BEGIN CERTIFICATE REQUEST-----'

/** The signature inside is the signer's to check; here the request must only be one. */
function checkRequest(place: Place, request: string): void {
  if (!Buffer.from(request, 'base64').toString('latin1').includes(pem))
    place.invalid(request, 'PEM block type must be CERTIFICATE REQUEST')
}

function checkConditions(list: Place, { status = {} }: Request): void {
  const types = new Set<string>()
  list.each(status.conditions, ({ type, status: value }, at) => {
    if (!type) at.at('type').required()
    if (!value) at.at('status').required()
    if ((type === 'Approved' || type === 'Denied' || type === 'Failed') && value !== 'True')
      at.at('status').unsupported(value, ['True'])
    if (types.has(type)) at.at('type').duplicate(type)
    types.add(type)
  })
  if (types.has('Approved') && types.has('Denied'))
    list.invalid('', 'Approved and Denied conditions are mutually exclusive')
}

export function validateRequest(request: Request, context: WriteContext<Request>): readonly FieldError[] {
  const root = new Place('')
  checkConditions(root.at('status.conditions'), request)
  checkTransition(root.at('status'), request, context)
  if (context.old !== undefined) return root.errors
  const { spec } = request
  const place = root.at('spec')
  checkRequest(place.at('request'), spec.request)
  const list = place.at('usages')
  if ((spec.usages?.length ?? 0) === 0) list.required()
  const seen = new Set<string>()
  list.each(spec.usages, (usage, at) => {
    if (!usages.includes(usage)) at.unsupported(usage, usages)
    if (seen.has(usage)) at.duplicate(usage)
    seen.add(usage)
  })
  if (spec.signerName === legacy)
    place.at('signerName').invalid(spec.signerName, 'the legacy signerName is not allowed via this API version')
  else checkDomainPath(place.at('signerName'), spec.signerName)
  const { expirationSeconds: seconds } = spec
  if (seconds !== undefined && seconds < shortest)
    place.at('expirationSeconds').invalid(seconds, 'may not specify a duration less than 600 seconds (10 minutes)')
  return root.errors
}
