/** Certificates for whoever asked for one with a request: what is in them was decided before, by whoever calls. */
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { type KeyPair, authoritySigns } from './issue.ts'

export interface RequestedCertificate {
  /** By object identifier, one attribute each, in this order. */
  readonly subject: readonly { readonly id: string; readonly value: string }[]
  readonly alternatives: readonly { readonly type: 'dns' | 'email' | 'ip' | 'uri'; readonly value: string }[]
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Buffer
  /** As the certificates API names them. */
  readonly usages: readonly string[]
  /** From now on. */
  readonly seconds: number
}

/** Milliseconds. Clocks that are a little behind must still accept what we just issued. */
const backdated = 5 * 60 * 1000
/** Milliseconds. What is shorter does not lose the time that it was dated back. */
const short = 8 * 3600 * 1000

const bits: ReadonlyMap<string, x509.KeyUsageFlags> = new Map([
  ['signing', x509.KeyUsageFlags.digitalSignature],
  ['digital signature', x509.KeyUsageFlags.digitalSignature],
  ['content commitment', x509.KeyUsageFlags.nonRepudiation],
  ['key encipherment', x509.KeyUsageFlags.keyEncipherment],
  ['key agreement', x509.KeyUsageFlags.keyAgreement],
  ['data encipherment', x509.KeyUsageFlags.dataEncipherment],
  ['cert sign', x509.KeyUsageFlags.keyCertSign],
  ['crl sign', x509.KeyUsageFlags.cRLSign],
  ['encipher only', x509.KeyUsageFlags.encipherOnly],
  ['decipher only', x509.KeyUsageFlags.decipherOnly],
])

const purposes: ReadonlyMap<string, string> = new Map([
  ['any', '2.5.29.37.0'],
  ['server auth', '1.3.6.1.5.5.7.3.1'],
  ['client auth', '1.3.6.1.5.5.7.3.2'],
  ['code signing', '1.3.6.1.5.5.7.3.3'],
  ['email protection', '1.3.6.1.5.5.7.3.4'],
  ['s/mime', '1.3.6.1.5.5.7.3.4'],
  ['ipsec end system', '1.3.6.1.5.5.7.3.5'],
  ['ipsec tunnel', '1.3.6.1.5.5.7.3.6'],
  ['ipsec user', '1.3.6.1.5.5.7.3.7'],
  ['timestamping', '1.3.6.1.5.5.7.3.8'],
  ['ocsp signing', '1.3.6.1.5.5.7.3.9'],
  ['microsoft sgc', '1.3.6.1.4.1.311.10.3.3'],
  ['netscape sgc', '2.16.840.1.113730.4.1'],
])

/** @throws Error for a usage that nobody knows */
function usageExtensions(usages: readonly string[]): readonly x509.Extension[] {
  const unknown = usages.filter(usage => !bits.has(usage) && !purposes.has(usage))
  if (unknown.length > 0) throw new Error(`unrecognized usage values: ${JSON.stringify(unknown)}`)
  const flags = usages.reduce((all, usage) => all | (bits.get(usage) ?? 0), 0)
  const ids = new Set(usages.flatMap(usage => purposes.get(usage) ?? []))
  return [
    ...(flags === 0 ? [] : [new x509.KeyUsagesExtension(flags, true)]),
    ...(ids.size === 0 ? [] : [new x509.ExtendedKeyUsageExtension([...ids].toSorted())]),
  ]
}

/** Values are given by their type: as plain text, the library reads one that begins with # as bytes of whatever type. */
const subjectOf = (subject: RequestedCertificate['subject']): x509.Name =>
  new x509.Name(
    subject.map(({ id, value }) => ({
      [id]: [x509.Name.isPrintableString(value) ? { printableString: value } : { utf8String: value }],
    })),
  )

const kinds = { dns: 'dns', email: 'email', ip: 'ip', uri: 'url' } as const

/** Milliseconds. @throws Error for an authority that is over */
function validity({ notAfter }: x509.X509Certificate, seconds: number, now: number): readonly [Date, Date] {
  if (now >= notAfter.getTime()) throw new Error(`the signer has expired: NotAfter=${notAfter.toISOString()}`)
  const length = seconds * 1000
  const until = now + (length < short ? length : length - backdated)
  return [new Date(now - backdated), new Date(Math.min(until, notAfter.getTime()))]
}

/** @param now milliseconds. @returns PEM. @throws Error */
export async function signRequest(authority: KeyPair, wanted: RequestedCertificate, now: number): Promise<string> {
  const issuer = new x509.X509Certificate(authority.cert)
  const [notBefore, notAfter] = validity(issuer, wanted.seconds, now)
  const names = wanted.alternatives.map(({ type, value }) => ({ type: kinds[type], value }))
  return authoritySigns(authority, {
    subject: subjectOf(wanted.subject),
    notBefore,
    notAfter,
    publicKey: new x509.PublicKey(wanted.publicKey),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...usageExtensions(wanted.usages),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      // Whom nothing else names is named by these alone, and must be understood.
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names, wanted.subject.length === 0)]),
    ],
  })
}
