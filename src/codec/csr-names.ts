/** All that a certificate request wants to be called: subject and alternative names, as Go's crypto/x509 takes them. */
import { type Attribute, attributesOf, commonName, organization, partsOf } from './csr.ts'
import { CsrError, type Item, items, mismatch, tags, within } from './der.ts'

export interface AlternativeName {
  readonly type: 'dns' | 'email' | 'ip' | 'uri'
  readonly value: string
}

export interface RequestedNames {
  readonly subject: readonly Attribute[]
  readonly commonNames: readonly string[]
  readonly organizations: readonly string[]
  /** Of the four types that anybody asks for; others are passed over. */
  readonly alternatives: readonly AlternativeName[]
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Buffer
}

const attributes = 0xa0
/** PKCS #9: what is wanted as extensions of the certificate. */
const extensionRequest = '2a864886f70d01090e'
const alternativeName = '551d11'

const idOf = (item: Item | undefined): string => {
  if (item?.tag !== tags.oid) throw mismatch()
  return item.content.toString('hex')
}

/** The content of the extension that asks for alternative names. */
function wantedNames(list: Item | undefined): Buffer | undefined {
  if (list === undefined) return undefined
  const seen = new Map<string, Buffer>()
  for (const attribute of within(list, attributes)) {
    const [type, values] = within(attribute, tags.sequence)
    if (idOf(type) !== extensionRequest) continue
    for (const extensions of within(values, tags.set))
      for (const extension of within(extensions, tags.sequence)) {
        const [id, ...rest] = within(extension, tags.sequence)
        const value = rest.at(-1)
        if (value?.tag !== tags.octets) throw mismatch()
        // Two that differ would be read differently by different readers.
        if (seen.has(idOf(id))) throw new CsrError('x509: certificate request contains duplicate requested extensions')
        seen.set(idOf(id), value.content)
      }
  }
  return seen.get(alternativeName)
}

/** Without control characters: what ends a name for one reader goes on for another. */
const printable = /^[\x20-\x7e]*$/

function asciiOf({ content }: Item, what: string): string {
  const text = content.toString('latin1')
  if (!printable.test(text)) throw new CsrError(`x509: SAN ${what} is malformed`)
  return text
}

function uriOf(item: Item): string {
  const text = asciiOf(item, 'uniformResourceIdentifier')
  if (!URL.canParse(text)) throw new CsrError(`x509: cannot parse URI ${JSON.stringify(text)}`)
  return text
}

function addressOf({ content }: Item): string {
  const groups = (): string => Array.from({ length: 8 }, (_, at) => content.readUInt16BE(at * 2).toString(16)).join(':')
  const text = content.length === 4 ? [...content].join('.') : content.length === 16 ? groups() : ''
  if (text === '') throw new CsrError(`x509: cannot parse IP address of length ${content.length}`)
  return text
}

function* alternatives(names: Buffer): Generator<AlternativeName> {
  const [list, ...more] = items(names)
  if (more.length > 0) throw new CsrError('x509: trailing data after X.509 extension')
  for (const item of within(list, tags.sequence))
    if (item.tag === 0x81) yield { type: 'email', value: asciiOf(item, 'rfc822Name') }
    else if (item.tag === 0x82) yield { type: 'dns', value: asciiOf(item, 'dNSName') }
    else if (item.tag === 0x86) yield { type: 'uri', value: uriOf(item) }
    else if (item.tag === 0x87) yield { type: 'ip', value: addressOf(item) }
}

/** @param base64 of PEM. @throws CsrError */
export function requestedNamesOf(base64: string): RequestedNames {
  const [, subjectItem, key, list] = partsOf(base64)
  if (key === undefined) throw mismatch()
  const subject = attributesOf(subjectItem)
  const of = (wanted: string): readonly string[] =>
    subject.flatMap(({ type, value }) => (type === wanted ? [value] : []))
  const names = wantedNames(list)
  return {
    subject,
    commonNames: of(commonName),
    organizations: of(organization),
    alternatives: names === undefined ? [] : [...alternatives(names)],
    publicKey: key.whole,
  }
}
