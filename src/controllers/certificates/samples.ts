/** For tests: signing requests with real keys. */
import { type KeyObject, generateKeyPairSync, sign } from 'node:crypto'
import { type Sample, sampleRequest } from '#codec/csr-samples.ts'
import type {
  CertificateSigningRequest as Request,
  CertificateSigningRequestCondition as Condition,
  CertificateSigningRequestSpec as Spec,
} from '#kinds/facts/generated/types/certificates_v1.ts'

export interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export const newPair = (): Pair => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const usual = newPair()

const rsa = '2a864886f70d01010b'

/** @returns base64 of PEM */
export const requestFor = (sample: Sample, { publicKey, privateKey }: Pair = usual): string =>
  sampleRequest(sample, {
    publicKey: publicKey.export({ format: 'der', type: 'spki' }),
    ...(publicKey.asymmetricKeyType === 'rsa' ? { algorithm: rsa } : {}),
    sign: bytes => sign('sha256', bytes, privateKey),
  })

export const signingRequest = (name: string, spec: Partial<Spec>, conditions: readonly Condition[] = []): Request => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name },
  spec: {
    request: requestFor({ name: 'jane', groups: ['devs'] }),
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages: ['client auth'],
    ...spec,
  },
  ...(conditions.length === 0 ? {} : { status: { conditions } }),
})

export const judged = (type: string, lastUpdateTime?: string): Condition => ({
  type,
  status: 'True',
  reason: 'r',
  ...(lastUpdateTime === undefined ? {} : { lastUpdateTime }),
})
