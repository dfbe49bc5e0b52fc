/** Gives every node its type and every call its overloads. */
import type { Overload } from './define.ts'
import type { Environment } from './environment.ts'
import type { Issue } from './issues.ts'
import { qualifiedName } from './syntax.ts'
import type { CallExpr, ComprehensionExpr, Expr, ListExpr, MapExpr, SelectExpr, StructExpr } from './syntax.ts'
import * as types from './types.ts'
import type { CelType } from './types.ts'
import { Inference, moreGeneral } from './unify.ts'
import { typeOf } from './values.ts'

export interface Resolution {
  readonly overloads: readonly Overload[]
  /** `a.b(c)` where `a.b` is the function's whole name. */
  readonly global: boolean
}

export interface Checked {
  readonly types: ReadonlyMap<Expr, CelType>
  /** The full name of the variable that a name or `a.b.c` stands for. */
  readonly names: ReadonlyMap<Expr, string>
  /** The type that a name or `a.b.c` is the name of. */
  readonly constants: ReadonlyMap<Expr, CelType>
  readonly calls: ReadonlyMap<CallExpr, Resolution>
  readonly structs: ReadonlyMap<StructExpr, types.ObjectType>
  readonly type: CelType
  readonly issues: readonly Issue[]
}

interface Scope {
  readonly names: ReadonlyMap<string, CelType>
  readonly outer: Scope | undefined
}

const singles = new WeakMap<Overload, readonly Overload[]>()
/** Most calls have one overload: one list of it serves all of them. */
function alone(overload: Overload): readonly Overload[] {
  const list = singles.get(overload) ?? [overload]
  singles.set(overload, list)
  return list
}

class Checker {
  readonly #environment: Environment
  readonly #inference = new Inference()
  readonly #issues: Issue[] = []
  readonly #types = new Map<Expr, CelType>()
  readonly #names = new Map<Expr, string>()
  readonly #constants = new Map<Expr, CelType>()
  readonly #calls = new Map<CallExpr, Resolution>()
  readonly #structs = new Map<StructExpr, types.ObjectType>()
  #scope: Scope | undefined
  #mixed = false

  constructor(environment: Environment) {
    this.#environment = environment
  }

  run(expression: Expr): Checked {
    const type = this.#final(this.#check(expression))
    // In place: the tree may have tens of thousands of nodes, most of them of types that have no parts.
    for (const [node, found] of this.#types) {
      const final = this.#final(found)
      if (final !== found) this.#types.set(node, final)
    }
    return {
      types: this.#types,
      names: this.#names,
      constants: this.#constants,
      calls: this.#calls,
      structs: this.#structs,
      type,
      issues: this.#issues.toSorted((a, b) => a.at - b.at),
    }
  }

