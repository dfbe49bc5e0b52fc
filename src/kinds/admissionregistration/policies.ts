/** What all policies and bindings share: what they match, where their parameters come from, their variables. */
import { equal } from '#base/equal.ts'
import { dns1035Label, dns1123Subdomain, pathSegment } from '#api/names.ts'
import { type Expression, type Use, PolicyCompiler, gives } from '#codec/cel/policy.ts'
import type {
  MatchCondition,
  MatchResources,
  NamedRuleWithOperations,
  ParamKind,
  ParamRef,
  Variable,
} from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import { checkSelector } from '../meta.ts'
import type { Place } from '../place.ts'
import { checkConditions } from './conditions.ts'
import { checkRule } from './rules.ts'

export interface PolicySpec {
  readonly paramKind?: ParamKind
  readonly matchConstraints?: MatchResources
  readonly variables?: readonly Variable[]
  readonly failurePolicy?: string
  readonly matchConditions?: readonly MatchCondition[]
}

function checkNamed(place: Place, rule: NamedRuleWithOperations): void {
  const names = new Set<string>()
  place.at('resourceNames').each(rule.resourceNames, (name, at) => {
    at.format(name, pathSegment)
    if (names.has(name)) at.duplicate(name)
    names.add(name)
  })
  checkRule(place, rule)
}

export function checkMatchResources(place: Place, resources: MatchResources): void {
  place.at('matchPolicy').oneOf(resources.matchPolicy, ['Equivalent', 'Exact'])
  for (const name of ['namespaceSelector', 'objectSelector'] as const)
    if (resources[name] === undefined) place.at(name).required()
    else checkSelector(place.at(name), resources[name])
  place.at('resourceRules').each(resources.resourceRules, (rule, at) => checkNamed(at, rule))
  place.at('excludeResourceRules').each(resources.excludeResourceRules, (rule, at) => checkNamed(at, rule))
}

const mutable = ['*', 'CONNECT', 'CREATE', 'UPDATE']

/** What is deleted cannot be changed any more. */
export function checkMutable(place: Place, resources: MatchResources | undefined): void {
  for (const rule of resources?.resourceRules ?? [])
    for (const operation of rule.operations ?? [])
      if (!mutable.includes(operation)) place.at('resourceRules.operations').unsupported(operation, mutable)
}

function checkParamKind(place: Place, { apiVersion = '', kind = '' }: ParamKind): void {
  const at = place.at('apiVersion')
  const [first = '', second, ...more] = apiVersion.split('/')
  if (apiVersion === '') at.required()
  else if (more.length > 0) at.invalid(apiVersion, `unexpected GroupVersion string: ${apiVersion}`)
  else {
    const [group, version] = second === undefined ? ['', first] : [first, second]
    const groupProblems = group === '' ? [] : dns1123Subdomain(group)
    const versionProblems = dns1035Label(version)
    if (groupProblems.length > 0) at.invalid(group, groupProblems.join(','))
    if (version === '') at.invalid(apiVersion, 'version must be specified')
    else if (versionProblems.length > 0) at.invalid(version, versionProblems.join(','))
  }
  const problems = dns1035Label(kind.toLowerCase())
  if (kind === '') place.at('kind').required()
  else if (problems.length > 0)
    place.at('kind').invalid(kind, `may have mixed case, but should otherwise match: ${problems.join(',')}`)
}

export function checkParamRef(place: Place, ref: ParamRef | undefined): void {
  if (ref === undefined) return
  const { name = '', selector } = ref
  const exclusive = 'name and selector are mutually exclusive'
  if (name !== '') place.at('name').format(name, pathSegment)
  if (name !== '' && selector !== undefined) place.at('name').forbidden(exclusive)
  checkSelector(place.at('selector'), selector)
  if (name !== '' && selector !== undefined) place.at('selector').forbidden(exclusive)
  if (name === '' && selector === undefined) place.required('one of name or selector must be specified')
  place.at('parameterNotFoundAction').oneOf(ref.parameterNotFoundAction, ['Deny', 'Allow'])
}

const reserved = new Set(
  (
    'true false null in as break const continue else for function if import let loop package namespace return var void ' +
    'while'
  ).split(' '),
)

function checkVariable(place: Place, { name, expression }: Variable, compiler: PolicyCompiler): void {
  if (name.trim() === '') place.at('name').required('name is not specified')
  else if (!/^[_a-zA-Z]\w*$/.test(name) || reserved.has(name))
    place.at('name').invalid(name, 'must be a valid CEL identifier')
  if (expression.trim() === '') place.at('expression').required('expression is not specified')
  else report(place.at('expression'), compiler.variable(name, expression))
}

function report(place: Place, compiled: Expression, shown: string = compiled.source): void {
  if (!compiled.ok) place.invalid(shown, compiled.error)
}

/** @param shown what the message calls the expression, where that is not what was compiled. */
export function checkExpression(
  place: Place,
  compiler: PolicyCompiler,
  { source, use, shown = source }: { readonly source: string; readonly use: Use; readonly shown?: string },
): void {
  report(place, compiler.compile(source, use), shown)
}

/** @returns what compiles the expressions that may use the variables. */
export function checkPolicy(
  place: Place,
  spec: PolicySpec,
  { old, composed }: { readonly old: PolicySpec | undefined; readonly composed: boolean },
): PolicyCompiler {
  const { paramKind, matchConstraints, variables = [] } = spec
  const params = paramKind !== undefined
  place.at('failurePolicy').oneOf(spec.failurePolicy, ['Fail', 'Ignore'])
  if (paramKind !== undefined) checkParamKind(place.at('paramKind'), paramKind)
  if (matchConstraints === undefined) place.at('matchConstraints').required()
  else {
    checkMatchResources(place.at('matchConstraints'), matchConstraints)
    if ((matchConstraints.resourceRules ?? []).length === 0) place.at('matchConstraints.resourceRules').required()
  }
  const known = old !== undefined && equal(old.matchConditions, spec.matchConditions) && equal(old.paramKind, paramKind)
  if (!known) {
    const plain = new PolicyCompiler({ params, composed: false })
    checkConditions(place.at('matchConditions'), spec.matchConditions ?? [], text => {
      const compiled = plain.compile(text, { returns: gives.condition })
      return compiled.ok ? undefined : compiled.error
    })
  }
  const compiler = new PolicyCompiler({ params, composed: composed || variables.length > 0 })
  place.at('variables').each(variables, (variable, at) => checkVariable(at, variable, compiler))
  return compiler
}
