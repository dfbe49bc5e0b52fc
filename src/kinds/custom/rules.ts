/** The rules of a schema: where they stand, what they cost together, and which values they judge. */
import { Breaks, type Pause } from '#base/breaks.ts'
import { equal } from '#base/equal.ts'
import type { FieldError } from '#api/validation.ts'
import { betweenBreaks, perObjectBudget, schemaEstimateLimit } from '#codec/cel/limits.ts'
import { itemsOf, propertiesOf, propertyOf, type Props, valuesOf } from '../apiextensions/schemas.ts'
import { Place } from '../place.ts'
import { type CompiledRules, type RuleContext, type RuleCost, compileRules, excess } from './engine.ts'
import type { RuleInput } from './evaluate.ts'
import { textOf } from './lists.ts'

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

const compiled = new WeakMap<Props, CompiledRules>()

function compile(schema: Props, root: boolean): CompiledRules | undefined {
  if ((schema['x-kubernetes-validations'] ?? []).length === 0) return undefined
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const made = compileRules({ schema, whole: root || schema['x-kubernetes-embedded-resource'] === true })
  compiled.set(schema, made)
  return made
}

/** Limits beyond 2^53 are bigints. */
const times = (most: number, limit: number | bigint | undefined): number =>
  most * Math.max(0, Number(limit ?? Infinity))

/** Of a list that is no map it cannot be told which old item became which new one. */
const ofItems = (schema: Props, context: RuleContext, path: string): RuleContext => ({
  most: times(context.most, schema.maxItems),
  uncorrelated: context.uncorrelated ?? (schema['x-kubernetes-list-type'] === 'map' ? undefined : path),
})

interface Found {
  readonly place: Place
  readonly costs: RuleCost[]
  readonly context: RuleContext
}

/** What is wrong with the rules of a version's schema, which is otherwise right. */
export function ruleProblems(place: Place, schema: Props): void {
  if (!hasRules(schema)) return
  const costs: RuleCost[] = []
  problemsOf(schema, { place, costs, context: { most: 1, uncorrelated: undefined } }, true)
  const total = costs.reduce((sum, one) => sum + one.cost, 0)
  if (total <= schemaEstimateLimit) return
  const expensive = costs.filter(({ cost }) => cost >= schemaEstimateLimit / 100)
  for (const one of expensive.toSorted((a, b) => b.cost - a.cost).slice(0, 4))
    one.place.forbidden('contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema')
  place.forbidden(
    excess(
      'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema',
      total,
      schemaEstimateLimit,
    ),
  )
}

function problemsOf(schema: Props, { place, costs, context }: Found, root = false): void {
  if (!hasRules(schema)) return
  costs.push(...(compile(schema, root)?.check(place, context) ?? []))
  const items = itemsOf(schema)
  if (items !== undefined)
    problemsOf(items, { place: place.at('items'), costs, context: ofItems(schema, context, place.path()) })
  const values = valuesOf(schema)
  if (values !== undefined)
    problemsOf(values, {
      place: place.at('additionalProperties'),
      costs,
      context: { ...context, most: times(context.most, schema.maxProperties) },
    })
  for (const [name, inner] of propertiesOf(schema))
    problemsOf(inner, { place: place.at('properties').key(name), costs, context })
}

interface Judged {
  readonly place: Place
  readonly self: unknown
  /** Wrapped, so that an absent one differs from a null. */
  readonly old: { readonly value: unknown } | undefined
  /** Whether the innermost value around this one that an old one belongs to is as it was. */
  readonly around: () => boolean
  readonly budget: { left: number }
  readonly warn: (text: string) => void
  /** Filled on the way. */
  readonly checks: Check[]
}

/** The rules of a node and a value that they judge. */
interface Check {
  readonly rules: CompiledRules
  readonly input: RuleInput
}

export interface Before {
  /** The object before; absent for a new one. */
  readonly old?: { readonly value: unknown } | undefined
  /** Told what is wrong, but was so before. */
  readonly warn?: (text: string) => void
}

const nobody = (): void => {}

interface Work {
  readonly errors: readonly FieldError[]
  readonly budget: { readonly left: number }
  /** One rule after the other. */
  readonly steps: Iterable<void>
}

function workOn(schema: Props, self: unknown, { old, warn = nobody }: Before): Work {
  const place = new Place('')
  const budget = { left: perObjectBudget }
  const checks: Check[] = []
  judge(schema, { place, self, old, around: () => false, budget, warn, checks }, true)
  return { errors: place.errors, budget, steps: stepsOf(checks, budget) }
}

function* stepsOf(checks: readonly Check[], budget: { readonly left: number }): Generator<void> {
  for (const { rules, input } of checks) {
    if (budget.left < 0) return
    yield* rules.evaluate(input)
  }
}

export function ruleErrors(schema: Props, self: unknown, before: Before = {}): readonly FieldError[] {
  if (!hasRules(schema)) return []
  const { errors, steps } = workOn(schema, self, before)
  Array.from(steps)
  return errors
}

/** As `ruleErrors`, with breaks. */
export async function ruleErrorsInTurns(
  schema: Props,
  self: unknown,
  { pause, ...before }: Before & { readonly pause: Pause },
): Promise<readonly FieldError[]> {
  if (!hasRules(schema)) return []
  const { errors, budget, steps } = workOn(schema, self, before)
  const breaks = new Breaks(pause, betweenBreaks)
  let left = budget.left
  for (const _ of steps) {
    const waiting = breaks.after(left - budget.left)
    left = budget.left
    if (waiting !== undefined) await waiting
  }
  return errors
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function once(ask: () => boolean): () => boolean {
  let known: boolean | undefined
  return () => (known ??= ask())
}

function judge(schema: Props, judged: Judged, root = false): void {
  const { self, old, checks } = judged
  if (!hasRules(schema) || self === undefined || self === null) return
  const unchanged = old === undefined ? judged.around : once(() => equal(self, old.value))
  const before = old === undefined ? {} : { old: old.value }
  const rules = compile(schema, root)
  const { place, budget, warn } = judged
  if (rules !== undefined) checks.push({ rules, input: { place, self, unchanged, budget, warn, ...before } })
  const within = { ...judged, around: unchanged }
  if (Array.isArray(self)) judgeItems(schema, self, within)
  else if (isObject(self)) judgeFields(schema, self, within)
}

function judgeItems(schema: Props, self: readonly unknown[], judged: Judged): void {
  const items = itemsOf(schema)
  if (items === undefined || !hasRules(items)) return
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const id = (item: unknown): string => textOf(keys.map(key => (isObject(item) ? (item[key] ?? null) : null)))
  const old = judged.old?.value
  const known = new Map<string, unknown>(
    schema['x-kubernetes-list-type'] === 'map' && Array.isArray(old)
      ? old.map((item: unknown) => [id(item), item])
      : [],
  )
  for (const [index, item] of self.entries()) {
    const key = known.size === 0 ? '' : id(item)
    const before = known.has(key) ? { value: known.get(key) } : undefined
    judge(items, { ...judged, place: judged.place.item(index), self: item, old: before })
  }
}

function judgeFields(schema: Props, self: Readonly<Record<string, unknown>>, judged: Judged): void {
  const old = judged.old?.value
  for (const [name, content] of Object.entries(self)) {
    const field = propertyOf(schema, name)
    const inner = field ?? valuesOf(schema)
    if (inner === undefined) continue
    const before = isObject(old) && Object.hasOwn(old, name) ? { value: old[name] } : undefined
    const place = field === undefined ? judged.place.key(name) : judged.place.at(name)
    judge(inner, { ...judged, place, self: content, old: before })
  }
}
