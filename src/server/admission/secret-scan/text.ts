/** Runs of characters, counted by hand: other people's text meets no expression that could go back over it. */

/** One bit for each ASCII character of a set. */
export type Charset = Uint8Array

const charset = (characters: string): Charset => {
  const set = new Uint8Array(128)
  for (const character of characters) set[character.charCodeAt(0)] = 1
  return set
}

const digits = '0123456789'
const lower = 'abcdefghijklmnopqrstuvwxyz'
const upper = lower.toUpperCase()

export const alphanumeric = charset(digits + lower + upper)
export const wordy = charset(`${digits}${lower}${upper}_`)
export const base64url = charset(`${digits}${lower}${upper}_-`)
export const base64 = charset(`${digits}${lower}${upper}+/`)
export const hexadecimal = charset(`${digits}abcdef`)
export const upperDigits = charset(digits + upper)
export const dotted = charset(`${digits}${lower}${upper}_-.`)
export const pathed = charset(`${digits}${lower}${upper}/`)
export const azureSecret = charset(`${digits}${lower}${upper}_~.-`)

export const isIn = (set: Charset, text: string, at: number): boolean => {
  const code = text.charCodeAt(at)
  return code < 128 && set[code] === 1
}

/** How many characters of the set follow, at most `most`. */
export function run(
  set: Charset,
  text: string,
  { from, most }: { readonly from: number; readonly most: number },
): number {
  let length = 0
  while (length < most && isIn(set, text, from + length)) length++
  return length
}

/** Bits of each character, by how often each one occurs. */
export function entropy(text: string): number {
  const counts = new Map<number, number>()
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    counts.set(code, (counts.get(code) ?? 0) + 1)
  }
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}

const placeholders = [
  'example',
  'xxxx',
  '****',
  '....',
  'changeme',
  'placeholder',
  'redacted',
  'your-',
  'your_',
  'dummy',
]

/** What documents put where a secret would stand. */
export function isPlaceholder(text: string): boolean {
  const plain = text.toLowerCase()
  return (
    placeholders.some(word => plain.includes(word)) || text.includes('$(') || text.includes('${') || text.includes('{{')
  )
}
