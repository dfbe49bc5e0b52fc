/** What an expression may use: variables, types, functions, macros. */
import type { Library, Overload } from './define.ts'
import type { Macro } from './macros.ts'
import { typeType } from './types.ts'
import type { CelType, ObjectType } from './types.ts'

export interface EnvironmentOptions {
  readonly libraries: readonly Library[]
  readonly variables?: ReadonlyMap<string, CelType>
  /** Object types that message literals may name. */
  readonly types?: (name: string) => ObjectType | undefined
  /** Names are looked up inside it first, as `a.b.name`, `a.name`, `name`. */
  readonly container?: string
  /**
   * Items of a literal must have one type, and literals that can only fail are refused. So it is in Kubernetes, and here
   * unless said otherwise.
   */
  readonly strict?: boolean
}

export interface Declared {
  /** The full name. */
  readonly name: string
  readonly type: CelType
  /** Set for the name of a type, which is a constant. */
  readonly constant?: CelType
}

/** What libraries come to; kept, as many environments have the same ones. */
interface Prepared {
  readonly macros: readonly Macro[]
  readonly types: ReadonlyMap<string, CelType>
  readonly functions: ReadonlyMap<string, readonly Overload[]>
}

const kept = new WeakMap<readonly Library[], Prepared>()

function prepare(libraries: readonly Library[]): Prepared {
  const known = kept.get(libraries)
  if (known !== undefined) return known
  const made: Prepared = {
    macros: libraries.flatMap(({ macros = [] }) => macros),
    types: new Map(libraries.flatMap(({ types = [] }) => types)),
    functions: Map.groupBy(
      libraries.flatMap(({ overloads }) => overloads),
      ({ name }) => name,
    ),
  }
  kept.set(libraries, made)
  return made
}

/** Cheap to make with libraries that were used before, and good for many expressions. */
export class Environment {
  readonly macros: readonly Macro[]
  readonly strict: boolean
  readonly container: string
  readonly variables: ReadonlyMap<string, CelType>
  readonly #types: (name: string) => ObjectType | undefined
  readonly #named: ReadonlyMap<string, CelType>
  readonly #functions: ReadonlyMap<string, readonly Overload[]>

  constructor(options: EnvironmentOptions) {
    const { macros, types, functions } = prepare(options.libraries)
    this.macros = macros
    this.strict = options.strict ?? true
    this.container = options.container ?? ''
    this.variables = options.variables ?? new Map()
    this.#types = options.types ?? (() => undefined)
    this.#named = types
    this.#functions = functions
  }

  /** Every full name that a name may stand for, the innermost first. */
  candidates(name: string): readonly string[] {
    if (name.startsWith('.')) return [name.slice(1)]
    if (this.container === '') return [name]
    const within = this.container.split('.')
    return [...within.map((_, index) => `${within.slice(0, within.length - index).join('.')}.${name}`), name]
  }

  name(name: string): Declared | undefined {
    for (const full of this.candidates(name)) {
      const type = this.variables.get(full)
      if (type !== undefined) return { name: full, type }
      const constant = this.#named.get(full) ?? this.#types(full)
      if (constant !== undefined) return { name: full, type: typeType(constant), constant }
    }
    return undefined
  }

  object(name: string): ObjectType | undefined {
    for (const full of this.candidates(name)) {
      const type = this.#types(full)
      if (type !== undefined) return type
    }
    return undefined
  }

  overloads(name: string): readonly Overload[] | undefined {
    for (const full of this.candidates(name)) {
      const known = this.#functions.get(full)
      if (known !== undefined) return known
    }
    return undefined
  }

  /** The names of all functions, operators among them. */
  functions(): Iterable<string> {
    return this.#functions.keys()
  }
}