  #final(type: CelType): CelType {
    return this.#inference.resolve(type, types.dynType)
  }

  #shown(type: CelType): string {
    return types.formatType(this.#inference.resolve(type))
  }

  #report(at: number, message: string): CelType {
    this.#issues.push({ at, message })
    return types.errorType
  }

  #undeclared(at: number, name: string): CelType {
    return this.#report(at, `undeclared reference to '${name}' (in container '${this.#environment.container}')`)
  }

  #expect(expression: Expr, found: CelType, wanted: CelType): void {
    if (this.#inference.assignable([found], [wanted])) return
    this.#report(expression.at, `expected type '${this.#shown(wanted)}' but found '${this.#shown(found)}'`)
  }

  #check(expression: Expr): CelType {
    const type = this.#typeOf(expression)
    this.#types.set(expression, type)
    return type
  }

  #typeOf(expression: Expr): CelType {
    switch (expression.kind) {
      case 'literal':
        return typeOf(expression.value)
      case 'ident':
        return this.#name(expression, expression.name) ?? this.#undeclared(expression.at, expression.name)
      case 'select':
        return this.#select(expression)
      case 'call':
        return this.#call(expression)
      case 'list':
        return this.#list(expression)
      case 'map':
        return this.#map(expression)
      case 'struct':
        return this.#struct(expression)
      case 'comprehension':
        return this.#comprehension(expression)
    }
  }

  #local(name: string): CelType | undefined {
    for (let scope = this.#scope; scope !== undefined; scope = scope.outer) {
      const type = scope.names.get(name)
      if (type !== undefined) return type
    }
    return undefined
  }

  #name(node: Expr, name: string): CelType | undefined {
    const local = this.#local(name)
    if (local !== undefined) return local
    const declared = this.#environment.name(name)
    if (declared === undefined) return undefined
    if (declared.constant === undefined) this.#names.set(node, declared.name)
    else this.#constants.set(node, declared.constant)
    return declared.type
  }

  /** `a.b` as the whole name of something, unless `a` is a variable of a loop. */
  #qualified(node: SelectExpr): CelType | undefined {
    const name = qualifiedName(node)
    if (name === undefined) return undefined
    if (this.#scope !== undefined && this.#local(name.split('.')[0] ?? '') !== undefined) return undefined
    return this.#name(node, name)
  }

  #select(node: SelectExpr): CelType {
    const whole = node.test ? undefined : this.#qualified(node)
    if (whole !== undefined) return whole
    const operand = this.#check(node.operand)
    const type = this.#field(operand, node.field, node.at)
    return node.test ? types.boolType : type
  }

  /** Of an optional, the field is optional too. */
  #field(operand: CelType, field: string, at: number): CelType {
    const type = this.#inference.resolve(operand)
    const held = types.optionalOf(type)
    if (held === undefined) return this.#plainField(type, field, at)
    const found = this.#plainField(this.#inference.resolve(held), field, at)
    return types.optionalOf(found) === undefined ? types.optionalType(found) : found
  }

  #plainField(type: CelType, field: string, at: number): CelType {
    switch (type.kind) {
      case 'dyn':
      case 'error':
        return types.dynType
      case 'map':
        return type.value
      case 'parameter':
        this.#inference.assignable([type], [types.dynType])
        return types.dynType
      case 'object':
        return type.field(field) ?? this.#report(at, `undefined field '${field}'`)
      default:
        return this.#report(at, `type '${this.#shown(type)}' does not support field selection`)
    }
  }

  #call(node: CallExpr): CelType {
    const { name, target, args, at } = node
    const [first, second] = args
    if (name === '_?._' && first !== undefined && second?.kind === 'literal') return this.#optionalField(first, second)
    if (name === '_&&_' || name === '_||_') return this.#logical(args)
    if (target === undefined) return this.#overloaded(node, this.#environment.overloads(name), true)
    const prefix = qualifiedName(target)
    const whole = prefix === undefined ? undefined : this.#environment.overloads(`${prefix}.${name}`)
    if (whole?.some(overload => !overload.member)) return this.#overloaded(node, whole, true)
    const declared = this.#environment.overloads(name)
    if (declared !== undefined) return this.#overloaded(node, declared, false)
    for (const part of [target, ...args]) this.#check(part)
    return this.#undeclared(at, name)
  }

  #logical(args: readonly Expr[]): CelType {
    for (const arg of args) this.#expect(arg, this.#check(arg), types.boolType)
    return types.boolType
  }

  #optionalField(operand: Expr, name: Expr & { kind: 'literal' }): CelType {
    this.#check(name)
    const type = this.#field(this.#check(operand), typeof name.value === 'string' ? name.value : '', name.at)
    return types.optionalOf(type) === undefined ? types.optionalType(type) : type
  }

  /** What is formatted may be of many types in one list. */
  #operands(node: CallExpr, global: boolean): readonly CelType[] {
    const operands = global || node.target === undefined ? node.args : [node.target, ...node.args]
    const mixed = this.#mixed
    this.#mixed = mixed || node.name === 'format'
    const given = operands.map(operand => this.#check(operand))
    this.#mixed = mixed
    return given
  }

  #overloaded(node: CallExpr, declared: readonly Overload[] | undefined, global: boolean): CelType {
    const given = this.#operands(node, global)
    if (declared === undefined) return this.#undeclared(node.at, node.name)
    let chosen: readonly Overload[] = []
    let result: CelType | undefined
    for (const overload of declared) {
      if (overload.member === global || overload.takes.length !== given.length) continue
      const { gives, takes } = this.#inference.instantiate(overload)
      if (!this.#inference.assignable(given, takes)) continue
      chosen = chosen.length === 0 ? alone(overload) : [...chosen, overload]
      const type = this.#inference.resolve(gives)
      result = result === undefined || types.sameType(result, type) ? type : types.dynType
    }
    if (result === undefined) return this.#noOverload(node, given, global)
    this.#calls.set(node, { overloads: chosen, global })
    return result
  }

  #noOverload({ at, name }: CallExpr, given: readonly CelType[], global: boolean): CelType {
    const shown = given.map(type => types.formatType(this.#final(type)))
    const applied = global ? `(${shown.join(', ')})` : `${shown[0]}.(${shown.slice(1).join(', ')})`
    return this.#report(at, `found no matching overload for '${name}' applied to '${applied}'`)
  }

  /** The type of items seen so far and one more. */
  #join(so: CelType | undefined, type: CelType, expression: Expr): CelType {
    if (so === undefined || types.sameType(so, type)) return type
    if (this.#inference.assignable([type], [so]))
      return moreGeneral(this.#inference.resolve(so), this.#inference.resolve(type))
    if (this.#environment.strict && !this.#mixed) {
      this.#expect(expression, type, so)
      return so
    }
    return types.dynType
  }

  /** The type of an item; one marked optional is given as what it holds. */
  #item({ value, optional }: { value: Expr; optional: boolean }): CelType {
    const type = this.#check(value)
    if (!optional) return type
    const held = types.optionalOf(this.#inference.resolve(type))
    if (held !== undefined) return held
    this.#expect(value, type, types.optionalType(types.dynType))
    return types.dynType
  }

  #list({ items }: ListExpr): CelType {
    let type: CelType | undefined
    for (const item of items) type = this.#join(type, this.#item(item), item.value)
    return types.listType(type ?? this.#inference.fresh())
  }

  #map({ entries }: MapExpr): CelType {
    let key: CelType | undefined
    let value: CelType | undefined
    for (const entry of entries) {
      key = this.#join(key, this.#check(entry.key), entry.key)
      value = this.#join(value, this.#item(entry), entry.value)
    }
    return types.mapType(key ?? this.#inference.fresh(), value ?? this.#inference.fresh())
  }

  #struct(node: StructExpr): CelType {
    const type = this.#environment.object(node.name)
    if (type === undefined) {
      if (this.#environment.name(node.name) === undefined) return this.#undeclared(node.at, node.name)
      return this.#report(node.at, `'${node.name}' is not a message type`)
    }
    this.#structs.set(node, type)
    for (const field of node.fields) {
      const found = this.#item(field)
      const wanted = type.field(field.name)
      if (wanted === undefined) this.#report(field.at, `undefined field '${field.name}'`)
      else if (!this.#inference.assignable([found], [wanted]))
        this.#report(
          field.at,
          `expected type of field '${field.name}' is '${this.#shown(wanted)}' but provided type is '${this.#shown(found)}'`,
        )
    }
    return type
  }

  #within<T>(names: readonly (readonly [string, CelType])[], run: () => T): T {
    const outer = this.#scope
    this.#scope = { names: new Map(names), outer }
    const result = run()
    this.#scope = outer
    return result
  }

  /** The types of the first and second variable of a loop over this. */
  #ranged(range: Expr): readonly [key: CelType, item: CelType, single: CelType] {
    const type = this.#inference.resolve(this.#check(range))
    if (type.kind === 'list') return [types.intType, type.item, type.item]
    if (type.kind === 'map') return [type.key, type.value, type.key]
    if (type.kind === 'parameter') this.#inference.assignable([type], [types.dynType])
    else if (type.kind !== 'dyn' && type.kind !== 'error')
      this.#report(
        range.at,
        `expression of type '${this.#shown(type)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
      )
    return [types.dynType, types.dynType, types.dynType]
  }

  #comprehension(node: ComprehensionExpr): CelType {
    const [key, item, single] = this.#ranged(node.range)
    const accu = this.#check(node.init)
    const variables: (readonly [string, CelType])[] =
      node.item2 === undefined
        ? [[node.item, single]]
        : [
            [node.item, key],
            [node.item2, item],
          ]
    return this.#within([[node.accu, accu]], () => {
      this.#within(variables, () => {
        this.#expect(node.condition, this.#check(node.condition), types.boolType)
        this.#expect(node.step, this.#check(node.step), accu)
      })
      return this.#check(node.result)
    })
  }
}

/** Never throws; whoever uses the rest must look at the issues first. */
export const check = (expression: Expr, environment: Environment): Checked => new Checker(environment).run(expression)
