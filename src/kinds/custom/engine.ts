/**
 * The seam for x-kubernetes-validations: what an engine of expressions does for the rules of one schema node. The walk over
 * schemas and values, which old value belongs to which new one, and what is counted together stand in rules.ts.
 */
import type { FieldError } from '#api/validation.ts'
import type { JSONSchemaProps } from '#kinds/facts/generated/types/apiextensions_v1.ts'

export interface RuleNode {
  /** Has x-kubernetes-validations; its own structure is the type of `self`. */
  readonly schema: JSONSchemaProps
  /** Root or embedded resource: apiVersion, kind, metadata.name and metadata.generateName are visible without being specified. */
  readonly whole: boolean
  /** Most values of this node in one object, as maxItems and maxProperties on the way allow; Infinity for no limit. */
  readonly most: number
  /** The schema path above which old and new values cannot be told to belong together: no rule here may use oldSelf. */
  readonly uncorrelated: string | undefined
}

export interface RuleCost {
  /** Of the expression, for example `…x-kubernetes-validations[0].rule`. */
  readonly path: string
  /** Estimated for the worst object, all values of the node together. */
  readonly cost: number
}

export interface RuleInput {
  /** Of the value, for messages. */
  readonly path: string
  readonly self: unknown
  /** Present where the old object has a value that this one is the next state of. */
  readonly old?: unknown
  /** Nothing changed: only transition rules count. */
  readonly unchanged: boolean
  /** Cost that is left for the whole object; the engine takes from it. Below zero nothing more is evaluated. */
  readonly budget: { left: number }
}

export interface CompiledRules {
  /** Rules that do not compile, cost too much for themselves, or misuse oldSelf. @param path of the node's schema */
  problems(path: string): readonly FieldError[]
  costs(path: string): readonly RuleCost[]
  evaluate(input: RuleInput): readonly FieldError[]
}

export interface RuleEngine {
  compile(node: RuleNode): CompiledRules
}

const silent: CompiledRules = { problems: () => [], costs: () => [], evaluate: () => [] }

/** Replaced by the engine of expressions; until then rules are kept and shown, and nothing is refused by them. */
export const ruleEngine: RuleEngine = { compile: () => silent }
