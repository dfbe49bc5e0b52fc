/** Signs what was approved, for the signers of `kubernetes.io`. */
import type { AlternativeName, RequestedNames } from '#codec/csr-names.ts'
import { certificateSigningRequests } from '#kinds/facts/generated/refs.ts'
import type { CertificateSigningRequest as Request } from '#kinds/facts/generated/types/certificates_v1.ts'
import type { Attribute } from '#codec/csr.ts'
import { type Controller, type Decision, type Input, nothing, selfKey } from '#client/controller.ts'
import { Later } from '#client/later.ts'
import { stamp } from '../conditions.ts'
import { reading, rule } from '../rules.ts'
import { updateStatus } from '../writes.ts'
import { isApproved, isFailed, isIssued, readRequest } from './requests.ts'
import { signerNames, signingProblem } from './signers.ts'

export interface WantedCertificate {
  /** By object identifier in hexadecimal. */
  readonly subject: readonly Attribute[]
  readonly alternatives: readonly AlternativeName[]
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Buffer
  readonly usages: readonly string[]
  readonly seconds: number
}

/** By an authority of the cluster, which cuts what outlives it. @returns PEM. @throws Error: it is tried again. */
export type SignCertificate = (wanted: WantedCertificate) => Promise<string>

const shortest = 600
/** Seconds, as `--cluster-signing-duration` has it where nobody says otherwise. */
export const usualSigningSeconds = 365 * 24 * 3600

/** @param longest what those get as well who do not say */
const secondsOf = ({ spec: { expirationSeconds: asked } }: Request, longest: number): number =>
  asked === undefined ? longest : Math.min(longest, Math.max(shortest, asked))

/** Those that name somebody, as Go writes them; what else stands in a subject is nobody's business, user ids among it. */
const kept = new Set(['550406', '55040a', '55040b', '550407', '550408', '550409', '550411', '550403', '550405'])

const wantedOf = (
  request: Request,
  { subject, alternatives, publicKey }: RequestedNames,
  longest: number,
): WantedCertificate => ({
  subject: subject.filter(({ type }) => kept.has(type)),
  alternatives,
  publicKey,
  usages: request.spec.usages ?? [],
  seconds: secondsOf(request, longest),
})

function failed(request: Request, message: string, now: number): Decision {
  const condition = {
    type: 'Failed',
    status: 'True',
    reason: 'SignerValidationFailure',
    message,
    lastUpdateTime: stamp(now),
  }
  const conditions = [...(request.status?.conditions ?? []), condition]
  return {
    writes: [[updateStatus(certificateSigningRequests, { ...request, status: { ...request.status, conditions } })]],
  }
}

interface Signing {
  readonly signatures: Later<WantedCertificate, string>
  readonly longest: number
}

function decide(key: string, { read, asked, now }: Input<unknown>, { signatures, longest }: Signing): Decision {
  const request = read.get(certificateSigningRequests, key)
  if (request === undefined || isIssued(request) || isFailed(request) || !isApproved(request)) return nothing
  const { signerName, usages = [] } = request.spec
  if (!signerNames.includes(signerName)) return nothing
  const names = readRequest(request)
  const problem = typeof names === 'string' ? names : signingProblem(signerName, names, new Set(usages))
  if (typeof names === 'string' || problem !== undefined) return failed(request, problem ?? '', now)
  // Another request may stand under the same name by now.
  const id = request.metadata.uid ?? ''
  const signed = signatures.answer(asked, id)
  if (signed === undefined) return { writes: [], ask: [signatures.ask(asked, id, wantedOf(request, names, longest))] }
  const certificate = Buffer.from(signed).toString('base64')
  return {
    writes: [[updateStatus(certificateSigningRequests, { ...request, status: { ...request.status, certificate } })]],
  }
}

/** @param longest seconds that a certificate is good at most */
export function certificateSigning(sign: SignCertificate, longest: number = usualSigningSeconds): Controller {
  const signing: Signing = { signatures: new Later(wanted => sign(wanted)), longest }
  return {
    name: 'certificatesigningrequest-signing-controller',
    watches: [{ ref: certificateSigningRequests, keys: selfKey }],
    rules: [
      rule('certificates.k8s.io', ['certificatesigningrequests'], reading),
      rule('certificates.k8s.io', ['certificatesigningrequests/status'], ['update']),
      { ...rule('certificates.k8s.io', ['signers'], ['sign']), resourceNames: signerNames },
    ],
    decide: (key, input) => decide(key, input, signing),
  }
}
