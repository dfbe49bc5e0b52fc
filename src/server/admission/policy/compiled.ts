/** A policy's expressions, compiled at its first request and kept for as long as the policy is what it is. */
import { type Expression, PolicyCompiler, gives } from '#codec/cel/policy.ts'
import type { MatchCondition, ParamKind, Variable } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import type { Variables } from './evaluate.ts'

interface Source {
  readonly paramKind?: ParamKind
  readonly variables?: readonly Variable[]
  readonly matchConditions?: readonly MatchCondition[]
}

export interface Common {
  readonly compiler: PolicyCompiler
  readonly variables: Variables
  readonly conditions: readonly Expression[]
}

export function compileCommon({ paramKind, variables = [], matchConditions = [] }: Source): Common {
  const compiler = new PolicyCompiler({ params: paramKind !== undefined, composed: true })
  const expressions = new Map(
    variables.map(({ name, expression }) => [name, compiler.variable(name, expression)] as const),
  )
  return {
    compiler,
    variables: { type: compiler.type, expressions },
    conditions: matchConditions.map(({ expression }) => compiler.compile(expression, { returns: gives.condition })),
  }
}

export function remembered<P extends object, C>(make: (policy: P) => C): (policy: P) => C {
  const known = new WeakMap<P, C>()
  return policy => {
    const had = known.get(policy)
    if (had !== undefined) return had
    const made = make(policy)
    known.set(policy, made)
    return made
  }
}
