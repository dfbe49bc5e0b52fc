/**
 * The cost of an expression in the worst case, after upstream's model: whether a custom resource's rule is accepted
 * depends on it, so that numbers agree and not just orders of magnitude.
 */
import type { Checked } from './checker.ts'
import { add, costs, fixed, most, multiply, union, unknownSize } from './cost.ts'
import type { Estimate, Range, Sizes } from './cost.ts'
import type { Overload } from './define.ts'
import { accumulator } from './macros.ts'
import type { CallExpr, ComprehensionExpr, Expr, ListExpr, MapExpr, SelectExpr } from './syntax.ts'
import { characters } from './text.ts'
import { dynType, optionalOf, sameKind } from './types.ts'
import type { CelType } from './types.ts'

/** Sizes of what is in a list or map. */
interface Entries {
  readonly key: Range
  readonly value: Range
}

interface Local {
  /** The type with the bounds that a schema gave, for what is reached from a declared variable by names alone. */
  readonly declared: CelType | undefined
  readonly size: Range | undefined
  readonly entries: Entries | undefined
}

const scalars: ReadonlySet<CelType['kind']> = new Set(['bool', 'double', 'duration', 'int', 'timestamp', 'uint'])

const isScalar = (type: CelType): boolean => {
  const held = optionalOf(type)
  return held === undefined ? scalars.has(type.kind) : isScalar(held)
}

const empty: Range = { min: most, max: 0 }
const spread = (ranges: readonly Range[]): Range => (ranges.length === 0 ? fixed(0) : ranges.reduce(union, empty))

/** `map.key` has no bounds in upstream's model unless the map says so; `map['key']` has. */
const fieldOf = (type: CelType | undefined, name: string): CelType | undefined =>
  type?.kind === 'object' ? type.field(name) : type?.kind === 'map' && type.named === true ? type.value : undefined

const itemOf = (type: CelType | undefined): CelType | undefined =>
  type?.kind === 'list' ? type.item : type?.kind === 'map' ? type.value : undefined

const keyOf = (type: CelType | undefined): CelType | undefined => (type?.kind === 'map' ? type.key : undefined)

class Estimator {
  readonly #checked: Checked
  readonly #variables: ReadonlyMap<string, CelType>
  readonly #sizes = new Map<Expr, Range>()
  readonly #entries = new Map<Expr, Entries>()
  readonly #declared = new Map<Expr, CelType | undefined>()
  readonly #locals = new Map<string, Local[]>()

  constructor(checked: Checked, variables: ReadonlyMap<string, CelType>) {
    this.#checked = checked
    this.#variables = variables
  }

  cost(node: Expr): Range {
    switch (node.kind) {
      case 'literal':
        return fixed(0)
      case 'ident':
        this.#declared.set(node, this.#local(node.name)?.declared ?? this.#variable(this.#checked.names.get(node)))
        return fixed(costs.name)
      case 'select':
        return this.#select(node)
      case 'call':
        return this.#call(node)
      case 'list':
        return this.#list(node)
      case 'map':
        return this.#map(node)
      case 'struct':
        return node.fields.reduce((sum, { value }) => add(sum, this.cost(value)), fixed(costs.struct))
      case 'comprehension':
        return this.#isBinding(node) ? this.#binding(node) : this.#comprehension(node)
    }
  }

