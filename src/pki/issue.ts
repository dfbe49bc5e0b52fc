/** Certificates of our own authorities: ECDSA P-256, one purpose each. */
import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'

/** PEM of a certificate and of its private key (PKCS #8). */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

export interface Subject {
  /** Common name: the user, or the name of the server. */
  readonly name: string
  /** Organizations: the user's groups. */
  readonly groups?: readonly string[]
}

export interface Leaf extends Subject {
  readonly use: 'server' | 'client'
  /** DNS names and IP addresses that a serving certificate is for. */
  readonly hosts?: readonly string[]
  /** May be less than one. */
  readonly days?: number
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const day = 24 * 3600 * 1000
/** Clocks that are a little behind must still accept what we just issued. */
const slack = 5 * 60 * 1000

const escape = (text: string): string => text.replaceAll(/[,+"\\<>;=#]/g, char => `\\${char}`)

const subjectText = ({ name, groups = [] }: Subject): string =>
  [...groups.map(group => `O=${escape(group)}`), `CN=${escape(name)}`].join(', ')

const generate = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

async function keyText(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key)
  return x509.PemConverter.encode(der, 'PRIVATE KEY')
}

const importKey = (pem: string) =>
  webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), algorithm, false, ['sign'])

/** Positive and 128 bits long. */
const serial = (): string => `00${randomBytes(16).toString('hex')}`

/** A new authority. @param now milliseconds. */
export async function makeAuthority(name: string, now: number): Promise<KeyPair> {
  const keys = await generate()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: subjectText({ name }),
    notBefore: new Date(now - slack),
    notAfter: new Date(now + 10 * 365 * day),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: certificate.toString('pem'), key: await keyText(keys.privateKey) }
}

/** A certificate and key for a server or a user. @param now milliseconds. */
export async function issue(authority: KeyPair, leaf: Leaf, now: number): Promise<KeyPair> {
  const keys = await generate()
  const cert = await sign(authority, { leaf, publicKey: keys.publicKey }, now)
  return { cert, key: await keyText(keys.privateKey) }
}

/** A certificate for a public key (PEM, SPKI) whose private half stays where it is. @param now milliseconds. */
export const certify = (
  authority: KeyPair,
  certified: { readonly leaf: Leaf; readonly publicKey: string },
  now: number,
) => sign(authority, { leaf: certified.leaf, publicKey: new x509.PublicKey(certified.publicKey) }, now)

interface Signing {
  readonly leaf: Leaf
  readonly publicKey: webcrypto.CryptoKey | x509.PublicKey
}

const usage: Readonly<Record<Leaf['use'], string>> = {
  server: x509.ExtendedKeyUsage.serverAuth,
  client: x509.ExtendedKeyUsage.clientAuth,
}

async function sign(authority: KeyPair, { leaf, publicKey }: Signing, now: number): Promise<string> {
  const issuer = new x509.X509Certificate(authority.cert)
  const until = Math.min(now + (leaf.days ?? 365) * day, issuer.notAfter.getTime())
  const names = (leaf.hosts ?? []).map(host => ({
    type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const),
    value: host,
  }))
  return authoritySigns(authority, {
    subject: new x509.Name(subjectText(leaf)),
    notBefore: new Date(now - slack),
    notAfter: new Date(until),
    publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage[leaf.use]]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  })
}

interface Content {
  readonly subject: x509.Name
  readonly notBefore: Date
  readonly notAfter: Date
  readonly publicKey: webcrypto.CryptoKey | x509.PublicKey
  readonly extensions: x509.Extension[]
}

/** @returns PEM, under a number that no other certificate has. */
export async function authoritySigns(authority: KeyPair, content: Content): Promise<string> {
  const certificate = await x509.X509CertificateGenerator.create({
    ...content,
    serialNumber: serial(),
    issuer: new x509.X509Certificate(authority.cert).subject,
    signingKey: await importKey(authority.key),
    signingAlgorithm: algorithm,
  })
  return certificate.toString('pem')
}
