/** Names of fields as an expression spells them, where JSON's name is no identifier: `foo-bar` is `foo__dash__bar`. */

const reserved: ReadonlySet<string> = new Set(
  (
    'true false null in as break const continue else for function if import let loop package namespace return var ' +
    'void while'
  ).split(' '),
)
const spelled: Readonly<Record<string, string>> = { __: 'underscores', '.': 'dot', '-': 'dash', '/': 'slash' }
const meant: ReadonlyMap<string, string> = new Map(Object.entries(spelled).map(([sign, word]) => [word, sign]))

/** Undefined for a name that no expression can spell. */
export function escapeName(name: string): string | undefined {
  if (!/^[A-Za-z_./-][\w./-]*$/.test(name)) return undefined
  if (reserved.has(name)) return `__${name}__`
  return name.replaceAll(/__|[-./]/g, sign => `__${spelled[sign]}__`)
}

/** JSON's name; the text itself where it is no escaped name. */
export function unescapeName(escaped: string): string {
  if (!escaped.includes('__')) return escaped
  const word = /^__([a-z]+)__$/.exec(escaped)?.[1]
  if (word !== undefined && reserved.has(word)) return word
  return escaped.replaceAll(/__([a-z]+)__/g, (whole, sign: string) => meant.get(sign) ?? whole)
}