  #variable(name: string | undefined): CelType | undefined {
    const type = name === undefined ? undefined : this.#variables.get(name)
    return type === undefined ? undefined : (optionalOf(type) ?? type)
  }

  #type(node: Expr): CelType {
    return this.#checked.types.get(node) ?? dynType
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1)
  }

  #with(name: string, local: Local): () => void {
    const stack = this.#locals.get(name) ?? []
    this.#locals.set(name, stack)
    stack.push(local)
    return () => void stack.pop()
  }

  #select(node: SelectExpr): Range {
    const whole = this.#checked.names.get(node)
    if (whole !== undefined) {
      this.#declared.set(node, this.#variable(whole))
      return fixed(costs.name)
    }
    const operand = this.cost(node.operand)
    if (node.test) return operand
    this.#declared.set(node, fieldOf(this.#declared.get(node.operand), node.field))
    const { kind } = this.#type(node.operand)
    return kind === 'map' || kind === 'object' ? add(operand, fixed(costs.name)) : operand
  }

  #list(node: ListExpr): Range {
    const items = node.items.map(({ value }) => value)
    const cost = items.reduce((sum, item) => add(sum, this.cost(item)), fixed(costs.list))
    this.#entries.set(node, { key: fixed(1), value: spread(items.map(item => this.#size(item))) })
    return cost
  }

  #map(node: MapExpr): Range {
    const parts = node.entries.flatMap(({ key, value }) => [key, value])
    const cost = parts.reduce((sum, part) => add(sum, this.cost(part)), fixed(costs.map))
    this.#entries.set(node, {
      key: spread(node.entries.map(({ key }) => this.#size(key))),
      value: spread(node.entries.map(({ value }) => this.#size(value))),
    })
    return cost
  }

  #isBinding({ condition, accu }: ComprehensionExpr): boolean {
    return condition.kind === 'literal' && condition.value === false && accu !== accumulator
  }

  #localOf(node: Expr): Local {
    return { declared: this.#declared.get(node), size: this.#known(node), entries: this.#entriesOf(node) }
  }

  #binding(node: ComprehensionExpr): Range {
    const before = add(fixed(costs.list), this.cost(node.init))
    const leave = this.#with(node.accu, this.#localOf(node.init))
    const cost = add(before, this.cost(node.result))
    leave()
    this.#copy(node.result, node)
    return cost
  }

  #copy(from: Expr, to: Expr): void {
    const size = this.#known(from)
    const entries = this.#entriesOf(from)
    if (size !== undefined) this.#sizes.set(to, size)
    if (entries !== undefined) this.#entries.set(to, entries)
  }

  #enter(node: ComprehensionExpr): readonly (() => void)[] {
    const range = this.#declared.get(node.range)
    const entries = this.#entriesOf(node.range)
    const list = this.#type(node.range).kind === 'list'
    const key: Local = { declared: keyOf(range), size: entries?.key, entries: undefined }
    const value: Local = { declared: itemOf(range), size: entries?.value, entries: undefined }
    if (node.item2 === undefined) return [this.#with(node.item, list ? value : key)]
    return [this.#with(node.item, key), this.#with(node.item2, value)]
  }

  #comprehension(node: ComprehensionExpr): Range {
    const before = add(this.cost(node.range), this.cost(node.init))
    const leaveAccu = this.#with(node.accu, this.#localOf(node.init))
    const leave = this.#enter(node)
    const turn = add(this.cost(node.condition), this.cost(node.step))
    for (const out of leave) out()
    const result = this.cost(node.result)
    leaveAccu()
    const count = this.#size(node.range)
    if (node.init.kind === 'list' || node.init.kind === 'map') {
      this.#sizes.set(node, count)
      const entries = this.#entriesOf(node.step)
      if (entries !== undefined) this.#entries.set(node, entries)
    } else this.#sizes.set(node, this.#size(node.init))
    return add(add(before, result), multiply(count, turn))
  }

  #call(node: CallExpr): Range {
    const { name, args, target } = node
    const [first, second] = args
    if (name === 'dyn' && first !== undefined) {
      const cost = this.cost(first)
      this.#copy(first, node)
      return add(fixed(1), cost)
    }
    const resolution = this.#checked.calls.get(node)
    const operands = resolution?.global === true || target === undefined ? args : [target, ...args]
    const each = operands.map(operand => this.cost(operand))
    const sum = each.reduce(add, fixed(0))
    const [left = fixed(0), right = fixed(0), other = fixed(0)] = each
    if (name === '_&&_' || name === '_||_') return { min: left.min, max: add(left, right).max }
    const estimates = (resolution?.overloads ?? []).map(overload => this.#overload(overload, operands))
    this.#result(node, estimates)
    if (name === '_?_:_') return add(left, union(right, other))
    if (name === '_?._' && second !== undefined) return add(sum, fixed(1))
    return add(sum, spread(estimates.map(({ cost }) => cost)))
  }

  #overload(overload: Overload, operands: readonly Expr[]): Estimate {
    return overload.estimate?.(new Operands(this.#reader, operands)) ?? { cost: fixed(1) }
  }

  /** What is known of a call's result. */
  #result(node: CallExpr, estimates: readonly Estimate[]): void {
    const [first, second, third] = node.args
    if (node.name === '_[_]' && first !== undefined) {
      this.#declared.set(node, itemOf(this.#declared.get(first)))
      const size = this.#entriesOf(first)?.value
      if (size !== undefined) this.#sizes.set(node, size)
      return
    }
    const sizes = estimates.flatMap(({ size }) => size ?? [])
    if (sizes.length > 0) this.#sizes.set(node, spread(sizes))
    if (node.name === '_+_') this.#joinEntries(node, first, second)
    if (node.name === '_?_:_') this.#joinEntries(node, second, third)
  }

  #joinEntries(node: Expr, a: Expr | undefined, b: Expr | undefined): void {
    const left = a && this.#entriesOf(a)
    const right = b && this.#entriesOf(b)
    if (left === undefined || right === undefined) return
    this.#entries.set(node, { key: union(left.key, right.key), value: union(left.value, right.value) })
  }

  #entriesOf(node: Expr): Entries | undefined {
    return this.#entries.get(node) ?? (node.kind === 'ident' ? this.#local(node.name)?.entries : undefined)
  }

  #size(node: Expr): Range {
    return this.#known(node) ?? unknownSize
  }

  #known(node: Expr): Range | undefined {
    const written = this.#sizes.get(node) ?? writtenSize(node)
    if (written !== undefined) return written
    const bound = this.#declared.get(node)?.most
    if (bound !== undefined) return { min: 0, max: bound }
    if (isScalar(this.#type(node))) return fixed(1)
    return node.kind === 'ident' ? this.#local(node.name)?.size : undefined
  }

  readonly #reader: Reader = {
    size: node => this.#size(node),
    type: node => this.#type(node),
    items: node => {
      const type = this.#type(node)
      if (type.kind !== 'list') return undefined
      const declared = this.#declared.get(node)
      const bound = declared?.kind === 'list' && sameKind(declared, type) ? declared.item.most : undefined
      return bound === undefined ? unknownSize : { min: 0, max: bound }
    },
  }
}

