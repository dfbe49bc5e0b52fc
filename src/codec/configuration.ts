/** Files that configure the server in the kinds that upstream's flags take: read strictly, what is unknown is refused. */
import type { Schema } from '#api/schema.ts'
import { decodePart } from './decode.ts'
import { DecodeError, YamlError } from './errors.ts'
import { parseYaml } from './yaml.ts'

/** What is wrong with a file, in upstream's words. It never shows what the file holds beyond names. */
export class ConfigurationError extends Error {}

export interface Expected {
  readonly kind: string
  readonly group: string
  /** Of one shape. */
  readonly versions: readonly string[]
  /** Of all that stands beside kind and apiVersion. */
  readonly schema: Schema
}

/** YAML or JSON, at most 3 MiB. @throws ConfigurationError */
export function readConfiguration(text: string, { kind, group, versions, schema }: Expected): unknown {
  const parsed = parsing(() => parseYaml(text))
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new ConfigurationError(`the file holds no ${kind}`)
  const { apiVersion, kind: given, ...rest } = parsed as Readonly<Record<string, unknown>>
  if (given !== kind || !versions.some(version => apiVersion === `${group}/${version}`))
    throw new ConfigurationError(
      `the file must hold a ${kind} of ${versions.map(version => `${group}/${version}`).join(' or ')}`,
    )
  const { value, unknown } = parsing(() => decodePart(schema, rest))
  if (unknown.length > 0)
    throw new ConfigurationError(
      `strict decoding error: ${unknown.map(path => `unknown field ${JSON.stringify(path)}`).join(', ')}`,
    )
  return value
}

function parsing<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof YamlError || error instanceof DecodeError) throw new ConfigurationError(error.message)
    throw error
  }
}

/** Several problems as upstream joins them. */
export function refuse(problems: readonly { message(): string }[]): void {
  const [only, ...more] = problems.map(problem => problem.message())
  if (only !== undefined)
    throw new ConfigurationError(more.length === 0 ? only : `[${[...new Set([only, ...more])].join(', ')}]`)
}
