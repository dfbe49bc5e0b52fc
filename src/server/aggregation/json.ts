/** Reading JSON that somebody else wrote: what is not as it should be is as if it were not there. */
import { parseBounded } from '#codec/bounded-json.ts'
import type { JsonObject } from '#api/metadata.ts'

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const listOf = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

export const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []

/** As much as the document of a whole cluster holds, several times over. */
const bounds = { depth: 200, values: 500_000 }

/** @throws Error */
export const parsed = (bytes: Buffer): unknown => parseBounded(bytes, bounds)
