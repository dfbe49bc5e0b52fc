/** The checked tree as closures. */
import type { Checked, Resolution } from './checker.ts'
import { costs } from './cost.ts'
import type { Environment } from './environment.ts'
import { charge } from './frame.ts'
import type { Frame, Step } from './frame.ts'
import { accumulator } from './macros.ts'
import { fieldOf, planCall } from './plan-calls.ts'
import { qualifiedName } from './syntax.ts'
import type { CallExpr, ComprehensionExpr, Expr, ListExpr, MapExpr, SelectExpr, StructExpr } from './syntax.ts'
import type { ObjectType } from './types.ts'
import { CelError, CelList, CelMap, EntryMap, isError, keyOf, noSuchOverload, Optional, TypeValue } from './values.ts'
import type { Result, Value } from './values.ts'
import { spend } from './work.ts'

export interface Plan {
  readonly step: Step
  /** How many slots a frame needs. */
  readonly slots: number
}

/** Where the variables of the loops around a node are. */
type Scope = ReadonlyMap<string, number>

function readVariable(frame: Frame, name: string): Result {
  const held = frame.activation.get(name)
  if (typeof held === 'function') return held()
  return held === undefined ? new CelError(`no such attribute(s): ${name}`) : held
}

const items = function* (value: Result): Generator<readonly [Value, Result]> {
  if (value instanceof CelList) for (let at = 0; at < value.length; at++) yield [BigInt(at), value.at(at)]
  else if (value instanceof CelMap) for (const key of value.keys()) yield [key, value.at(key)]
}

class Planner {
  readonly #checked: Checked
  readonly #environment: Environment
  slots = 0

  constructor(checked: Checked, environment: Environment) {
    this.#checked = checked
    this.#environment = environment
  }

  plan(node: Expr, scope: Scope): Step {
    const constant = this.#checked.constants.get(node)
    if (constant !== undefined) return named(new TypeValue(constant))
    switch (node.kind) {
      case 'literal': {
        const { value } = node
        return () => value
      }
      case 'ident':
        return this.#ident(node.name, node, scope)
      case 'select':
        return this.#select(node, scope)
      case 'call':
        return this.#call(node, scope)
      case 'list':
        return this.#list(node, scope)
      case 'map':
        return this.#map(node, scope)
      case 'struct':
        return this.#struct(node, scope)
      case 'comprehension':
        return this.#comprehension(node, scope)
    }
  }

