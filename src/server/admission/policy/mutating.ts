/** MutatingAdmissionPolicy: expressions say what an object is to have, or how it is to be patched. */
import type { Breaks } from '#base/breaks.ts'
import { equal } from '#base/equal.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import { type Reason, StatusError, forbidden, internalError } from '#api/status.ts'
import { perObjectBudget } from '#codec/cel/limits.ts'
import { type Expression, gives } from '#codec/cel/policy.ts'
import type { Value } from '#codec/cel/values.ts'
import type {
  MutatingAdmissionPolicy as Policy,
  MutatingAdmissionPolicyBinding as Binding,
  Mutation,
} from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Asked, Rounds } from '../rounds.ts'
import { type Round, type Step, subjectOf } from '../step.ts'
import type { Match } from '../webhook/match.ts'
import { type DecodePatched, accept, hubOf } from '../webhook/patch.ts'
import { type Active, activePolicies, isExempt } from './active.ts'
import { type Common, compileCommon, remembered } from './compiled.ts'
import { OutOfBudget, type Scope, type Subject, conditionsHold, evaluateEach, scopeOf } from './evaluate.ts'
import { askingOf } from './invocations.ts'
import { PolicyFailure } from './matching.ts'
import { type Configure, applyConfiguration, applyPatch } from './patches.ts'
import { namespaceAround, objectIn, oldIn } from './subject.ts'
import { type PolicyParts, breaksOf } from './validating.ts'

export interface MutatingParts extends PolicyParts {
  readonly decode: DecodePatched
  readonly configure: Configure
}

interface Compiled extends Common {
  readonly mutations: readonly { readonly type: Mutation['patchType']; readonly expression: Expression }[]
}

const compiled = remembered(({ spec }: Policy): Compiled => {
  const common = compileCommon(spec)
  const { compiler } = common
  return {
    ...common,
    mutations: (spec.mutations ?? []).map(({ patchType, applyConfiguration: config, jsonPatch }) => ({
      type: patchType,
      expression:
        patchType === 'JSONPatch'
          ? compiler.compile(jsonPatch?.expression ?? '', { returns: gives.patch, patches: true })
          : compiler.compile(config?.expression ?? '', { returns: gives.configuration, patches: true }),
    })),
  }
})

/** One policy for one binding with one object of parameters. */
interface Invocation {
  readonly policy: Policy
  readonly binding: Binding
  readonly match: Match
  readonly params: KObject | undefined
  readonly id: string
}

interface Failed {
  readonly policy: Policy
  readonly binding: Binding | undefined
  readonly message: string
  readonly reason: Reason
}

interface Changing {
  readonly parts: MutatingParts
  readonly request: AdmissionRequest
  readonly failed: Failed[]
  readonly breaks: Breaks
}

const group = 'admissionregistration.k8s.io'
const nameOf = ({ metadata }: KObject): string => metadata.name ?? ''

export function mutatingPolicies(parts: MutatingParts): Step {
  const active = activePolicies<Policy, Binding>(parts.lookup, {
    policies: `mutatingadmissionpolicies.${group}`,
    bindings: `mutatingadmissionpolicybindings.${group}`,
  })
  const rounds = new Rounds()
  return {
    name: 'MutatingAdmissionPolicy',
    handles: request => active().length > 0 && !isExempt(request),
    change: (request, round) =>
      change({ parts, request, failed: [], breaks: breaksOf(parts) }, active(), { round, asked: rounds.of(request) }),
    again: request => rounds.again(request),
  }
}

async function change(
  changing: Changing,
  active: readonly Active<Policy, Binding>[],
  { round, asked }: { readonly round: Round; readonly asked: Asked },
): Promise<void> {
  const { request, failed } = changing
  const invocations: Invocation[] = []
  for (const one of active) invocations.push(...(await invocationsOf(changing, one)))
  if (invocations.length > 0) {
    asked.begin(request, round)
    const namespace = namespaceAround(changing.parts.lookup, request)
    for (const invocation of invocations) {
      const subject = await subjectFor(changing, invocation, namespace)
      if (!(await wanted(changing, invocation, subject)) || !asked.isDue(invocation.id, round)) continue
      const changed = await mutate(changing, invocation, subject)
      asked.tell(invocation.id, { changed, waits: invocation.policy.spec.reinvocationPolicy === 'IfNeeded' })
    }
    asked.end(request)
  }
  const counting = failed.filter(({ policy }) => policy.spec.failurePolicy !== 'Ignore')
  if (counting.length > 0) throw refusal(request, counting)
}

