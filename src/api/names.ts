/** The formats of names, labels and their like. Each answers what is wrong, in upstream's words; an empty list is valid. */

/** @param examples shown after the pattern, as clients expect it. */
const mismatch = (what: string, pattern: string, examples: readonly string[]): string => {
  const shown = examples.map(example => `'${example}',  or `).join('')
  return examples.length === 0
    ? `${what} (regex used for validation is '${pattern}')`
    : `${what} (e.g. ${shown.slice(0, -6)}, regex used for validation is '${pattern}')`
}
const tooLong = (max: number): string => `must be no more than ${max} characters`
const bytes = (text: string): number => Buffer.byteLength(text)
/** Counts only where it can matter: a character takes three bytes at most. */
const longer = (text: string, max: number): boolean => text.length * 3 > max && bytes(text) > max

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const labelPattern = new RegExp(`^${label}$`)
const subdomain = `${label}(\\.${label})*`
const label1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'
const label1035Pattern = new RegExp(`^${label1035}$`)
const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const qualifiedPattern = new RegExp(`^${qualified}$`)
const labelValue = '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?'
const configKey = '[-._a-zA-Z0-9]+'
const configKeyPattern = new RegExp(`^${configKey}$`)

const labelText =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"
const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
const label1035Text =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character"
const qualifiedText =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const labelValueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
const configKeyText = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"

/** Linear: one label at a time, so that no input makes a pattern backtrack. */
const isSubdomain = (value: string): boolean => value.split('.').every(part => labelPattern.test(part))

const sized = (value: string, max: number, rest: readonly string[]): readonly string[] =>
  longer(value, max) ? [tooLong(max), ...rest] : rest

/** RFC 1123 label, at most 63 bytes: namespaces, containers. */
export const dns1123Label = (value: string): readonly string[] =>
  value.length <= 63 && labelPattern.test(value)
    ? []
    : sized(
        value,
        63,
        labelPattern.test(value)
          ? []
          : isSubdomain(value)
            ? ['must not contain dots']
            : [mismatch(labelText, label, ['my-name', '123-abc'])],
      )

/** RFC 1123 subdomain, at most 253 bytes: most objects. */
export const dns1123Subdomain = (value: string): readonly string[] =>
  sized(value, 253, isSubdomain(value) ? [] : [mismatch(subdomainText, subdomain, ['example.com'])])

/** RFC 1035 label, at most 63 bytes: services. */
export const dns1035Label = (value: string): readonly string[] =>
  sized(value, 63, label1035Pattern.test(value) ? [] : [mismatch(label1035Text, label1035, ['my-name', 'abc-123'])])

/** Label keys, annotation keys, finalizers, resource names: `[prefix/]name`. */
export function qualifiedName(value: string): readonly string[] {
  const parts = value.split('/')
  const name = parts.length === 1 ? value : (parts[1] ?? '')
  const errors: string[] = []
  if (parts.length > 2)
    return [
      `a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualified}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  if (parts.length === 2) {
    const prefix = parts[0] ?? ''
    if (prefix === '') errors.push('prefix part must be non-empty')
    else errors.push(...dns1123Subdomain(prefix).map(error => `prefix part ${error}`))
  }
  if (name === '') errors.push('name part must be non-empty')
  else if (longer(name, 63)) errors.push(`name part ${tooLong(63)}`)
  if (!qualifiedPattern.test(name)) errors.push(mismatch(qualifiedText, qualified, ['MyName', 'my.name', '123-abc']))
  return errors
}

export const labelValueErrors = (value: string): readonly string[] =>
  sized(
    value,
    63,
    value === '' || qualifiedPattern.test(value)
      ? []
      : [mismatch(labelValueText, labelValue, ['MyValue', 'my_value', '12345'])],
  )

/** Keys of ConfigMaps and Secrets. */
export function configMapKey(value: string): readonly string[] {
  const errors: string[] = longer(value, 253) ? [tooLong(253)] : []
  if (!configKeyPattern.test(value))
    errors.push(mismatch(configKeyText, configKey, ['key.name', 'KEY_NAME', 'key-name']))
  if (value === '.') errors.push("must not be '.'")
  else if (value === '..') errors.push("must not be '..'")
  else if (value.startsWith('..')) errors.push("must not start with '..'")
  return errors
}

/** Names that only need to be safe as one segment of a path: RBAC objects. */
export function pathSegment(value: string): readonly string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`]
  return ['/', '%'].filter(bad => value.includes(bad)).map(bad => `may not contain '${bad}'`)
}

/** What the server may append is not yet there: a trailing dash is cut before the check of a generateName. */
export const maskTrailingDash = (name: string): string =>
  name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name

const wildcardText =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"

/** `*.example.com`, hosts of ingresses. */
export const wildcardSubdomain = (value: string): readonly string[] =>
  sized(
    value,
    253,
    value.startsWith('*.') && isSubdomain(value.slice(2))
      ? []
      : [mismatch(wildcardText, `\\*\\.${subdomain}`, ['*.example.com'])],
  )

const underscored = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const underscoredPattern = new RegExp(`^${underscored}$`)

/** Search paths of DNS. */
export const subdomainWithUnderscore = (value: string): readonly string[] =>
  sized(
    value,
    253,
    value.split('.').every(part => underscoredPattern.test(part))
      ? []
      : [mismatch(subdomainText, `${underscored}(\\.${underscored})*`, ['example.com'])],
  )

const portCharacters = /^[-a-z0-9]+$/

/** Ports of containers and what refers to them. */
export function portName(value: string): readonly string[] {
  const errors: string[] = []
  if (value.length > 15) errors.push(tooLong(15))
  if (!portCharacters.test(value)) errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)')
  if (value.includes('--')) errors.push('must not contain consecutive hyphens')
  if (value.startsWith('-') || value.endsWith('-')) errors.push('must not begin or end with a hyphen')
  return errors
}

/** Both ends included. */
const range = (low: number, high: number): readonly string[] => [`must be between ${low} and ${high}, inclusive`]
const noPort = range(1, 65535)
const noId = range(0, 2 ** 31 - 1)

export const portNumber = (value: number): readonly string[] => (value >= 1 && value <= 65535 ? [] : noPort)

/** Users and groups. */
export const userId = (value: number): readonly string[] => (value >= 0 && value < 2 ** 31 ? [] : noId)

/** Printable ASCII but no `=`. */
const environmentPattern = /^[ -<>-~]*$/

export function environmentName(value: string): readonly string[] {
  if (value === '') return ['environment variable name must be non-empty']
  return environmentPattern.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

const headerPattern = /^[-A-Za-z0-9]+$/

export const httpHeaderName = (value: string): readonly string[] =>
  headerPattern.test(value)
    ? []
    : [
        mismatch("a valid HTTP header must consist of alphanumeric characters or '-'", '[-A-Za-z0-9]+', [
          'X-Header-Name',
        ]),
      ]

const percentPattern = /^[0-9]+%$/

export const percentage = (value: string): readonly string[] =>
  percentPattern.test(value)
    ? []
    : [mismatch("a valid percent string must be a numeric string followed by an ending '%'", '[0-9]+%', ['1%', '93%'])]
