/** Match conditions in CEL. */
import type { MatchCondition } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import type { Verb } from '#api/request.ts'
import { matchEnvironment, requestType } from '#codec/cel/admission.ts'
import { BudgetError, type Program, compileUnchecked } from '#codec/cel/compile.ts'
import type { Activation } from '#codec/cel/frame.ts'
import { fromJson } from '#codec/cel/json.ts'
import { type Answer, Authorizer, type Question, ResourceCheck } from '#codec/cel/library/authorizer.ts'
import { matchConditionsBudget, perCallLimit } from '#codec/cel/limits.ts'
import { type Result, isError } from '#codec/cel/values.ts'
import type { Authorizer as Authorizes, Verdict } from '#server/authz/authorize.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import type { Conditions, Matched } from './conditions.ts'
import type { Invocation } from './match.ts'
import { type Versions, requestPart, shownAs } from './review.ts'

const programs = new WeakMap<MatchCondition, Program | 'broken'>()

/** What was let in once and would be refused today fails where it is used. */
function programOf(condition: MatchCondition): Program | 'broken' {
  const had = programs.get(condition)
  if (had !== undefined) return had
  const made = compileUnchecked(condition.expression, matchEnvironment()) ?? 'broken'
  programs.set(condition, made)
  return made
}

const undecided: Answer = { allowed: false, reason: '', error: 'the authorizer does not answer at once' }

function decide(authorizers: readonly Authorizes[], { permit }: AdmissionRequest, question: Question): Answer {
  const { serviceAccount: account, path, resource } = question
  const groups = [
    'system:serviceaccounts',
    `system:serviceaccounts:${account?.namespace ?? ''}`,
    'system:authenticated',
  ]
  const user =
    account === undefined
      ? permit.user
      : {
          ...permit.user,
          name: `system:serviceaccount:${account.namespace}:${account.name}`,
          groups,
          uid: '',
          extra: {},
        }
  const asked = {
    // A verb of the user's own making is no right of anybody's.
    verb: question.verb as Verb,
    resourceRequest: path === undefined,
    ...(path === undefined ? {} : { path }),
    group: resource?.group ?? '',
    version: path === undefined ? '*' : '',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    namespace: resource?.namespace ?? '',
    name: resource?.name ?? '',
    ...(resource?.fieldSelector === undefined ? {} : { fieldSelector: resource.fieldSelector }),
    ...(resource?.labelSelector === undefined ? {} : { labelSelector: resource.labelSelector }),
  }
  for (const authorizer of authorizers) {
    const said: Verdict | Promise<Verdict> = authorizer(user, asked)
    if (said instanceof Promise) return undecided
    if (said.opinion !== 'no opinion') return { allowed: said.opinion === 'allow', reason: said.reason ?? '' }
  }
  return { allowed: false, reason: '' }
}

interface Parts {
  readonly authorizers: readonly Authorizes[]
  readonly versions: Versions
}

async function variables(parts: Parts, called: Invocation, request: AdmissionRequest): Promise<Activation> {
  const [object, old] = await Promise.all([
    shownAs(parts.versions, called, { request, object: request.object }),
    shownAs(parts.versions, called, { request, object: request.old }),
  ])
  const authorizer = new Authorizer(question => decide(parts.authorizers, request, question))
  const { group, resource, subresource, namespace, name } = request.permit
  const own = { group, resource, ...(subresource === '' ? {} : { subresource }), namespace, name }
  return new Map<string, Result | (() => Result)>([
    ['object', () => fromJson(object)],
    ['oldObject', () => fromJson(old)],
    ['namespaceObject', null],
    ['request', () => fromJson(requestPart(called, request), requestType)],
    ['authorizer', authorizer],
    ['authorizer.requestResource', new ResourceCheck(authorizer, own)],
  ])
}

function evaluate(conditions: readonly MatchCondition[], values: Activation): Matched {
  const errors: string[] = []
  let budget = matchConditionsBudget
  let matched = true
  for (const condition of conditions) {
    const program = programOf(condition)
    if (program === 'broken') {
      errors.push('compilation error: the expression cannot be read')
      continue
    }
    const { value, cost } = program.evaluate(values, { budget: Math.min(budget, perCallLimit) })
    budget -= cost
    if (value instanceof BudgetError && budget < perCallLimit)
      return { error: 'validation failed due to running out of cost budget, no further validation rules will be run' }
    if (isError(value)) errors.push(`expression '${condition.expression}' resulted in error: ${value.message}`)
    else if (value !== true) matched = false
  }
  // One that does not hold decides, whatever became of the others.
  if (!matched) return false
  if (errors.length === 0) return true
  return { error: errors.length === 1 ? (errors[0] ?? '') : `[${[...new Set(errors)].join(', ')}]` }
}

export const celConditions =
  (parts: Parts): Conditions =>
  async (conditions, called, request) =>
    evaluate(conditions, await variables(parts, called, request))