function refusal(request: AdmissionRequest, failed: readonly Failed[]): StatusError {
  const messages = failed.map(({ policy, binding, message }) =>
    binding === undefined
      ? `policy ${JSON.stringify(nameOf(policy))} denied request: ${message}`
      : `policy '${nameOf(policy)}' with binding '${nameOf(binding)}' denied request: ${message}`,
  )
  const { details } = forbidden(subjectOf(request), '')
  return new StatusError({
    reason: failed[0]?.reason ?? 'Forbidden',
    code: 403,
    message: messages[0] ?? '',
    details: { ...details, causes: messages.map(message => ({ message })) },
  })
}

async function invocationsOf(changing: Changing, one: Active<Policy, Binding>): Promise<readonly Invocation[]> {
  const { policy } = one
  const invocations: Invocation[] = []
  const asking = askingOf(changing, one, (binding, message) => {
    changing.failed.push({ policy, binding, message, reason: 'Forbidden' })
  })
  for await (const { binding, match, params: all } of asking)
    for (const params of all) {
      const { namespace = '', name = '' } = params?.metadata ?? {}
      const id = [nameOf(policy), nameOf(binding), namespace, name].join('/')
      invocations.push({ policy, binding, match, params, id })
    }
  return invocations
}

async function subjectFor(
  { parts, request }: Changing,
  { match, params }: Invocation,
  namespace: KObject | undefined,
): Promise<Subject> {
  const [object, old] = await Promise.all([
    objectIn(parts.versions, match, request),
    oldIn(parts.versions, match, request),
  ])
  return { match, request, object, old, namespace, params }
}

async function wanted(
  { parts, failed, breaks }: Changing,
  { policy, binding }: Invocation,
  subject: Subject,
): Promise<boolean> {
  const { conditions, variables } = compiled(policy)
  const holds = await conditionsHold(conditions, {
    scope: budget => scopeOf(parts.authorizers, { ...subject, namespace: undefined }, { variables, budget }),
    breaks,
  })
  if (typeof holds === 'boolean') return holds
  failed.push({ policy, binding, message: holds.error, reason: 'Invalid' })
  return false
}

/** One after the other, each sees what those before it have made. @returns whether anything is different. @throws StatusError */
async function mutate(changing: Changing, invocation: Invocation, first: Subject): Promise<boolean> {
  const { request, failed } = changing
  const { object } = request
  if (object === undefined) return false
  const { policy, binding } = invocation
  let subject = first
  let changed = false
  const tell = (error: string): void =>
    changing.parts.policyMetrics.mutated({ policy: nameOf(policy), binding: nameOf(binding), error })
  for (const { type, expression } of compiled(policy).mutations) {
    try {
      const document = await documentOf(changing, { type, expression, policy }, subject)
      if (!equal(document, subject.object) && (await become(changing, invocation, { object, document }))) {
        changed = true
        subject = { ...subject, object: await objectIn(changing.parts.versions, invocation.match, request) }
      }
      tell('')
    } catch (error) {
      if (!(error instanceof PolicyFailure)) throw error
      tell(error.message)
      failed.push({ policy, binding, message: error.message, reason: 'Invalid' })
    }
  }
  return changed
}

interface Making {
  readonly type: Mutation['patchType']
  readonly expression: Expression
  readonly policy: Policy
}

/** @throws PolicyFailure */
async function documentOf(
  changing: Changing,
  { type, expression, policy }: Making,
  subject: Subject,
): Promise<unknown> {
  if (!expression.ok) throw new PolicyFailure(expression.error)
  const { parts } = changing
  const { variables } = compiled(policy)
  const budget = { left: perObjectBudget }
  const value = await valueOf(changing, expression, scopeOf(parts.authorizers, subject, { variables, budget }))
  const { served } = subject.match
  const patched = { object: subject.object ?? {}, served, configure: parts.configure }
  return type === 'JSONPatch' ? applyPatch(value, patched) : applyConfiguration(value, patched)
}

/** @throws PolicyFailure */
async function valueOf({ breaks }: Changing, expression: Expression, scope: Scope): Promise<Value> {
  try {
    const [outcome = { value: null }] = await evaluateEach([expression], scope, breaks)
    if ('error' in outcome) throw new PolicyFailure(outcome.error)
    return outcome.value
  } catch (error) {
    if (error instanceof OutOfBudget) throw new PolicyFailure(error.message)
    throw error
  }
}

interface Becoming {
  readonly object: Draft<KObject>
  readonly document: unknown
}

const longestRefusal = 2048

async function become(
  { parts, request }: Changing,
  { match }: Invocation,
  { object, document }: Becoming,
): Promise<boolean> {
  let hub: Draft<KObject>
  try {
    hub = await hubOf(parts, match, { request, document, strict: true })
  } catch (error) {
    // It may show all of the object.
    if (error instanceof StatusError) throw internalError(error.message.slice(0, longestRefusal))
    throw error
  }
  return accept(match, { request, object }, hub)
}
