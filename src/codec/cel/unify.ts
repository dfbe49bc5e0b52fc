/** Inference of type parameters. */
import type { Overload } from './define.ts'
import { dynType, mapParts, parameter, parts, sameKind, sameType } from './types.ts'
import type { CelType } from './types.ts'

const isWild = (type: CelType): boolean => type.kind === 'dyn' || type.kind === 'error'

/** Null may stand for these. */
const nullable: ReadonlySet<CelType['kind']> = new Set([
  'null',
  'wrapper',
  'object',
  'opaque',
  'timestamp',
  'duration',
  'dyn',
  'error',
])

export interface Signature {
  readonly gives: CelType
  readonly takes: readonly CelType[]
}

const isOpen = (type: CelType): boolean => type.kind === 'parameter' || parts(type).some(isOpen)

interface Known {
  readonly signature: Signature
  /** It has parameters. */
  readonly open: boolean
}

const signatures = new WeakMap<Overload, Known>()

function signatureOf(overload: Overload): Known {
  const known = signatures.get(overload)
  if (known !== undefined) return known
  const takes = overload.takes.map(({ type }) => type)
  const made = { signature: { gives: overload.gives, takes }, open: [overload.gives, ...takes].some(isOpen) }
  signatures.set(overload, made)
  return made
}

/** What is known of type parameters so far. A failed attempt leaves no trace. */
export class Inference {
  readonly #known: Map<string, CelType> = new Map()
  #fresh = 0

  /** A parameter that nothing is known about. */
  fresh(): CelType {
    return parameter(`_var${this.#fresh++}`)
  }

  /** The overload's own parameters become fresh ones, so that two calls do not mix. */
  instantiate(overload: Overload): Signature {
    const { signature, open } = signatureOf(overload)
    if (!open) return signature
    const made = new Map<string, CelType>()
    const renew = (type: CelType): CelType => {
      if (type.kind !== 'parameter') return mapParts(type, renew)
      const known = made.get(type.name) ?? this.fresh()
      made.set(type.name, known)
      return known
    }
    return { gives: renew(signature.gives), takes: signature.takes.map(renew) }
  }

  /** Whether each value may stand where its target is wanted; what that says of parameters is kept if all may. */
  assignable(values: readonly CelType[], targets: readonly CelType[]): boolean {
    if (values.length !== targets.length) return false
    const attempt = new Attempt(this.#known)
    const fits = values.every((value, index) => attempt.assignable(value, targets[index] ?? dynType))
    if (!fits) attempt.undo()
    return fits
  }

  /** The type with what is known put in; with `open` given, what is not known becomes that. */
  resolve(type: CelType, open?: CelType): CelType {
    if (type.kind === 'parameter') {
      const known = this.#known.get(type.name)
      return known === undefined ? (open ?? type) : this.resolve(known, open)
    }
    return mapParts(type, part => this.resolve(part, open))
  }
}

/** Writes into what is known, and can take it back: copying it for each call would be quadratic. */
class Attempt {
  readonly #known: Map<string, CelType>
  #before: (readonly [name: string, type: CelType | undefined])[] | undefined

  constructor(known: Map<string, CelType>) {
    this.#known = known
  }

  undo(): void {
    for (const [name, type] of (this.#before ?? []).toReversed())
      if (type === undefined) this.#known.delete(name)
      else this.#known.set(name, type)
  }

  #set(name: string, type: CelType): void {
    this.#before ??= []
    this.#before.push([name, this.#known.get(name)])
    this.#known.set(name, type)
  }

  assignable(value: CelType, target: CelType): boolean {
    if (target.kind === 'parameter') {
      const bound = this.#known.has(target.name)
      if (this.#bind(target, value)) return true
      if (bound) return false
    }
    if (value.kind === 'parameter') return this.#bind(value, target)
    if (isWild(value) || isWild(target)) return true
    if (value.kind === 'null') return nullable.has(target.kind)
    if (target.kind === 'null') return nullable.has(value.kind)
    return this.#concrete(value, target)
  }

  #concrete(value: CelType, target: CelType): boolean {
    if (target.kind === 'wrapper' && value.kind !== 'wrapper') return sameType(target.of, value)
    if (value.kind === 'wrapper' && target.kind !== 'wrapper') return sameType(value.of, target)
    if (value.kind === 'type') return target.kind === 'type'
    if (!sameKind(value, target)) return false
    const targets = parts(target)
    const values = parts(value)
    return (
      values.length === targets.length &&
      values.every((part, index) => this.assignable(part, targets[index] ?? dynType))
    )
  }

  #bind(variable: CelType & { kind: 'parameter' }, type: CelType): boolean {
    if (sameType(variable, type)) return true
    const known = this.#known.get(variable.name)
    if (known === undefined) {
      if (this.#mentions(type, variable.name)) return false
      this.#set(variable.name, type)
      return true
    }
    if (sameType(known, type)) return true
    if (!this.assignable(type, known)) return false
    const general = moreGeneral(type, known)
    if (!this.#mentions(general, variable.name)) this.#set(variable.name, general)
    return true
  }

  #mentions(type: CelType, name: string): boolean {
    if (type.kind !== 'parameter') return parts(type).some(part => this.#mentions(part, name))
    if (type.name === name) return true
    const known = this.#known.get(type.name)
    return known !== undefined && this.#mentions(known, name)
  }
}

/** The first one unless the second says less. */
export const moreGeneral = (a: CelType, b: CelType): CelType => (saysLess(a, b) ? a : b)

function saysLess(a: CelType, b: CelType): boolean {
  if (a.kind === 'dyn' || a.kind === 'parameter') return true
  if (b.kind === 'dyn' || b.kind === 'parameter') return false
  if (b.kind === 'null') return true
  if (a.kind === 'wrapper' && b.kind !== 'wrapper') return sameType(a.of, b)
  if (!sameKind(a, b)) return false
  const others = parts(b)
  return parts(a).every((part, index) => saysLess(part, others[index] ?? dynType))
}
