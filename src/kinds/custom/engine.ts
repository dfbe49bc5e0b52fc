/**
 * The rules of one schema node, x-kubernetes-validations: compiled when somebody asks, once for each schema. The walk over
 * schemas and values, which old value belongs to which new one, and what is counted together stand in rules.ts.
 */
import { compile } from '#codec/cel/compile.ts'
import { Environment } from '#codec/cel/environment.ts'
import { kubernetesLibraries } from '#codec/cel/libraries.ts'
import { ruleEstimateLimit } from '#codec/cel/limits.ts'
import { mostOccurrences, typeOfSchema } from '#codec/cel/schema.ts'
import { type CelType, boolType, optionalType, sameType, stringType } from '#codec/cel/types.ts'
import type { JSONSchemaProps, ValidationRule } from '#kinds/facts/generated/types/apiextensions_v1.ts'
import { shownPath } from '../apiextensions/openapi.ts'
import type { Place } from '../place.ts'
import { type Compiled, type RuleInput, type Text, evaluateAll } from './evaluate.ts'
import { boundsOf, structureOf } from './structure.ts'

export interface RuleNode {
  /** Has x-kubernetes-validations; its own structure is the type of `self`. */
  readonly schema: JSONSchemaProps
  /** Root or embedded resource: apiVersion, kind, metadata.name and metadata.generateName are visible without being specified. */
  readonly whole: boolean
}

/** What a definition is judged by. */
export interface RuleContext {
  /** Most values of the node in one object, as maxItems and maxProperties on the way allow; Infinity for no limit. */
  readonly most: number
  /** The schema path above which old and new values cannot be told to belong together: no rule here may use oldSelf. */
  readonly uncorrelated: string | undefined
}

export interface RuleCost {
  readonly place: Place
  /** Estimated for the worst object, all values of the node together. */
  readonly cost: number
}

export interface CompiledRules {
  /** Rules that do not compile, cost too much for themselves, or misuse oldSelf. @param place of the node's schema */
  check(place: Place, context: RuleContext): readonly RuleCost[]
  /** Goes from rule to rule as it is asked for the next. */
  evaluate(input: RuleInput): Iterable<void>
}

/** More than 100x says that the rule needs limits, and no number would help. */
export function excess(what: string, cost: number, limit: number): string {
  const factor = cost / limit
  const by = factor > 100 ? 'more than 100x' : `${factor.toFixed(factor < 1.5 ? 6 : 1)}x`
  return `${what} exceeds budget by factor of ${by} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`
}

const untypable =
  'internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations'

export function compileRules(node: RuleNode): CompiledRules {
  const structure = structureOf(node.schema)
  const type = typeOfSchema(structure, { name: 'self', custom: true, root: node.whole, bounds: boundsOf })
  if (type === undefined)
    return {
      check: place => {
        place.at('x-kubernetes-validations').internal(untypable)
        return []
      },
      evaluate: ({ place }) => {
        place.invalid(node.schema.type ?? '', `rule compiler initialization error: ${untypable}`)
        return []
      },
    }
  const rules = (node.schema['x-kubernetes-validations'] ?? []).map(rule => compileRule(node.schema, rule, type))
  return {
    check: (place, context) => {
      const most = Number.isFinite(context.most) ? context.most : mostOccurrences(structure)
      return rules.flatMap((rule, index) => {
        const at = place.at('x-kubernetes-validations').item(index)
        return checkRule(at, rule, { ...context, most })
      })
    },
    evaluate: input => evaluateAll(rules, input, { type, shown: node.schema.type ?? '' }),
  }
}

function compileRule(schema: JSONSchemaProps, rule: ValidationRule, self: CelType): Compiled {
  const oldSelf = rule.optionalOldSelf === true ? optionalType(self) : self
  const environment = new Environment({
    libraries: kubernetesLibraries,
    variables: new Map([
      ['self', self],
      ['oldSelf', oldSelf],
    ]),
  })
  const compiled = compile(rule.rule, environment)
  const none = { rule, program: undefined, transition: false, cost: 0, message: undefined, path: '' }
  if (!compiled.ok) return { ...none, problem: `compilation failed: ${compiled.text}` }
  if (!sameType(compiled.type, boolType)) return { ...none, problem: 'cel expression must evaluate to a bool' }
  const { messageExpression = '', fieldPath = '' } = rule
  return {
    rule,
    problem: undefined,
    program: compiled.program,
    transition: compiled.uses.has('oldSelf'),
    cost: compiled.cost().max,
    message: messageExpression === '' ? undefined : compileText(messageExpression, environment),
    path: fieldPath === '' ? '' : shownPath(schema, fieldPath),
  }
}

function compileText(source: string, environment: Environment): Text {
  const compiled = compile(source, environment)
  const none = { program: undefined, cost: 0 }
  if (!compiled.ok) return { ...none, problem: `messageExpression compilation failed: ${compiled.text}` }
  if (!sameType(compiled.type, stringType)) return { ...none, problem: 'messageExpression must evaluate to a string' }
  return { program: compiled.program, problem: undefined, cost: compiled.cost().max }
}

/** As upstream's messages show a rule. */
const shownRule = ({
  rule,
  message = '',
  messageExpression = '',
  reason,
  fieldPath = '',
  optionalOldSelf,
}: ValidationRule) => ({
  Rule: rule,
  Message: message,
  MessageExpression: messageExpression,
  Reason: reason ?? null,
  FieldPath: fieldPath,
  OptionalOldSelf: optionalOldSelf ?? null,
})

function checkRule(place: Place, compiled: Compiled, { most, uncorrelated }: RuleContext): readonly RuleCost[] {
  const { rule, problem, message, transition } = compiled
  const cost = compiled.cost * most
  const costs: RuleCost[] = [{ place: place.at('rule'), cost }]
  if (cost > ruleEstimateLimit) place.at('rule').forbidden(excess('estimated rule cost', cost, ruleEstimateLimit))
  if (problem !== undefined) place.at('rule').invalid(shownRule(rule), problem)
  if (message?.problem !== undefined) place.at('messageExpression').invalid(shownRule(rule), message.problem)
  else if (message !== undefined) {
    if (message.cost > ruleEstimateLimit)
      place
        .at('messageExpression')
        .forbidden(excess('estimated messageExpression cost', message.cost, ruleEstimateLimit))
    costs.push({ place: place.at('messageExpression'), cost: message.cost })
  }
  if (transition && uncorrelated !== undefined)
    place
      .at('rule')
      .invalid(rule.rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`)
  else if (!transition && rule.optionalOldSelf !== undefined)
    place.at('optionalOldSelf').invalid(rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule')
  return costs
}
