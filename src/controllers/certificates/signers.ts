/** The signers of `kubernetes.io` and what each of them puts its name to, in upstream's words; and what none of them does. */
import { createPublicKey } from 'node:crypto'
import type { RequestedNames } from '#codec/csr-names.ts'

/** @returns why it is not signed */
type Check = (names: RequestedNames, usages: ReadonlySet<string>) => string | undefined

const signature = 'digital signature'
const encipherment = 'key encipherment'

/** Keys that are not RSA encipher nothing. */
function usagesProblem(usages: ReadonlySet<string>, purpose: string): string | undefined {
  const wanted = [purpose, signature, encipherment].toSorted()
  const needed = wanted.filter(one => one !== encipherment)
  if (needed.every(one => usages.has(one)) && [...usages].every(one => wanted.includes(one))) return undefined
  return `usages did not match [${wanted.join(' ')}]`
}

const ofNodes = ({ organizations }: RequestedNames): boolean =>
  organizations.length === 1 && organizations[0] === 'system:nodes'
const namesNode = ({ commonNames }: RequestedNames): boolean => commonNames[0]?.startsWith('system:node:') === true
const has = ({ alternatives }: RequestedNames, type: string): boolean => alternatives.some(one => one.type === type)

const notOfNodes = 'subject organization is not system:nodes'
const namesNoNode = 'subject common name does not begin with system:node:'

/** As a client of the API, by a node. */
export const kubeletClientProblem: Check = (names, usages) => {
  if (!ofNodes(names)) return notOfNodes
  if (has(names, 'dns')) return 'DNS subjectAltNames are not allowed'
  if (has(names, 'email')) return 'Email subjectAltNames are not allowed'
  if (has(names, 'ip')) return 'IP subjectAltNames are not allowed'
  if (has(names, 'uri')) return 'URI subjectAltNames are not allowed'
  if (!namesNode(names)) return namesNoNode
  return usagesProblem(usages, 'client auth')
}

/** Names of services: whoever shows one to a pod is taken for that service, the API itself among them. */
const ofServices = /(^|\.)svc(\.|$)|^kubernetes(\.default)?\.?$|\*/i

const kubeletServingProblem: Check = (names, usages) => {
  if (!ofNodes(names)) return notOfNodes
  if (!has(names, 'dns') && !has(names, 'ip')) return 'DNS or IP subjectAltName is required'
  if (has(names, 'email')) return 'Email subjectAltNames are not allowed'
  if (has(names, 'uri')) return 'URI subjectAltNames are not allowed'
  const problem = usagesProblem(usages, 'server auth')
  if (problem !== undefined) return problem
  if (!namesNode(names)) return namesNoNode
  const service = names.alternatives.find(({ type, value }) => type === 'dns' && ofServices.test(value))
  return service === undefined ? undefined : `DNS subjectAltName ${JSON.stringify(service.value)} is no name of a node`
}

const clientProblem: Check = (_, usages) => {
  for (const usage of usages)
    if (![signature, encipherment, 'client auth'].includes(usage))
      return `invalid usage for client certificate: ${usage}`
  return usages.has('client auth') ? undefined : 'missing required usage for client certificate: client auth'
}

/** Upstream leaves everything open here; an authority is made by nobody but the cluster itself. */
const legacyProblem: Check = (_, usages) => {
  const bad = ['cert sign', 'crl sign'].find(usage => usages.has(usage))
  return bad === undefined ? undefined : `invalid usage: ${bad}`
}

export const kubeletClient = 'kubernetes.io/kube-apiserver-client-kubelet'

const checks: ReadonlyMap<string, Check> = new Map([
  ['kubernetes.io/kube-apiserver-client', clientProblem],
  [kubeletClient, kubeletClientProblem],
  ['kubernetes.io/kubelet-serving', kubeletServingProblem],
  ['kubernetes.io/legacy-unknown', legacyProblem],
])

export const signerNames: readonly string[] = [...checks.keys()]

/** Whoever has a certificate of this group needs no rights any more. */
const masters = 'system:masters'
const curves = ['prime256v1', 'secp384r1', 'secp521r1']

/** What peers refuse in a handshake is not signed. */
function isStrong(publicKey: Buffer): boolean {
  try {
    const key = createPublicKey({ key: publicKey, format: 'der', type: 'spki' })
    const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
    if (key.asymmetricKeyType === 'rsa') return modulusLength >= 2048 && modulusLength <= 8192
    return key.asymmetricKeyType === 'ed25519' || (key.asymmetricKeyType === 'ec' && curves.includes(namedCurve))
  } catch {
    return false
  }
}

// oxlint-disable-next-line no-control-regex -- they are what is looked for
const control = /[\u0000-\u001f\u007f-\u009f\ufffd]/

/** Whatever the signer is. */
function commonProblem({ subject, commonNames, organizations, publicKey }: RequestedNames, signer: string) {
  if (organizations.includes(masters)) return `use of ${signer} signer with ${masters} group is not allowed`
  if (commonNames.length > 1) return 'subject has more than one common name'
  if (subject.some(({ value }) => control.test(value))) return 'subject holds characters that nobody can read'
  if (!isStrong(publicKey))
    return 'the public key must be RSA with 2048 to 8192 bits, ECDSA on P-256, P-384 or P-521, or Ed25519'
  return undefined
}

/** @returns why this signer does not sign; undefined where it does. Only for those of `signerNames`. */
export function signingProblem(signer: string, names: RequestedNames, usages: ReadonlySet<string>): string | undefined {
  const check = checks.get(signer)
  if (check === undefined) return `unrecognized signerName: ${JSON.stringify(signer)}`
  return commonProblem(names, signer) ?? check(names, usages)
}