  #ident(name: string, node: Expr, scope: Scope): Step {
    const slot = scope.get(name)
    if (slot !== undefined)
      return frame => {
        charge(frame, costs.name)
        return frame.slots[slot] ?? null
      }
    const full = this.#checked.names.get(node) ?? name
    return frame => {
      charge(frame, costs.name)
      return readVariable(frame, full)
    }
  }

  #select(node: SelectExpr, scope: Scope): Step {
    const whole = this.#checked.names.get(node)
    if (whole !== undefined) return this.#ident(whole, node, new Map())
    const { field, test } = node
    const operand = this.plan(node.operand, scope)
    if (test)
      return frame => {
        const value = operand(frame)
        return isError(value) ? value : isPresent(value, field)
      }
    return frame => {
      const value = operand(frame)
      charge(frame, costs.name)
      return isError(value) ? value : fieldOf(value, field)
    }
  }

  #call(node: CallExpr, scope: Scope): Step {
    const { name, target, args } = node
    const resolved = this.#checked.calls.get(node)
    const { overloads, global } = resolved ?? this.#candidates(node)
    const operands = global || target === undefined ? args : [target, ...args]
    const unchecked = resolved === undefined || this.#checked.issues.length > 0
    return planCall({
      name,
      overloads,
      args: operands.map(operand => this.plan(operand, scope)),
      types: unchecked ? [] : operands.flatMap(operand => this.#checked.types.get(operand) ?? []),
    })
  }

  /** Without the checker's word, every overload of the name is one. */
  #candidates({ name, target, args }: CallExpr): Resolution {
    const prefix = target === undefined ? undefined : qualifiedName(target)
    const whole = prefix === undefined ? undefined : this.#environment.overloads(`${prefix}.${name}`)
    const global = target === undefined || (whole?.some(({ member }) => !member) ?? false)
    const count = args.length + (global || target === undefined ? 0 : 1)
    const all = (global ? (whole ?? this.#environment.overloads(name)) : this.#environment.overloads(name)) ?? []
    return { overloads: all.filter(({ takes, member }) => takes.length === count && member !== global), global }
  }

  #list(node: ListExpr, scope: Scope): Step {
    const parts = node.items.map(({ value, optional }) => ({ step: this.plan(value, scope), optional }))
    return frame => {
      const made: Result[] = []
      for (const { step, optional } of parts) {
        const value = unwrap(step(frame), optional)
        if (isError(value)) return value
        if (value !== undefined) made.push(value)
      }
      charge(frame, costs.list)
      return CelList.of(made)
    }
  }

  #map(node: MapExpr, scope: Scope): Step {
    const parts = node.entries.map(({ key, value, optional }) => ({
      key: this.plan(key, scope),
      value: this.plan(value, scope),
      optional,
    }))
    return frame => {
      const made = new EntryMap([])
      for (const part of parts) {
        const key = part.key(frame)
        if (isError(key)) return key
        const value = unwrap(part.value(frame), part.optional)
        if (isError(value)) return value
        const failed = insert(made, key, value)
        if (failed !== undefined) return failed
      }
      charge(frame, costs.map)
      return made
    }
  }

  #struct(node: StructExpr, scope: Scope): Step {
    const type: ObjectType | undefined = this.#checked.structs.get(node)
    if (type === undefined) return () => new CelError(`unknown type: ${node.name}`)
    const fields = node.fields.map(({ name, value, optional }) => ({ name, step: this.plan(value, scope), optional }))
    return frame => {
      const made = new EntryMap([], type)
      for (const { name, step, optional } of fields) {
        const value = unwrap(step(frame), optional)
        if (isError(value)) return value
        if (value !== undefined && !made.insert(name, value)) return new CelError(`duplicate field ${name}`)
      }
      charge(frame, costs.struct)
      return made
    }
  }

  #slot(): number {
    return this.slots++
  }

  #comprehension(node: ComprehensionExpr, scope: Scope): Step {
    const accu = this.#slot()
    const inner = new Map([...scope, [node.accu, accu]])
    const init = this.plan(node.init, scope)
    const result = this.plan(node.result, inner)
    if (node.condition.kind === 'literal' && node.condition.value === false)
      return frame => {
        charge(frame, costs.list)
        frame.slots[accu] = init(frame)
        return result(frame)
      }
    const key = this.#slot()
    const value = node.item2 === undefined ? undefined : this.#slot()
    inner.set(node.item, key)
    if (node.item2 !== undefined && value !== undefined) inner.set(node.item2, value)
    const step = this.#grow(node, inner) ?? this.plan(node.step, inner)
    const always = node.condition.kind === 'literal'
    return loop({
      range: this.plan(node.range, scope),
      init,
      condition: always ? undefined : this.plan(node.condition, inner),
      step,
      result,
      slots: { accu, key, value },
    })
  }

  /** A list or map that only grows is grown in place: copying it for each item would be quadratic. */
  #grow(node: ComprehensionExpr, scope: Scope): Step | undefined {
    if (node.accu !== accumulator || (node.init.kind !== 'list' && node.init.kind !== 'map')) return undefined
    const { step } = node
    if (step.kind !== 'call') return undefined
    if (step.name !== '_?_:_') return this.#growth(step, scope)
    const [filter, grown] = step.args
    const add = grown?.kind === 'call' ? this.#growth(grown, scope) : undefined
    if (add === undefined || filter === undefined) return undefined
    const slot = scope.get(accumulator) ?? 0
    const holds = this.plan(filter, scope)
    return frame => {
      const chosen = holds(frame)
      if (chosen === true) return add(frame)
      charge(frame, costs.name)
      if (chosen === false) return frame.slots[slot] ?? null
      return isError(chosen) ? chosen : noSuchOverload()
    }
  }

  #growth({ name, args }: CallExpr, scope: Scope): Step | undefined {
    const slot = scope.get(accumulator) ?? 0
    const [, grown, value] = args
    if (name === '_+_' && grown?.kind === 'list' && grown.items[0] !== undefined)
      return appending(slot, this.plan(grown.items[0].value, scope))
    if (name !== 'cel.@mapInsert' || grown === undefined) return undefined
    const key = this.plan(grown, scope)
    return value === undefined ? merging(slot, key) : inserting(slot, key, this.plan(value, scope))
  }
}

