/** Policy of audit.k8s.io: what of a request is put on record. Read strictly and refused in upstream's words. */
import type { Policy, PolicyRule } from '#kinds/facts/generated/types/audit_v1.ts'
import { typeSchema } from '#kinds/facts/read.ts'
import { dns1123Subdomain } from '#api/names.ts'
import { type FieldError, invalidValue, notOneOf, required } from '#api/validation.ts'
import { decodeTyped } from '#codec/decode.ts'
import { DecodeError, YamlError } from '#codec/errors.ts'
import { parseYaml } from '#codec/yaml.ts'

export const levels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const
export type Level = (typeof levels)[number]
export const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const
export type Stage = (typeof stages)[number]

/** A policy that cannot be used; the message says what to mend. */
export class PolicyError extends Error {}

const isOneOf = <T extends string>(known: readonly T[], text: string): text is T =>
  (known as readonly string[]).includes(text)

export const isLevel = (text: string): text is Level => isOneOf(levels, text)
export const isStage = (text: string): text is Stage => isOneOf(stages, text)

const versions = new Set(['audit.k8s.io/v1'])

/** @param text YAML or JSON. @throws PolicyError */
export function parsePolicy(text: string): Policy {
  const value = documentIn(text)
  const apiVersion = textOf(value['apiVersion'])
  const kind = textOf(value['kind'])
  if (!versions.has(apiVersion) || kind !== 'Policy')
    throw new PolicyError(`unknown group version field ${apiVersion}, Kind=${kind} in policy`)
  const policy = decoded(value)
  const errors = validatePolicy(policy)
  if (errors.length === 1) throw new PolicyError(errors[0]?.message())
  if (errors.length > 1) throw new PolicyError(`[${errors.map(error => error.message()).join(', ')}]`)
  if (policy.rules.length === 0) throw new PolicyError('loaded illegal policy with 0 rules')
  return policy
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

function documentIn(text: string): Record<string, unknown> {
  try {
    const value = parseYaml(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw new PolicyError(`failed decoding: ${error.message}`)
  }
  throw new PolicyError('failed decoding: the policy is no object')
}

function decoded(value: Record<string, unknown>): Policy {
  try {
    const { object, unknown } = decodeTyped(typeSchema('audit_v1.Policy'), value)
    if (unknown.length > 0)
      throw new PolicyError(
        `failed decoding: strict decoding error: ${unknown.map(path => `unknown field ${JSON.stringify(path)}`).join(', ')}`,
      )
    const policy: unknown = { rules: [], ...object }
    return policy as Policy
  } catch (error) {
    if (error instanceof DecodeError) throw new PolicyError(`failed decoding: ${error.message}`)
    throw error
  }
}

export function validatePolicy(policy: Policy): readonly FieldError[] {
  return [
    ...stagesAt('omitStages', policy.omitStages),
    ...(policy.rules ?? []).flatMap((rule, at) => ruleAt(`rules[${at}]`, rule)),
  ]
}

function ruleAt(path: string, rule: PolicyRule): readonly FieldError[] {
  const { nonResourceURLs = [], resources = [], namespaces = [] } = rule
  const mixed = nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0)
  return [
    ...levelAt(`${path}.level`, rule.level),
    ...nonResourceURLs.flatMap((url, at) => urlAt(`${path}.nonResourceURLs[${at}]`, url)),
    ...resources.flatMap(one => resourcesAt(`${path}.resources`, one)),
    ...stagesAt(`${path}.omitStages`, rule.omitStages),
    ...(mixed
      ? [
          invalidValue(
            `${path}.nonResourceURLs`,
            nonResourceURLs,
            'rules cannot apply to both regular resources and non-resource URLs',
          ),
        ]
      : []),
  ]
}

function levelAt(path: string, level: string | undefined): readonly FieldError[] {
  if (level === undefined || level === '') return [required(path)]
  return isLevel(level) ? [] : [notOneOf(path, level, levels)]
}

function urlAt(path: string, url: string): readonly FieldError[] {
  if (url === '*') return []
  return [
    ...(url.startsWith('/') ? [] : [invalidValue(path, url, "non-resource URL rules must begin with a '/' character")]),
    ...(url.slice(0, -1).includes('*')
      ? [invalidValue(path, url, "non-resource URL wildcards '*' must be the final character of the rule")]
      : []),
  ]
}

function resourcesAt(
  path: string,
  { group = '', resources = [], resourceNames = [] }: NonNullable<PolicyRule['resources']>[number],
): readonly FieldError[] {
  const wrong = group === '' ? [] : dns1123Subdomain(group)
  return [
    ...(wrong.length === 0 ? [] : [invalidValue(`${path}.group`, group, wrong.join(','))]),
    ...(resourceNames.length > 0 && resources.length === 0
      ? [invalidValue(`${path}.resourceNames`, resourceNames, 'using resourceNames requires at least one resource')]
      : []),
  ]
}

const stagesAt = (path: string, omitted: readonly string[] = []): readonly FieldError[] =>
  omitted.flatMap((stage, at) =>
    isStage(stage) ? [] : [invalidValue(`${path}[${at}]`, stage, `allowed stages are ${stages.join(',')}`)],
  )
