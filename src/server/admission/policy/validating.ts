/** ValidatingAdmissionPolicy: what is written is judged by expressions. */
import { Breaks, type Pause } from '#base/breaks.ts'
import type { KObject } from '#api/metadata.ts'
import { betweenBreaks } from '#codec/cel/limits.ts'
import { StatusError, forbidden } from '#api/status.ts'
import type {
  ValidatingAdmissionPolicy as Policy,
  ValidatingAdmissionPolicyBinding as Binding,
} from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import type { Authorizer } from '#server/authz/authorize.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Step, subjectOf } from '../step.ts'
import type { Match } from '../webhook/match.ts'
import { type Active, activePolicies, isExempt } from './active.ts'
import { type Budget, type Scope, type Subject, conditionsHold, scopeOf } from './evaluate.ts'
import { askingOf } from './invocations.ts'
import type { PolicyMetrics } from './metrics.ts'
import type { ParamParts } from './params.ts'
import { namespaceAround, objectIn, oldIn } from './subject.ts'
import { type Refusal, annotate, compiledPolicy, verdicts } from './verdicts.ts'

export interface PolicyParts extends ParamParts {
  readonly authorizers: readonly Authorizer[]
  readonly pause: Pause
  readonly policyMetrics: PolicyMetrics
}

export const breaksOf = ({ pause }: PolicyParts): Breaks => new Breaks(pause, betweenBreaks)

interface Denial extends Refusal {
  readonly policy: Policy
  /** Of its validations. */
  readonly index?: number
  readonly binding: Binding | undefined
}

interface Judging {
  readonly parts: PolicyParts
  readonly request: AdmissionRequest
  readonly denied: Denial[]
  readonly breaks: Breaks
}

const group = 'admissionregistration.k8s.io'

export function validatingPolicies(parts: PolicyParts): Step {
  const active = activePolicies<Policy, Binding>(parts.lookup, {
    policies: `validatingadmissionpolicies.${group}`,
    bindings: `validatingadmissionpolicybindings.${group}`,
  })
  return {
    name: 'ValidatingAdmissionPolicy',
    handles: request => active().length > 0 && !isExempt(request),
    judge: request => judge({ parts, request, denied: [], breaks: breaksOf(parts) }, active()),
  }
}

async function judge(judging: Judging, active: readonly Active<Policy, Binding>[]): Promise<void> {
  for (const one of active) await judgeBy(judging, one)
  const [first] = judging.denied
  if (first !== undefined) throw refusal(judging.request, first)
}

/** The expression that did not hold. */
function lineOf({ policy, index }: Denial): string {
  const expression = index === undefined ? undefined : policy.spec.validations?.[index]?.expression
  return expression === undefined ? 'spec' : `spec.validations[${index}].expression: ${expression}`
}

function refusal(request: AdmissionRequest, denial: Denial): StatusError {
  const { policy, binding, message, reason } = denial
  const by = binding === undefined ? '' : ` with binding '${binding.metadata.name ?? ''}'`
  const text = `ValidatingAdmissionPolicy '${policy.metadata.name ?? ''}'${by} denied request: ${message}`
  const base = forbidden(subjectOf(request), text)
  const details = { ...base.details, causes: [{ message: text }] }
  return new StatusError({ reason, message: base.message, details }).blamed({
    by: 'ValidatingAdmissionPolicy',
    object: { kind: 'ValidatingAdmissionPolicy', name: policy.metadata.name ?? '' },
    line: lineOf(denial),
    fix: `an object of which the expression is true, or a binding ${JSON.stringify(binding?.metadata.name ?? '')} that does not select it`,
  })
}

async function judgeBy(judging: Judging, one: Active<Policy, Binding>): Promise<void> {
  const { request, denied } = judging
  const { policy } = one
  const notes = new Map<string, Set<string>>()
  const asking = askingOf(judging, one, (binding, message) => {
    if (policy.spec.failurePolicy !== 'Ignore') denied.push({ policy, binding, message, reason: 'Invalid' })
  })
  for await (const { binding, match, params } of asking)
    await judgeBound(judging, { policy, binding, match, params, notes })
  for (const [key, values] of notes) note(request, `${policy.metadata.name ?? ''}/${key}`, [...values].join(', '))
}

/** What was noted first stays. */
function note({ annotations }: AdmissionRequest, key: string, value: string): void {
  if (!annotations.has(key)) annotations.set(key, value)
}

interface Evaluating {
  readonly policy: Policy
  readonly binding: Binding
  readonly match: Match
  readonly params: readonly (KObject | undefined)[]
  readonly notes: Map<string, Set<string>>
}

async function judgeBound(judging: Judging, evaluating: Evaluating): Promise<void> {
  const { parts, request } = judging
  const { match } = evaluating
  const namespace = namespaceAround(parts.lookup, request)
  const [object, old] = await Promise.all([
    objectIn(parts.versions, match, request),
    oldIn(parts.versions, match, request),
  ])
  for (const params of evaluating.params)
    await judgeOnce(judging, evaluating, { match, request, object, old, namespace, params })
}

async function judgeOnce(judging: Judging, { policy, binding, notes }: Evaluating, subject: Subject): Promise<void> {
  const program = compiledPolicy(policy)
  const strict = policy.spec.failurePolicy !== 'Ignore'
  const {
    parts: { authorizers },
    breaks,
  } = judging
  const scope = (budget: Budget, of: Subject = subject): Scope =>
    scopeOf(authorizers, of, { variables: program.variables, budget })
  const holds = await conditionsHold(program.conditions, {
    scope: budget => scope(budget, { ...subject, namespace: undefined }),
    breaks,
  })
  if (holds === false) return
  if (holds !== true) {
    if (strict) act(judging, { policy, binding, index: 0 }, { message: holds.error, reason: 'Invalid', failed: true })
    return
  }
  const refusals = await verdicts(program.rules, { scope, breaks, strict })
  for (const [index, refused] of refusals.entries())
    if (refused !== undefined) act(judging, { policy, binding, index }, refused)
  await annotate(program, {
    scope,
    breaks,
    add: (key, value) => {
      const known = notes.get(key) ?? new Set()
      notes.set(key, known.add(value))
    },
    failed: (message, always) => {
      if (strict || always) judging.denied.push({ policy, binding, message, reason: 'Invalid' })
    },
  })
}

interface Acting {
  readonly policy: Policy
  readonly binding: Binding
  readonly index: number
}

const verbs = { Deny: 'deny', Warn: 'warn', Audit: 'audit' } as const

function act({ parts, request, denied }: Judging, { policy, binding, index }: Acting, refused: Refusal): void {
  const [name, bound] = [policy.metadata.name ?? '', binding.metadata.name ?? '']
  const { validationActions } = binding.spec
  for (const action of validationActions) {
    parts.policyMetrics.validated({
      policy: name,
      binding: bound,
      action: verbs[action],
      error: refused.failed === true ? refused.message : '',
    })
    if (action === 'Deny') denied.push({ policy, binding, index, ...refused })
    else if (action === 'Warn')
      request.warn(
        `Validation failed for ValidatingAdmissionPolicy '${name}' with binding '${bound}': ${refused.message}`,
      )
    else if (action === 'Audit')
      note(
        request,
        'validation.policy.admission.k8s.io/validation_failure',
        JSON.stringify([
          { message: refused.message, policy: name, binding: bound, expressionIndex: index, validationActions },
        ]),
      )
  }
}
