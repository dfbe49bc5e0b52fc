/** `url('https://example.com/path')`, read as Go reads the target of a request: absolute, or a path with a host or without. */
import { reads, unit } from '../cost.ts'
import { extension, fn, method, text } from '../define.ts'
import type { Library } from '../define.ts'
import { boolType, listType, mapType, objectType, stringType } from '../types.ts'
import { CelError, CelList, EntryMap, Extension, isError } from '../values.ts'
import type { Result } from '../values.ts'
import { spend } from '../work.ts'

export const urlType = objectType('kubernetes.URL', new Map())

interface Parts {
  readonly scheme: string
  readonly host: string
  readonly path: string
  readonly query: string
}

export class Url extends Extension {
  readonly type = urlType
  readonly parts: Parts
  readonly #text: string

  constructor(parts: Parts, text: string) {
    super()
    this.parts = parts
    this.#text = text
  }

  override get text(): string {
    return this.#text
  }

  equals(other: Extension): boolean {
    return other instanceof Url && this.#text === other.text
  }
}

const badEscape = /%(?![0-9a-fA-F]{2})/
const hostCharacters = /^[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%\u0080-\uffff]*$/
const userCharacters = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/

const quoted = (value: string): string => JSON.stringify(value.slice(0, 256))

/** What is wrong with `user@host:port`. */
function wrongAuthority(authority: string): string | undefined {
  const at = authority.lastIndexOf('@')
  if (at >= 0 && !userCharacters.test(authority.slice(0, at))) return 'net/url: invalid userinfo'
  const host = authority.slice(at + 1)
  const closing = host.lastIndexOf(']')
  if (host.startsWith('[') && closing < 0) return "missing ']' in host"
  const after = host.startsWith('[')
    ? host.slice(closing + 1)
    : host.includes(':')
      ? host.slice(host.lastIndexOf(':'))
      : ''
  if (!/^(?::\d*)?$/.test(after)) return `invalid port ${quoted(after)} after host`
  if (badEscape.test(host)) return 'invalid URL escape'
  return hostCharacters.test(host) ? undefined : 'invalid character in host name'
}

const isControl = (value: string): boolean => {
  for (let at = 0; at < value.length; at++) if (value.charCodeAt(at) < 32 || value.charCodeAt(at) === 127) return true
  return false
}

/** The scheme and what follows it, or what is wrong. */
function splitScheme(value: string): readonly [scheme: string, rest: string] | string {
  if (value.startsWith(':')) return 'missing protocol scheme'
  const found = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(value)
  if (found !== null) return [(found[1] ?? '').toLowerCase(), value.slice(found[0].length)]
  return ['', value]
}

const utf8 = (value: string): string => Buffer.from(value).toString('latin1')
const unescape = (value: string): string =>
  Buffer.from(
    utf8(value).replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString()

const validPath = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/[\]]|%[0-9a-fA-F]{2})*$/

/** As it stands where that is a valid spelling, else in the usual one. */
const escapedPath = (path: string): string =>
  validPath.test(path)
    ? path
    : utf8(unescape(path)).replaceAll(
        /[^A-Za-z0-9\-._~$&+,/:;=@]/g,
        byte => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
      )

function read(value: string): Parts | string {
  if (isControl(value)) return 'net/url: invalid control character in URL'
  if (value === '') return 'empty url'
  const split = splitScheme(value)
  if (typeof split === 'string') return split
  const [scheme, rest] = split
  if (!rest.startsWith('/')) {
    if (value === '*') return { scheme: '', host: '', path: '*', query: '' }
    return scheme === '' ? 'invalid URI for request' : { scheme, host: '', path: '', query: '' }
  }
  const hash = rest.indexOf('#')
  const whole = hash < 0 ? rest : rest.slice(0, hash)
  const mark = whole.indexOf('?')
  const target = mark < 0 ? whole : whole.slice(0, mark)
  const query = mark < 0 ? '' : whole.slice(mark + 1)
  if (scheme === '' || !target.startsWith('//'))
    return badEscape.test(target) ? 'invalid URL escape' : { scheme, host: '', path: target, query }
  const end = target.indexOf('/', 2)
  const authority = target.slice(2, end < 0 ? undefined : end)
  const path = end < 0 ? '' : target.slice(end)
  const wrong = wrongAuthority(authority) ?? (badEscape.test(path) ? 'invalid URL escape' : undefined)
  return wrong ?? { scheme, host: unescape(authority.slice(authority.lastIndexOf('@') + 1)), path, query }
}

function parse(value: string): Url | CelError {
  const parts = read(value)
  if (typeof parts !== 'string') return new Url(parts, value)
  return new CelError(`URL parse error during conversion from string: parse ${quoted(value)}: ${parts}`)
}

/** What is wrong with a URL, in Go's words; undefined for a right one. */
export function urlProblem(value: string): string | undefined {
  const parts = read(value)
  return typeof parts === 'string' ? `parse ${quoted(value)}: ${parts}` : undefined
}

function port(host: string): string {
  return /:(\d*)$/.exec(host.startsWith('[') ? host.slice(host.lastIndexOf(']')) : host)?.[1] ?? ''
}

function hostname(host: string): string {
  const bare = host.replace(/:\d*$/, '')
  const named = host.startsWith('[') ? host.slice(0, host.lastIndexOf(']') + 1) : bare
  return named.replace(/^\[(.*)\]$/, '$1')
}

function queryOf(query: string): Result {
  const found = new Map<string, CelList>()
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';') || badEscape.test(pair)) continue
    spend(1)
    const equals = pair.indexOf('=')
    const [key, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    const name = unescape(key.replaceAll('+', ' '))
    const list = found.get(name) ?? CelList.of([])
    found.set(name, list)
    list.push(unescape(value.replaceAll('+', ' ')))
  }
  return new EntryMap(found)
}

const url = extension(urlType, Url)

export const urls: Library = {
  types: [['kubernetes.URL', urlType]],
  overloads: [
    fn('url', [text], { gives: urlType, run: parse, ...reads(0, { sized: true }) }),
    fn('isURL', [text], { gives: boolType, run: value => !isError(parse(value)) }),
    method('getScheme', [url], { gives: stringType, run: ({ parts }) => parts.scheme, ...unit }),
    method('getHost', [url], { gives: stringType, run: ({ parts }) => parts.host, ...unit }),
    method('getHostname', [url], { gives: stringType, run: ({ parts }) => hostname(parts.host), ...unit }),
    method('getPort', [url], { gives: stringType, run: ({ parts }) => port(parts.host), ...unit }),
    method('getEscapedPath', [url], { gives: stringType, run: ({ parts }) => escapedPath(parts.path), ...unit }),
    method('getQuery', [url], {
      gives: mapType(stringType, listType(stringType)),
      run: ({ parts }) => queryOf(parts.query),
      ...unit,
    }),
  ],
}