const named =
  (value: Value): Step =>
  frame => {
    charge(frame, costs.name)
    return value
  }

function isPresent(operand: Value, field: string): Result {
  if (operand instanceof Optional) return operand.value === undefined ? false : isPresent(operand.value, field)
  return operand instanceof CelMap ? operand.present(field) : noSuchOverload()
}

/** Undefined for an item that is optional and absent. */
function unwrap(value: Result, optional: boolean): Result | undefined {
  if (!optional || isError(value)) return value
  return value instanceof Optional
    ? value.value
    : new CelError('cannot initialize optional entry from non-optional value')
}

function insert(map: EntryMap, key: Value, value: Value | undefined): CelError | undefined {
  if (keyOf(key) === undefined || typeof key === 'number') return new CelError('unsupported key type')
  if (value === undefined || map.insert(key, value)) return undefined
  return new CelError('Failed with repeated key')
}

const appending =
  (slot: number, item: Step): Step =>
  frame => {
    const value = item(frame)
    charge(frame, costs.name + costs.list + 1)
    const grown = frame.slots[slot]
    if (isError(value)) return value
    if (grown instanceof CelList) grown.push(value)
    return grown ?? null
  }

const inserting =
  (slot: number, key: Step, item: Step): Step =>
  frame => {
    const at = key(frame)
    const value = item(frame)
    charge(frame, costs.name + 1)
    const grown = frame.slots[slot]
    if (isError(at)) return at
    if (isError(value)) return value
    const failed = grown instanceof EntryMap ? insertNew(grown, at, value) : noSuchOverload()
    return failed ?? grown ?? null
  }

function insertNew(map: EntryMap, key: Value, value: Value): CelError | undefined {
  if (map.has(key)) return new CelError(`insert failed: key ${String(keyOf(key))} already exists`)
  return insert(map, key, value)
}

const merging =
  (slot: number, entries: Step): Step =>
  frame => {
    const added = entries(frame)
    charge(frame, costs.name + 1)
    const grown = frame.slots[slot]
    if (isError(added)) return added
    if (!(added instanceof CelMap) || !(grown instanceof EntryMap)) return noSuchOverload()
    spend(added.size)
    for (const [key, value] of items(added)) {
      const failed = isError(value) ? value : insertNew(grown, key, value)
      if (failed !== undefined) return failed
    }
    return grown
  }

interface Loop {
  readonly range: Step
  readonly init: Step
  readonly condition: Step | undefined
  readonly step: Step
  readonly result: Step
  readonly slots: { readonly accu: number; readonly key: number; readonly value: number | undefined }
}

function loop({ range, init, condition, step, result, slots }: Loop): Step {
  return frame => {
    const over = range(frame)
    if (isError(over)) return over
    if (!(over instanceof CelList) && !(over instanceof CelMap)) return noSuchOverload()
    frame.slots[slots.accu] = init(frame)
    for (const [key, value] of items(over)) {
      if (condition !== undefined && condition(frame) !== true) break
      const single = over instanceof CelList ? value : key
      frame.slots[slots.key] = slots.value === undefined ? single : key
      if (slots.value !== undefined) frame.slots[slots.value] = value
      const next = step(frame)
      frame.slots[slots.accu] = next
      if (condition === undefined && isError(next)) return next
    }
    return result(frame)
  }
}

export function plan(expression: Expr, checked: Checked, environment: Environment): Plan {
  const planner = new Planner(checked, environment)
  const step = planner.plan(expression, new Map())
  return { step, slots: planner.slots }
}
