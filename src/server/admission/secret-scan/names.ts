/** Values that no form gives away, under names that do. */
import { entropy, isPlaceholder } from './text.ts'

/** Parts of a name under which something secret stands, and whether any word is one there. */
const telling: readonly (readonly [word: string, passwords: boolean])[] = [
  ['password', true],
  ['passwd', true],
  ['passphrase', true],
  ['pwd', true],
  ['secret', false],
  ['token', false],
  ['credential', false],
]

/** The thing about the secret and not the secret: where it lies, how long it lasts, what it is called. */
const about = [
  'file',
  'path',
  'name',
  'url',
  'uri',
  'ref',
  'ttl',
  'expiry',
  'expiration',
  'expires',
  'seconds',
  'minutes',
  'hours',
  'length',
  'id',
  'enabled',
  'type',
  'policy',
  'host',
  'issuer',
  'count',
  'dir',
  'mount',
  'endpoint',
  'address',
  'audience',
  'algorithm',
  'header',
  'key',
  'version',
  'method',
  'format',
  'prefix',
  'suffix',
  'interval',
  'timeout',
  'limit',
  'limits',
  'regex',
  'namespace',
  'checksum',
  'hash',
  'sha256',
  'digest',
  'provider',
  'store',
  'class',
  'size',
  'required',
  'field',
  'location',
  'mode',
] as const
/** Keys that are secret themselves. */
const keys = ['api', 'access', 'private', 'secret', 'signing', 'encryption', 'master', 'auth'].map(word => `${word}key`)

const longestName = 256

type Promised = { readonly password: boolean } | undefined

/** Names come again with every pod of a kind. */
const known = new Map<string, Promised>()
const mostKnown = 4096

/** @returns undefined where the name promises nothing, else whether it is that of a password */
export function promise(name: string): Promised {
  if (name.length > longestName) return undefined
  const found = known.get(name)
  if (found !== undefined || known.has(name)) return found
  if (known.size >= mostKnown) known.clear()
  const made = promiseOf(name)
  known.set(name, made)
  return made
}

function promiseOf(name: string): Promised {
  // Of `spring.datasource.password` and `example.com/api-key` only the words count.
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  if (keys.some(word => plain.endsWith(word))) return { password: false }
  const found = telling.find(([word]) => plain.includes(word))
  if (found === undefined || plain.includes('tokeniz') || about.some(word => plain.endsWith(word))) return undefined
  return { password: found[1] }
}

const shortest = 8
const longest = 4096
const shortestOther = 16

const classes = (text: string): number =>
  [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/].reduce((count, one) => count + (one.test(text) ? 1 : 0), 0)

/** `process.env.PASSWORD`, `os.environ["PASSWORD"]`, `getenv("PASSWORD")`: where a program finds it. */
const ofProgram = /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*(?:[[(].*|\.[A-Za-z_$][\w$]*)$/

/** Names of things in a cluster, places and switches. */
const isPlain = (text: string): boolean =>
  ofProgram.test(text) ||
  /^[./~<[{%@]/.test(text) ||
  text.includes('://') ||
  /^[a-z]+(?:[-_. ][a-z]+)*$/.test(text) ||
  /^[0-9.:smhd]+$/.test(text)

/** Random enough to be no word: a password has two kinds of characters, other secrets more bits and digits in them. */
export function isSecretive(text: string, { password }: { readonly password: boolean }): boolean {
  if (text.length < shortest || text.length > longest) return false
  if (/\s/.test(text) || isPlaceholder(text) || isPlain(text)) return false
  if (password) return classes(text) >= 2 && entropy(text) >= 2.5
  return text.length >= shortestOther && /[0-9]/.test(text) && /[a-zA-Z]/.test(text) && entropy(text) >= 3
}

export const guess = 'a secret, by its name and how random it is'

/** Lines are taken apart only where a telling word stands somewhere. */
const anyTelling =
  /passw|passphrase|pwd|secret|token|credential|(?:api|access|private|signing|encryption|master|auth).?key/i
const mostLines = 20_000
const longestLine = 1024

/** What surrounds values in properties, YAML, JSON, TOML and shell files. */
function unwrapped(text: string): string {
  let from = 0
  let to = text.length
  const wrapping = (at: number): boolean => ' \t\r"\',;`'.includes(text[at] ?? '.')
  while (from < to && wrapping(from)) from++
  while (to > from && wrapping(to - 1)) to--
  return text.slice(from, to)
}

function isTellingLine(line: string): boolean {
  const at = line.search(/[=:]/)
  if (at <= 0) return false
  // What is before the last word declares it: `export`, `const`, the dash of a list.
  const left = unwrapped(line.slice(0, at))
  const promised = promise(unwrapped(left.slice(left.lastIndexOf(' ') + 1)))
  return promised !== undefined && isSecretive(unwrapped(line.slice(at + 1)), promised)
}

/** @returns the number of the first line such as `db.password=…`, undefined for none */
export function tellingLine(text: string): number | undefined {
  if (!anyTelling.test(text)) return undefined
  for (let from = 0, number = 1; from < text.length && number <= mostLines; number++) {
    const newline = text.indexOf('\n', from)
    const end = newline < 0 ? text.length : newline
    if (end - from <= longestLine && isTellingLine(text.slice(from, end))) return number
    from = end + 1
  }
  return undefined
}
