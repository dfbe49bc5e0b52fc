/** The rules of a schema: where they stand, what they cost together, and which values they judge. */
import { stringifyJson } from '#codec/json.ts'
import { equal } from '#base/equal.ts'
import type { FieldError } from '#api/validation.ts'
import { itemsOf, propertiesOf, propertyOf, type Props, valuesOf } from '../apiextensions/schemas.ts'
import { Place } from '../place.ts'
import { type CompiledRules, type RuleCost, type RuleNode, ruleEngine } from './engine.ts'

/** Cost that the rules of one version's schema may have together, estimated. */
const costLimit = 100_000_000
/** Cost that the evaluation of all rules on one object may have. */
const budgetLimit = 100_000_000

const has = new WeakMap<Props, boolean>()

/** Whether there is a rule anywhere in a schema. */
export function hasRules(schema: Props): boolean {
  const known = has.get(schema)
  if (known !== undefined) return known
  const inner = [itemsOf(schema), valuesOf(schema), ...propertiesOf(schema).map(([, one]) => one)]
  const found =
    (schema['x-kubernetes-validations'] ?? []).length > 0 || inner.some(one => one !== undefined && hasRules(one))
  has.set(schema, found)
  return found
}

type Context = Omit<RuleNode, 'schema'>
const ofRoot: Context = { whole: true, most: 1, uncorrelated: undefined }

const compiled = new WeakMap<Props, CompiledRules>()

function compile(schema: Props, context: Context): CompiledRules | undefined {
  if ((schema['x-kubernetes-validations'] ?? []).length === 0) return undefined
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const made = ruleEngine.compile({ schema, ...context })
  compiled.set(schema, made)
  return made
}

/** Limits beyond 2^53 are bigints. */
const times = (most: number, limit: number | bigint | undefined): number => most * Number(limit ?? Infinity)

/** Of items and values, a set or a list without keys loses which is which. */
function ofItems(schema: Props, context: Context, path: string): Context {
  const lost = schema['x-kubernetes-list-type'] === 'map' ? undefined : path
  return { whole: false, most: times(context.most, schema.maxItems), uncorrelated: context.uncorrelated ?? lost }
}

function ofFields(schema: Props, context: Context, path: string): Context {
  const lost = schema['x-kubernetes-map-type'] === 'atomic' ? path : undefined
  return { ...context, whole: false, uncorrelated: context.uncorrelated ?? lost }
}

const embedded = (schema: Props, context: Context): Context =>
  schema['x-kubernetes-embedded-resource'] === true ? { ...context, whole: true } : context

/** What is wrong with the rules of a version's schema, which is otherwise right. */
export function ruleProblems(place: Place, schema: Props): void {
  if (!hasRules(schema)) return
  const costs: RuleCost[] = []
  problemsOf({ place, costs }, schema, ofRoot)
  const total = costs.reduce((sum, one) => sum + one.cost, 0)
  if (total <= costLimit) return
  for (const { path } of costs.toSorted((a, b) => b.cost - a.cost).slice(0, 3))
    new Place(path, place).forbidden(
      'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
    )
  const factor = total / costLimit
  const by = factor > 100 ? 'more than 100x' : `${factor < 1.5 ? factor.toFixed(6) : factor.toFixed(1)}x`
  place.forbidden(
    `x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of ${by} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`,
  )
}

interface Found {
  readonly place: Place
  readonly costs: RuleCost[]
}

function problemsOf({ place, costs }: Found, schema: Props, context: Context): void {
  if (!hasRules(schema)) return
  const path = place.path()
  const own = compile(schema, embedded(schema, context))
  place.errors.push(...(own?.problems(path) ?? []))
  costs.push(...(own?.costs(path) ?? []))
  const items = itemsOf(schema)
  if (items !== undefined) problemsOf({ place: place.at('items'), costs }, items, ofItems(schema, context, path))
  const fields = ofFields(schema, context, path)
  const values = valuesOf(schema)
  if (values !== undefined)
    problemsOf({ place: place.at('additionalProperties'), costs }, values, {
      ...fields,
      most: times(context.most, schema.maxProperties),
    })
  for (const [name, inner] of propertiesOf(schema))
    problemsOf({ place: place.at('properties').key(name), costs }, inner, fields)
}

interface Judged {
  readonly place: Place
  readonly self: unknown
  /** Wrapped, so that an absent one differs from a null. */
  readonly old: { readonly value: unknown } | undefined
  readonly budget: { left: number }
  readonly context: Context
}

/** @param old the object before; absent for a new one. */
export function ruleErrors(schema: Props, self: unknown, old?: { readonly value: unknown }): readonly FieldError[] {
  if (!hasRules(schema)) return []
  const place = new Place('')
  judge(schema, { place, self, old, budget: { left: budgetLimit }, context: ofRoot })
  return place.errors
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function judge(schema: Props, judged: Judged): void {
  const { place, self, old, budget, context } = judged
  if (!hasRules(schema) || budget.left < 0 || self === undefined || self === null) return
  const own = compile(schema, embedded(schema, context))
  if (own !== undefined) {
    const unchanged = old !== undefined && equal(self, old.value)
    const before = old === undefined ? {} : { old: old.value }
    place.errors.push(...own.evaluate({ path: place.path(), self, unchanged, budget, ...before }))
  }
  if (Array.isArray(self)) judgeItems(schema, self, judged)
  else if (isObject(self)) judgeFields(schema, self, judged)
}

function judgeItems(schema: Props, self: readonly unknown[], judged: Judged): void {
  const items = itemsOf(schema)
  if (items === undefined || !hasRules(items)) return
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const id = (item: unknown): string => stringifyJson(keys.map(key => (isObject(item) ? (item[key] ?? null) : null)))
  const old = judged.old?.value
  const known = new Map<string, unknown>(
    schema['x-kubernetes-list-type'] === 'map' && Array.isArray(old)
      ? old.map((item: unknown) => [id(item), item])
      : [],
  )
  const context = ofItems(schema, judged.context, '')
  for (const [index, item] of self.entries()) {
    const key = known.size === 0 ? '' : id(item)
    const before = known.has(key) ? { value: known.get(key) } : undefined
    judge(items, { ...judged, place: judged.place.item(index), self: item, old: before, context })
  }
}

function judgeFields(schema: Props, self: Readonly<Record<string, unknown>>, judged: Judged): void {
  const old = judged.old?.value
  const context = ofFields(schema, judged.context, '')
  for (const [name, content] of Object.entries(self)) {
    const field = propertyOf(schema, name)
    const inner = field ?? valuesOf(schema)
    if (inner === undefined) continue
    const before = isObject(old) && Object.hasOwn(old, name) ? { value: old[name] } : undefined
    const place = field === undefined ? judged.place.key(name) : judged.place.at(name)
    judge(inner, { ...judged, place, self: content, old: before, context })
  }
}
