/** When a job's pods count as failed, and when the job has succeeded before all of them are done. */
import { qualifiedName } from '#api/names.ts'
import type { JobSpec } from '#kinds/facts/generated/types/batch_v1.ts'
import type { Place } from '../place.ts'

const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore']
const operators = ['In', 'NotIn']
const statuses = ['False', 'True', 'Unknown']
const most = { rules: 20, codes: 255, patterns: 20 } as const

const listed = (values: readonly string[]): string =>
  `valid values: [${values.map(one => JSON.stringify(one)).join(' ')}]`

function checkChoice(place: Place, value: string | undefined, values: readonly string[]): void {
  if (!value) place.required(listed(values))
  else if (!values.includes(value)) place.unsupported(value, values)
}

type Policy = NonNullable<JobSpec['podFailurePolicy']>
type Rule = Policy['rules'][number]

function checkCodes(place: Place, codes: NonNullable<Rule['onExitCodes']>, names: ReadonlySet<string>): void {
  checkChoice(place.at('operator'), codes.operator, operators)
  const { containerName, values } = codes
  if (containerName !== undefined && !names.has(containerName))
    place
      .at('containerName')
      .invalid(containerName, 'must be one of the container or initContainer names in the pod template')
  const list = place.at('values')
  if (values.length === 0) list.invalid(values, 'at least one value is required')
  else if (values.length > most.codes) list.tooMany(values.length, most.codes)
  const seen = new Set<number>()
  list.each(values, (code, at) => {
    if (codes.operator === 'In' && code === 0) at.invalid(code, 'must not be 0 for the In operator')
    if (seen.has(code)) at.duplicate(code)
    seen.add(code)
  })
  if (values.some((code, at) => at > 0 && (values[at - 1] ?? code) > code)) list.invalid(values, 'must be ordered')
}

function checkConditions(list: Place, patterns: NonNullable<Rule['onPodConditions']>): void {
  if (patterns.length > most.patterns) list.tooMany(patterns.length, most.patterns)
  list.each(patterns, ({ type, status }, at) => {
    at.at('type').format(type, qualifiedName)
    checkChoice(at.at('status'), status, statuses)
  })
}

function checkRule(place: Place, rule: Rule, spec: JobSpec): void {
  if (rule.action !== 'FailIndex') checkChoice(place.at('action'), rule.action, actions)
  else if (spec.backoffLimitPerIndex === undefined)
    place.at('action').invalid(rule.action, 'requires the backoffLimitPerIndex to be set')
  const { onExitCodes, onPodConditions = [] } = rule
  const { containers, initContainers = [] } = spec.template.spec
  if (onExitCodes !== undefined)
    checkCodes(place.at('onExitCodes'), onExitCodes, new Set([...containers, ...initContainers].map(one => one.name)))
  if (onPodConditions.length > 0) checkConditions(place.at('onPodConditions'), onPodConditions)
  if (onExitCodes !== undefined && onPodConditions.length > 0)
    place.wrong('specifying both OnExitCodes and OnPodConditions is not supported')
  if (onExitCodes === undefined && onPodConditions.length === 0)
    place.wrong('specifying one of OnExitCodes and OnPodConditions is required')
}

export function checkFailurePolicy(place: Place, policy: Policy, spec: JobSpec): void {
  const rules = policy.rules ?? []
  if (rules.length > most.rules) place.at('rules').tooMany(rules.length, most.rules)
  place.at('rules').each(rules, (rule, at) => checkRule(at, rule, spec))
}

type Success = NonNullable<JobSpec['successPolicy']>
const longestIndexes = 64 * 1024

/** `0,3-5`: how many indexes, or what is wrong. */
export function countIndexes(text: string, completions: number): number | string {
  let total = 0
  let last = -1
  if (text === '') return 0
  for (const part of text.split(',')) {
    const [first = '', second = first, more] = part.split('-')
    if (more !== undefined || part === '')
      return `the fragment ${JSON.stringify(part)} violates the requirement that an index interval can have at most two parts separated by '-'`
    for (const end of [first, second])
      if (!/^\d{1,9}$/.test(end)) return `cannot convert string to integer for index: ${JSON.stringify(end)}`
    const [from, to] = [Number(first), Number(second)]
    if (to >= completions) return `too large index: ${JSON.stringify(String(to))}`
    if (from <= last) return `non-increasing order, previous: ${last}, current: ${from}`
    if (from > to || (part.includes('-') && from === to))
      return `non-increasing order, previous: ${from}, current: ${to}`
    last = to
    total += to - from + 1
  }
  return total
}

function checkSuccessRule(place: Place, rule: Success['rules'][number], completions: number): void {
  const { succeededCount: count, succeededIndexes: indexes } = rule
  if (count === undefined && indexes === undefined)
    place.required('at least one of succeededCount or succeededIndexes must be specified')
  const total = indexes === undefined || indexes.length > longestIndexes ? 0 : countIndexes(indexes, completions)
  if (indexes !== undefined && indexes.length > longestIndexes) place.at('succeededIndexes').tooLong(longestIndexes)
  if (typeof total === 'string')
    place.at('succeededIndexes').invalid(indexes, `error parsing succeededIndexes: ${total}`)
  if (count === undefined) return
  const at = place.at('succeededCount')
  at.nonNegative(count)
  if (count > completions)
    at.invalid(count, `must be less than or equal to ${completions} (the number of specified completions)`)
  if (indexes !== undefined && typeof total === 'number' && count > total)
    at.invalid(
      count,
      `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`,
    )
}

export function checkSuccessPolicy(place: Place, policy: Success, completions: number): void {
  const list = place.at('rules')
  const rules = policy.rules ?? []
  if (rules.length === 0) list.required('at least one rules must be specified when the successPolicy is specified')
  if (rules.length > most.rules) list.tooMany(rules.length, most.rules)
  list.each(rules, (rule, at) => checkSuccessRule(at, rule, completions))
}
