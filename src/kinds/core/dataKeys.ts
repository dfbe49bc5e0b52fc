/** Rules that config maps and secrets share: what a key may be called, how much fits, what immutable means. */
import { forbiddenField, invalidValue, type FieldError } from '#api/validation.ts'

/** Bytes of all values together. */
export const mostBytes = 1024 * 1024
const longestKey = 253
const keyPattern = /^[-._a-zA-Z0-9]+$/

export type Data = Readonly<Record<string, string>> | undefined

/** What is wrong with a key, in upstream's words. */
export function keyProblems(key: string): readonly string[] {
  const problems: string[] = []
  if (Buffer.byteLength(key) > longestKey) problems.push(`must be no more than ${longestKey} characters`)
  if (!keyPattern.test(key))
    problems.push(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    )
  if (key === '.' || key === '..') problems.push(`must not be '${key}'`)
  else if (key.startsWith('..')) problems.push("must not start with '..'")
  return problems
}

export const keyErrors = (data: Data, path: string): readonly FieldError[] =>
  Object.keys(data ?? {}).flatMap(key => keyProblems(key).map(problem => invalidValue(`${path}[${key}]`, key, problem)))

/** Bytes that base64 text stands for. */
export function decodedLength(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0
  return Math.floor((base64.length * 3) / 4) - padding
}

const same = (a: Data, b: Data): boolean => {
  const keys = Object.keys(a ?? {})
  return keys.length === Object.keys(b ?? {}).length && keys.every(key => a?.[key] === b?.[key])
}

interface Frozen {
  readonly immutable?: boolean
  readonly data?: Readonly<Record<string, string>>
  readonly binaryData?: Readonly<Record<string, string>>
}

/** What an object that was immutable may not change any more. */
export function frozenErrors(next: Frozen, old: Frozen | undefined): readonly FieldError[] {
  if (old?.immutable !== true) return []
  const changed = [
    next.immutable === true ? '' : 'immutable',
    same(next.data, old.data) ? '' : 'data',
    same(next.binaryData, old.binaryData) ? '' : 'binaryData',
  ]
  return changed
    .filter(path => path !== '')
    .map(path => forbiddenField(path, 'field is immutable when `immutable` is set'))
}
