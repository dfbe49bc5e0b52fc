/** Whether a policy's expressions fit the types that it matches. What it says changes nothing about what the policy does. */
import type { Scheme, Served } from '#api/kind.ts'
import { PolicyCompiler } from '#codec/cel/policy.ts'
import { typeOfSchema } from '#codec/cel/schema.ts'
import type { CelType } from '#codec/cel/types.ts'
import type {
  ExpressionWarning,
  NamedRuleWithOperations,
  ParamKind,
  ValidatingAdmissionPolicySpec as Spec,
} from '#kinds/facts/generated/types/admissionregistration_v1.ts'

const mostTypes = 10

const isPlain = (name: string): boolean => !/[*/]/.test(name)

/** Of rules that speak of everything nothing can be said. */
function* servedBy(scheme: Scheme, rule: NamedRuleWithOperations): Iterable<Served> {
  const { apiGroups = [], apiVersions = [], resources = [] } = rule
  if (apiGroups.some(one => one.includes('*')) || apiVersions.some(one => one.includes('*'))) return
  for (const group of apiGroups.toSorted())
    for (const version of apiVersions.toSorted())
      for (const resource of resources.filter(isPlain).toSorted()) {
        const served = scheme.byResource(group, version, resource)
        if (served !== undefined) yield served
      }
}

const nameOf = ({ kind, version }: Served): string => `${kind.group}/${version.name}, Kind=${kind.kind}`

function typesOf(scheme: Scheme, { matchConstraints }: Spec): readonly (readonly [name: string, Served])[] {
  const found = new Map<string, Served>()
  for (const rule of matchConstraints?.resourceRules ?? [])
    for (const served of servedBy(scheme, rule)) {
      found.set(nameOf(served), served)
      if (found.size === mostTypes) break
    }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

const typeOf = ({ kind, version }: Served): CelType | undefined =>
  typeOfSchema(version.schema(), { name: kind.kind, custom: kind.custom })

function paramsOf(scheme: Scheme, { apiVersion = '', kind = '' }: ParamKind): CelType | undefined {
  const slash = apiVersion.indexOf('/')
  const served = scheme.byKind(apiVersion.slice(0, Math.max(slash, 0)), apiVersion.slice(slash + 1), kind)
  return served === undefined ? undefined : typeOf(served)
}

type Check = (expression: string) => string

/** One compiler for each type. @returns what is wrong with an expression, a line for each type that it does not fit. */
function checker(scheme: Scheme, spec: Spec): Check {
  const params = spec.paramKind === undefined ? undefined : paramsOf(scheme, spec.paramKind)
  const compilers = typesOf(scheme, spec).map(([name, served]) => {
    const types = { object: typeOf(served), params }
    const compiler = new PolicyCompiler({ params: spec.paramKind !== undefined, types, composed: true })
    for (const variable of spec.variables ?? []) compiler.variable(variable.name, variable.expression)
    return { name, compiler }
  })
  return expression =>
    compilers
      .flatMap(({ name, compiler }) => {
        const compiled = compiler.compile(expression)
        return compiled.ok ? [] : `${name}: ${compiled.issues}\n`
      })
      .join('\n')
}

export function expressionWarnings(scheme: Scheme, spec: Spec): readonly ExpressionWarning[] {
  const check = checker(scheme, spec)
  return (spec.validations ?? []).flatMap((validation, index) =>
    (['expression', 'messageExpression'] as const).flatMap(field => {
      const expression = validation[field] ?? ''
      const warning = expression === '' ? '' : check(expression)
      return warning === '' ? [] : { fieldRef: `spec.validations[${index}].${field}`, warning }
    }),
  )
}
