/** Checks that the kinds of dynamic resource allocation share: names, lists of limited length, opaque parameters. */
import type { Condition } from '#kinds/facts/generated/types/meta_v1.ts'
import { dns1123Label, dns1123Subdomain, qualifiedName } from '#api/names.ts'
import { checkDriverName } from '../core/volumeSources.ts'
import type { Place } from '../place.ts'

export const most = {
  requests: 32,
  subrequests: 8,
  selectors: 32,
  constraints: 32,
  config: 32,
  conditions: 8,
  opaque: 10 * 1024,
  expression: 10 * 1024,
} as const

export const effects = ['NoExecute', 'NoSchedule', 'None']

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/
const noIdentifier =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')"
const longest = { identifier: 32, pool: 253, reason: 1024, message: 32 * 1024 } as const

export const checkLabel = (place: Place, name: string | undefined): void => place.format(name, dns1123Label)

/** Each item, unless there are too many of them. */
export function limited<I>(
  place: Place,
  { list = [], most: limit }: { readonly list: readonly I[] | undefined; readonly most: number },
  check: (item: I, at: Place) => void,
): void {
  if (list.length > limit) place.tooMany(list.length, limit)
  else place.each(list, check)
}

/** As `limited`, with no two items of the same key. */
export function distinct<I>(
  place: Place,
  {
    list = [],
    most: limit,
    key,
  }: { readonly list: readonly I[] | undefined; readonly most: number; readonly key: (item: I) => string },
  check: (item: I, at: Place) => void,
): void {
  limited(place, { list, most: limit }, check)
  if (list.length > limit) return
  const seen = new Set<string>()
  place.each(list, (item, at) => {
    if (seen.has(key(item))) at.duplicate(key(item))
    seen.add(key(item))
  })
}

/** The names of a pool are subdomains, joined by slashes. */
export function checkPoolName(place: Place, name: string | undefined): void {
  if (!name) return place.required()
  if (name.length > longest.pool) place.tooLong(longest.pool)
  for (const part of name.split('/')) for (const problem of dns1123Subdomain(part)) place.invalid(part, problem)
  return undefined
}

function checkIdentifier(place: Place, id: string): void {
  if (id.length > longest.identifier) place.tooLong(longest.identifier)
  if (!identifier.test(id)) place.invalid(id, noIdentifier)
}

/** `name` or `domain/name`. */
export function checkAttributeName(place: Place, name: string): void {
  const [first = '', second, more] = name.split('/')
  if (more !== undefined) return
  if (second === undefined) {
    checkIdentifier(place, first)
    return
  }
  if (first === '') place.invalid('', 'the domain must not be empty')
  else checkDriverName(place, first)
  if (second === '') place.invalid('', 'the name must not be empty')
  else checkIdentifier(place, second)
}

export function checkFullName(place: Place, name: string): void {
  checkAttributeName(place, name)
  if (!name.includes('/'))
    place.invalid(name, 'a fully qualified name must be a domain and a name separated by a slash')
}

/** An object of at most so many bytes. */
export function checkParameters(place: Place, value: unknown): void {
  if (value === undefined || value === null) place.required()
  else if (Buffer.byteLength(JSON.stringify(value, shown)) > most.opaque) place.tooLong(most.opaque)
  else if (typeof value !== 'object' || Array.isArray(value))
    place.invalid('<value omitted>', 'must be a valid JSON object')
}
const shown = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

const reasonPattern = /^[A-Za-z](?:[A-Za-z0-9_,:]*[A-Za-z0-9_])?$/
const noReason =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')"

function checkCondition(place: Place, condition: Condition): void {
  place.at('type').format(condition.type, qualifiedName)
  if (!['True', 'False', 'Unknown'].includes(condition.status))
    place.at('status').unsupported(condition.status, ['False', 'True', 'Unknown'])
  if ((condition.observedGeneration ?? 0) < 0)
    place.at('observedGeneration').invalid(condition.observedGeneration, 'must be greater than or equal to zero')
  if (!condition.lastTransitionTime) place.at('lastTransitionTime').required()
  const { reason, message } = condition
  if (reason === '') place.at('reason').required()
  else if (!reasonPattern.test(reason)) place.at('reason').invalid(reason, noReason)
  if (reason.length > longest.reason) place.at('reason').tooLong(longest.reason)
  if (message.length > longest.message) place.at('message').tooLong(longest.message)
}

export function checkConditions(place: Place, conditions: readonly Condition[] | undefined): void {
  if ((conditions?.length ?? 0) > most.conditions) place.tooMany(conditions?.length ?? 0, most.conditions)
  const seen = new Set<string>()
  place.each(conditions, (condition, at) => {
    if (seen.has(condition.type)) at.at('type').duplicate(condition.type)
    seen.add(condition.type)
    checkCondition(at, condition)
  })
}

/** Conditions that a scheduler waits for, and those that end the waiting: both or neither. */
export function checkBinding(
  place: Place,
  good: readonly string[] | undefined,
  bad: readonly string[] | undefined,
): void {
  const names = (at: Place, list: readonly string[] | undefined): void =>
    limited(at, { list, most: 4 }, (name, item) => item.format(name, qualifiedName))
  names(place.at('bindingConditions'), good)
  names(place.at('bindingFailureConditions'), bad)
  const wanted = new Set<string>()
  place.at('bindingConditions').each(good, (name, at) => {
    if (wanted.has(name)) at.duplicate(name)
    wanted.add(name)
  })
  const failures = new Set<string>()
  place.at('bindingFailureConditions').each(bad, (name, at) => {
    if (failures.has(name)) at.duplicate(name)
    failures.add(name)
    if (wanted.has(name)) at.invalid(name, 'bindingFailureConditions must not overlap with bindingConditions')
  })
  if (wanted.size === 0 && failures.size > 0)
    place.at('bindingConditions').invalid(null, 'bindingConditions are required to use bindingFailureConditions')
  if (failures.size === 0 && wanted.size > 0)
    place.at('bindingFailureConditions').invalid(null, 'bindingFailureConditions are required to use bindingConditions')
}
