import { X509Certificate } from 'node:crypto'
import { equal } from '#base/equal.ts'
import type { WriteContext } from '#api/kind.ts'
import type { FieldError } from '#api/validation.ts'
import type { CertificateSigningRequest as Request } from '#kinds/facts/generated/types/certificates_v1.ts'
import { checkDomainPath } from '../domainPath.ts'
import { Place } from '../place.ts'
import { requestProblem } from './signature.ts'

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

const lasting = ['Approved', 'Denied', 'Failed']
const statuses = ['False', 'True', 'Unknown']

const typesOf = (request: Request | undefined): readonly string[] =>
  (request?.status?.conditions ?? []).map(({ type }) => type)

/** What the old object already got wrong is borne. */
function checkConditions(list: Place, request: Request, old: Request | undefined): void {
  const before = typesOf(old)
  const [both, twice] = [before.includes('Approved') && before.includes('Denied'), new Set(before).size < before.length]
  const types = new Set<string>()
  list.each(request.status?.conditions, ({ type, status }, at) => {
    if (!type && !before.includes('')) at.at('type').required()
    if (!status) at.at('status').required()
    else if (!(lasting.includes(type) ? ['True'] : statuses).includes(status))
      at.at('status').unsupported(status, lasting.includes(type) ? ['True'] : statuses)
    const other = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined
    if (!both && other !== undefined && types.has(other))
      list.invalid(type, 'Approved and Denied conditions are mutually exclusive')
    if (!twice && types.has(type)) at.at('type').duplicate(type)
    types.add(type)
  })
}

/** What was decided stays decided, and only who may approve decides. */
function checkDecisions(list: Place, request: Request, { old, subresource }: WriteContext<Request>): void {
  const count = (one: Request | undefined, type: string): number => typesOf(one).filter(name => name === type).length
  for (const type of lasting)
    if (count(request, type) < count(old, type))
      list.forbidden(`updates may not remove a condition of type ${JSON.stringify(type)}`)
  if (subresource === 'approval') return
  const of = (one: Request | undefined, type: string): readonly unknown[] =>
    (one?.status?.conditions ?? []).filter(found => found.type === type)
  for (const type of ['Approved', 'Denied'])
    if (count(request, type) > count(old, type))
      list.forbidden(`updates may not add a condition of type ${JSON.stringify(type)}`)
    else if (count(request, type) === count(old, type) && !equal(of(request, type), of(old, type)))
      list.forbidden(`updates may not modify a condition of type ${JSON.stringify(type)}`)
}

const block = /-----BEGIN ([^-]*)-----\r?\n([^-]*)-----END \1-----/g

/** @returns what is wrong; undefined: it holds certificates, or nothing. */
function certificateProblem(base64: string): string | undefined {
  const found = [...Buffer.from(base64, 'base64').toString('latin1').matchAll(block)]
  if (found.length === 0) return 'must contain at least one CERTIFICATE PEM block'
  for (const [all, type = '', body = ''] of found) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`
    if (body.includes(':')) return 'no PEM block headers are permitted'
    try {
      new X509Certificate(all)
    } catch {
      return 'x509: malformed certificate'
    }
  }
  return undefined
}

function checkCertificate(place: Place, request: Request, { old, subresource }: WriteContext<Request>): void {
  const [now = '', before = ''] = [request.status?.certificate, old?.status?.certificate]
  if (now === before) return
  const problem = now === '' ? undefined : certificateProblem(now)
  if (problem !== undefined) place.invalid('<certificate data>', problem)
  if (subresource !== 'status') place.forbidden('updates may not set certificate content')
  else if (before !== '') place.forbidden('updates may not modify existing certificate content')
}

function validateUpdate(request: Request, context: WriteContext<Request>): readonly FieldError[] {
  const status = new Place('status')
  checkConditions(status.at('conditions'), request, context.old)
  checkDecisions(status.at('conditions'), request, context)
  checkCertificate(status.at('certificate'), request, context)
  return status.errors
}

export function validateRequest(request: Request, context: WriteContext<Request>): readonly FieldError[] {
  if (context.old !== undefined) return validateUpdate(request, context)
  const root = new Place('')
  const { spec } = request
  const place = root.at('spec')
  const problem = requestProblem(spec.request)
  if (problem !== undefined) place.at('request').invalid(spec.request, problem)
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
