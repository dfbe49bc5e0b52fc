/** The expressions of one admission policy: variables first, each of which the following expressions may use. */
import { type PolicyVariables, policyEnvironment } from './admission.ts'
import { type Program, compile } from './compile.ts'
import { type CelType, type ObjectType, boolType, dynType, formatType, listType, mapType, nullType, objectType, sameType, stringType } from './types.ts' // prettier-ignore

export type Expression =
  | { readonly ok: true; readonly source: string; readonly program: Program; readonly type: CelType }
  | {
      readonly ok: false
      readonly source: string
      readonly error: string
      /** What is wrong with it, as upstream shows it; empty when only its type is. */
      readonly issues: string
    }

export interface PolicyOptions {
  /** Whether the policy has parameters. */
  readonly params: boolean
  /** What the objects and parameters are, where somebody wants to know whether the expressions fit. */
  readonly types?: { readonly object?: CelType | undefined; readonly params?: CelType | undefined }
  /** `variables` is declared, whether or not there are any. */
  readonly composed: boolean
}

export interface Use {
  /** One of these must be what it gives; absent: anything. */
  readonly returns?: readonly CelType[]
  /** Message expressions have no `authorizer`. */
  readonly authorizer?: boolean
  readonly patches?: boolean
}

const patchType: CelType = objectType('JSONPatch', new Map())

/** What each kind of expression must give. */
export const gives = {
  condition: [boolType],
  message: [stringType],
  annotation: [stringType, nullType],
  configuration: [objectType('Object', new Map())],
  patch: [listType(patchType)],
} as const satisfies Readonly<Record<string, readonly CelType[]>>

const nameOf = (type: CelType): string => (type.kind === 'null' ? 'null_type' : formatType(type))

/** Types of variables that hold lists of variables grow with each; deeper ones are not looked into. */
const deepest = 16

/** Of an object that a policy makes up itself nothing is known where a variable holds it. */
function held(type: CelType, depth = 0): CelType {
  if (depth > deepest) return dynType
  if (type.kind === 'list') return listType(held(type.item, depth + 1))
  if (type.kind === 'map') return mapType(held(type.key, depth + 1), held(type.value, depth + 1))
  return type.kind === 'object' || type.kind === 'opaque' || type.kind === 'type' ? dynType : type
}

export class PolicyCompiler {
  readonly #options: PolicyOptions
  readonly #fields = new Map<string, CelType>()
  readonly #type: ObjectType = objectType('kubernetes.variables', this.#fields)

  constructor(options: PolicyOptions) {
    this.#options = options
  }

  /** Of `variables`. */
  get type(): ObjectType {
    return this.#type
  }

  variable(name: string, source: string): Expression {
    const compiled = this.compile(source)
    this.#fields.set(name, compiled.ok ? held(compiled.type) : dynType)
    return compiled
  }

  compile(source: string, { returns, authorizer = true, patches = false }: Use = {}): Expression {
    const { params, types, composed } = this.#options
    const variables: PolicyVariables = {
      object: types?.object ?? dynType,
      params: params ? (types?.params ?? dynType) : undefined,
      variables: composed ? this.#type : undefined,
      authorizer,
      patches,
    }
    const compiled = compile(source, policyEnvironment(variables))
    if (!compiled.ok) return { ok: false, source, error: `compilation failed: ${compiled.text}`, issues: compiled.text }
    const { program, type } = compiled
    if (returns === undefined || returns.some(one => sameType(one, type))) return { ok: true, source, program, type }
    const wanted = returns.length === 1 ? returns.map(nameOf).join('') : `one of [${returns.map(nameOf).join(' ')}]`
    return { ok: false, source, error: `must evaluate to ${wanted} but got ${nameOf(type)}`, issues: '' }
  }
}
