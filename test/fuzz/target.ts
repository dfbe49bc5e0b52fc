/** What is fuzzed: something of ours that reads what outsiders send. */
import assert from 'node:assert/strict'
import { JsonError } from '#codec/errors.ts'
import { parseJson } from '#codec/json.ts'

export interface Target {
  readonly name: string
  /** What the format is made of: keywords, magic numbers. */
  readonly words: readonly (string | Buffer)[]
  /** Inputs are JSON texts and are changed as such, most of the time. */
  readonly json?: boolean
  /** Rounds in the quick test. */
  readonly rounds: number
  /** Throws or rejects for what must not be: an error that is not the decoder's own, a result that is wrong. */
  readonly run: (input: Buffer) => void | Promise<void>
}

type ErrorClass = abstract new (...args: never[]) => Error

/** @returns undefined where it was refused with an error of these classes; others go on. */
export function refusable<T>(run: () => T, ...own: readonly ErrorClass[]): T | undefined {
  try {
    return run()
  } catch (error) {
    if (own.some(one => error instanceof one)) return undefined
    throw error
  }
}

/** Equal as a client sees it: order of keys aside. */
export const same = (actual: unknown, expected: unknown, what: string): void => assert.deepEqual(actual, expected, what)

/** The JSON value of an input, undefined for what is none: these targets begin after the decoder. */
export function jsonOf(input: Buffer): unknown {
  return refusable(() => parseJson(input).value, JsonError)
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