interface Reader {
  readonly size: (node: Expr) => Range
  readonly type: (node: Expr) => CelType
  readonly items: (node: Expr) => Range | undefined
}

/** A literal's size is what is written. */
function writtenSize(node: Expr): Range | undefined {
  if (node.kind === 'list') return fixed(node.items.length)
  if (node.kind === 'map') return fixed(node.entries.length)
  if (node.kind !== 'literal') return undefined
  const { value } = node
  if (typeof value === 'string') return fixed(characters(value))
  return fixed(value instanceof Uint8Array ? value.length : 1)
}

class Operands implements Sizes {
  readonly #reader: Reader
  readonly #nodes: readonly Expr[]

  constructor(reader: Reader, nodes: readonly Expr[]) {
    this.#reader = reader
    this.#nodes = nodes
  }

  of(argument: number): Range {
    const node = this.#nodes[argument]
    return node === undefined ? unknownSize : this.#reader.size(node)
  }

  items(argument: number): Range | undefined {
    const node = this.#nodes[argument]
    return node && this.#reader.items(node)
  }

  integer(argument: number): number | undefined {
    const node = this.#nodes[argument]
    return node?.kind === 'literal' && typeof node.value === 'bigint' ? Number(node.value) : undefined
  }

  type(argument: number): CelType {
    const node = this.#nodes[argument]
    return node === undefined ? dynType : this.#reader.type(node)
  }
}

/** In units of cost, the least and the most. `variables` carry the bounds of their schemas in their types. */
export const estimateCost = (expression: Expr, checked: Checked, variables: ReadonlyMap<string, CelType>): Range =>
  new Estimator(checked, variables).cost(expression)
