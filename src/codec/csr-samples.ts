/** For tests: writes certificate requests, good ones and such as no tool writes. */
import { commonName, organization } from './csr.ts'
import { tags } from './der.ts'

export function derItem(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const digits = content.length.toString(16)
  const length = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex')
  const head = content.length < 0x80 ? [content.length] : [0x80 + length.length, ...length]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}

export const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const sequence = (...parts: readonly Buffer[]): Buffer => derItem(tags.sequence, ...parts)
const oid = (id: string): Buffer => derItem(tags.oid, hex(id))
const utf8 = 0x0c

export interface Signing {
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Buffer
  /** Of the algorithm, in hexadecimal: ECDSA with SHA-256 unless given. */
  readonly algorithm?: string
  readonly sign: (bytes: Buffer) => Buffer
}

export interface Sample {
  readonly name?: string
  readonly groups?: readonly string[]
  /** Further attributes of the subject, values with their tag and length. */
  readonly more?: readonly (readonly [id: string, value: Buffer])[]
  /** Alternative names by their tag. */
  readonly alternatives?: readonly (readonly [tag: number, value: Buffer | string])[]
  /** How often they are asked for; once unless given. */
  readonly times?: number
}

export const alternative = { email: 0x81, dns: 0x82, uri: 0x86, ip: 0x87 } as const

const attribute = (id: string, value: Buffer): Buffer => derItem(tags.set, sequence(oid(id), value))
const text = (value: string): Buffer => derItem(utf8, Buffer.from(value))

function attributesOf({ alternatives = [], times = 1 }: Sample): Buffer {
  if (alternatives.length === 0) return derItem(0xa0)
  const names = sequence(...alternatives.map(([tag, value]) => derItem(tag, Buffer.from(value))))
  const extension = sequence(oid('551d11'), derItem(tags.octets, names))
  const extensions = sequence(...Array.from({ length: times }, () => extension))
  return derItem(0xa0, sequence(oid('2a864886f70d01090e'), derItem(tags.set, extensions)))
}

/** @returns base64 of PEM, as the API carries it. */
export function sampleRequest(sample: Sample, { publicKey, algorithm = '2a8648ce3d040302', sign }: Signing): string {
  const { name, groups = [], more = [] } = sample
  const subject = sequence(
    ...groups.map(group => attribute(organization, text(group))),
    ...(name === undefined ? [] : [attribute(commonName, text(name))]),
    ...more.map(([id, value]) => attribute(id, value)),
  )
  const info = sequence(derItem(tags.integer, Buffer.from([0])), subject, publicKey, attributesOf(sample))
  const signature = derItem(tags.bitString, Buffer.from([0]), sign(info))
  const der = sequence(info, sequence(oid(algorithm)), signature)
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
  return Buffer.from(pem).toString('base64')
}
