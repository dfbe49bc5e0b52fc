/** What expressions of the configurations of authentication and authorization may use: claims, users, questions of rights. */
import { userType } from './admission.ts'
import { Environment } from './environment.ts'
import { kubernetesLibraries } from './libraries.ts'
import { parse } from './parser.ts'
import type { Expr } from './syntax.ts'
import { type CelType, dynType, listType, mapType, objectType, stringType } from './types.ts'

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined
  return () => (made ??= make())
}

export const claimsType: CelType = mapType(stringType, dynType)

/** `claims`: of a token. */
export const claimsEnvironment = once(
  () => new Environment({ libraries: kubernetesLibraries, variables: new Map([['claims', claimsType]]) }),
)

/** `user`: what became of a token's claims. */
export const userEnvironment = once(
  () => new Environment({ libraries: kubernetesLibraries, variables: new Map<string, CelType>([['user', userType]]) }),
)

const object = (name: string, fields: Readonly<Record<string, CelType>>): CelType =>
  objectType(`kubernetes.${name}`, new Map(Object.entries(fields)))

const requirements = listType(
  object('SelectorRequirement', { key: stringType, operator: stringType, values: listType(stringType) }),
)

/** The spec of a SubjectAccessReview. */
export const reviewType: CelType = object('SubjectAccessReviewSpec', {
  resourceAttributes: object('ResourceAttributes', {
    namespace: stringType,
    verb: stringType,
    group: stringType,
    version: stringType,
    resource: stringType,
    subresource: stringType,
    name: stringType,
    fieldSelector: object('FieldSelectorAttributes', { rawSelector: stringType, requirements }),
    labelSelector: object('LabelSelectorAttributes', { rawSelector: stringType, requirements }),
  }),
  nonResourceAttributes: object('NonResourceAttributes', { path: stringType, verb: stringType }),
  user: stringType,
  groups: listType(stringType),
  extra: mapType(stringType, listType(stringType)),
  uid: stringType,
})

/** `request`: of match conditions of webhooks that authorize. */
export const reviewEnvironment = once(
  () => new Environment({ libraries: kubernetesLibraries, variables: new Map([['request', reviewType]]) }),
)

function inner(expression: Expr): readonly Expr[] {
  switch (expression.kind) {
    case 'literal':
    case 'ident':
      return []
    case 'select':
      return [expression.operand]
    case 'call':
      return [...(expression.target === undefined ? [] : [expression.target]), ...expression.args]
    case 'list':
      return expression.items.map(({ value }) => value)
    case 'map':
      return expression.entries.flatMap(({ key, value }) => [key, value])
    case 'struct':
      return expression.fields.map(({ value }) => value)
    case 'comprehension':
      return [expression.range, expression.init, expression.condition, expression.step, expression.result]
  }
}

const names = (expression: Expr | undefined, name: string): boolean =>
  expression?.kind === 'ident' && expression.name === name

/** Whether an expression reads `claims.FIELD`, also as `claims.?FIELD`. False where it cannot be read. */
export function readsClaim(source: string, field: string): boolean {
  const parsed = parse(source, claimsEnvironment().macros)
  const pending: Expr[] = parsed.ok ? [parsed.expression] : []
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (at.kind === 'select' && at.field === field && names(at.operand, 'claims')) return true
    if (at.kind === 'call' && at.args.length === 2 && at.target === undefined && names(at.args[0], 'claims')) {
      const [, wanted] = at.args
      if (wanted?.kind === 'literal' && wanted.value === field && at.name === '_?._') return true
    }
    pending.push(...inner(at))
  }
  return false
}
