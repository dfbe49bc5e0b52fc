/** A value that must not be seen anywhere, in every form that programs give values, and a way to look for it. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'

export interface Canary {
  readonly text: string
  /** Of the text. */
  readonly base64: string
  /** Where it is in a text, in whatever form; undefined where it is not. */
  find(text: string): string | undefined
}

/** The middle of base64 of a text that stands anywhere in a longer one: there are three ways for it to lie. */
function shifted(text: string, encoding: 'base64' | 'base64url'): readonly string[] {
  return [0, 1, 2].map(shift => {
    const encoded = Buffer.from('x'.repeat(shift) + text).toString(encoding)
    return encoded.slice(4, Math.floor((encoded.length - 4) / 4) * 4)
  })
}

export function makeCanary(): Canary {
  const text = `cAn4ry-${randomBytes(24).toString('hex')}~?>`
  const bytes = Buffer.from(text)
  const forms = new Map<string, string>([
    // A part is enough: messages are cut.
    ['plain', text.slice(0, 20)],
    ['plain, its end', text.slice(20, 40)],
    ['hexadecimal', bytes.toString('hex').slice(0, 32)],
    ['escaped', Array.from(text.slice(0, 8), c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')],
    ['in percent', encodeURIComponent(text).slice(-12)],
    ['bytes', [...bytes.subarray(0, 10)].join(',')],
    ['bytes, as Go prints them', [...bytes.subarray(0, 10)].join(' ')],
    ...shifted(text, 'base64').map((form, at) => [`base64 ${at}`, form] as const),
    ...shifted(text, 'base64url').map((form, at) => [`base64url ${at}`, form] as const),
    ['base64 twice', Buffer.from(bytes.toString('base64')).toString('base64').slice(0, 40)],
  ])
  return {
    text,
    base64: bytes.toString('base64'),
    find: where => {
      const lower = where.toLowerCase()
      for (const [form, value] of forms) {
        const at = where.includes(value) ? where.indexOf(value) : lower.indexOf(value.toLowerCase())
        if (at >= 0) return `${form}: …${where.slice(Math.max(0, at - 120), at + 60)}`
      }
      return undefined
    },
  }
}

export function assertAbsent(canary: Canary, where: string, what: string): void {
  assert.equal(canary.find(where), undefined, what)
}
