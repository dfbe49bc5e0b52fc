/** PodSecurity: which pods a namespace takes, and what is said of those that it will not. */
import type { Namespace, Pod, PodTemplateSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { badRequest, internalError } from '#api/status.ts'
import type { FieldError } from '#api/validation.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Step, deny, draftOf, isResource, oldOf } from '../step.ts'
import { type Finding, type Looked, lookedOf } from './checks/check.ts'
import { detailsOf, evaluate } from './evaluate.ts'
import { type LevelVersion, type Policy, type Read, isFullyPrivileged, prefix, readPolicy } from './levels.ts'
import type { PodSecurityMetrics } from './metrics.ts'
import { type NamespaceParts, judgeNamespace } from './namespaces.ts'
import { isSignificant } from './significant.ts'
import { describing } from './templates.ts'

export interface PodSecurityParts extends NamespaceParts {
  readonly metrics: PodSecurityMetrics
}

/** Pods' subresources that leave the spec as it is. */
const passed: ReadonlySet<string> = new Set([
  'attach',
  'binding',
  'eviction',
  'exec',
  'log',
  'portforward',
  'proxy',
  'status',
])

const isWrite = ({ operation }: AdmissionRequest): boolean => operation === 'CREATE' || operation === 'UPDATE'
const isPods = (request: AdmissionRequest): boolean => isResource(request, '', 'pods')
const isNamespaces = (request: AdmissionRequest): boolean => isResource(request, '', 'namespaces')

function handles(request: AdmissionRequest): boolean {
  if (!isWrite(request)) return false
  if (isPods(request)) return !passed.has(request.subresource)
  return request.subresource === '' && (isNamespaces(request) || describing(request) !== undefined)
}

/** Labels are read once for each state of a namespace. */
type Policies = WeakMap<object, Read>

export function podSecurity(parts: PodSecurityParts): Step {
  const policies: Policies = new WeakMap()
  return {
    name: 'PodSecurity',
    handles,
    judge: request =>
      isNamespaces(request) ? judgeNamespace(parts, request) : judgeUnlessExempt(parts, request, policies),
  }
}

function note(request: AdmissionRequest, key: string, value: string): void {
  request.annotations.set(prefix + key, value)
}

function exempt({ metrics }: PodSecurityParts, request: AdmissionRequest, why: string): true {
  metrics.exempted(request)
  note(request, 'exempt', why)
  return true
}

function isExempt(parts: PodSecurityParts, request: AdmissionRequest): boolean {
  const { namespaces, usernames } = parts.settings.exemptions
  if (namespaces.has(request.namespace)) return exempt(parts, request, 'namespace')
  return usernames.has(request.permit.user.name) && exempt(parts, request, 'user')
}

function judgeUnlessExempt(parts: PodSecurityParts, request: AdmissionRequest, policies: Policies): undefined {
  if (!isExempt(parts, request)) judge(parts, request, policies)
}

/** @throws StatusError where a pod cannot be judged: what nobody has looked at is not let in. */
function fail({ metrics }: PodSecurityParts, request: AdmissionRequest, text: string): undefined {
  const fatal = isPods(request)
  metrics.failed(request, true)
  const error = text.startsWith('failed to lookup') ? internalError(text) : badRequest(text)
  note(request, 'error', fatal ? error.message : text)
  if (fatal) throw error
  return undefined
}

function policyOf(parts: PodSecurityParts, request: AdmissionRequest, policies: Policies): Read | undefined {
  const namespace = parts.lookup.get('namespaces', request.namespace)
  if (namespace === undefined) return fail(parts, request, `failed to lookup namespace "${request.namespace}"`)
  const known = policies.get(namespace)
  if (known !== undefined) return known
  const read = readPolicy((namespace as Namespace).metadata.labels, parts.settings.defaults)
  policies.set(namespace, read)
  return read
}

function judge(parts: PodSecurityParts, request: AdmissionRequest, policies: Policies): void {
  const read = policyOf(parts, request, policies)
  if (read === undefined) return
  if (read.errors.length === 0 && isFullyPrivileged(read.policy)) {
    if (!isPods(request)) return
    parts.metrics.evaluated(request, 'allow', { mode: 'enforce', policy: read.policy.enforce })
    note(request, 'enforce-policy', 'privileged:latest')
    return
  }
  const template = templateOf(parts, request)
  if (template === undefined) return
  if (parts.settings.exemptions.runtimeClasses.has(template.spec.runtimeClassName ?? ''))
    exempt(parts, request, 'runtimeClass')
  else judgeTemplate(parts, { request, read, pod: lookedOf(template.metadata?.annotations, template.spec) })
}

/** @returns undefined where there is nothing new to judge. */
function templateOf(parts: PodSecurityParts, request: AdmissionRequest): PodTemplateSpec | undefined {
  if (isPods(request)) {
    if (request.body !== undefined) return fail(parts, request, 'failed to decode pod')
    if (request.operation === 'UPDATE' && !isSignificant(draftOf<Pod>(request), oldOf<Pod>(request))) return undefined
  }
  return describing(request)?.(request)
}

interface Judging {
  readonly request: AdmissionRequest
  readonly read: Read
  readonly pod: Looked
}

const errorText = (errors: readonly FieldError[]): string => {
  const texts = [...new Set(errors.map(error => error.message()))]
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`
}

/** Levels that are asked for more than once are evaluated once. */
function evaluator(pod: Looked): (policy: LevelVersion) => readonly Finding[] {
  const known = new Map<string, readonly Finding[]>()
  return policy => {
    const found = known.get(policy.text) ?? evaluate(policy, pod)
    known.set(policy.text, found)
    return found
  }
}

function judgeTemplate({ metrics }: PodSecurityParts, { request, read, pod }: Judging): void {
  const { policy, errors } = read
  if (errors.length > 0) {
    note(request, 'error', `Failed to parse policy: ${errorText(errors)}`)
    metrics.failed(request, false)
  }
  const found = evaluator(pod)
  const enforced = isPods(request)
  const refused = enforced ? found(policy.enforce) : []
  if (enforced) {
    note(request, 'enforce-policy', policy.enforce.text)
    metrics.evaluated(request, refused.length > 0 ? 'deny' : 'allow', { mode: 'enforce', policy: policy.enforce })
  }
  const audited = found(policy.audit)
  if (audited.length > 0) {
    note(request, 'audit-violations', wouldViolate(policy.audit, audited))
    metrics.evaluated(request, 'deny', { mode: 'audit', policy: policy.audit })
  }
  if (refused.length > 0)
    deny(request, `violates PodSecurity "${policy.enforce.text}": ${detailsOf(refused)}`, {
      by: 'PodSecurity',
      object: { kind: 'Namespace', name: request.namespace },
      line: `pod-security.kubernetes.io/enforce: ${policy.enforce.text}`,
      fix: `a pod without this: ${detailsOf(refused)}`,
    })
  for (const by of toldBy(policy, enforced)) {
    const told = found(by)
    if (told.length === 0) continue
    request.warn(wouldViolate(by, told))
    metrics.evaluated(request, 'deny', { mode: 'warn', policy: by })
  }
}

const wouldViolate = (policy: LevelVersion, findings: readonly Finding[]): string =>
  `would violate PodSecurity "${policy.text}": ${detailsOf(findings)}`

/** Who writes a controller learns at once that its pods will be refused, and not from its events. */
const toldBy = ({ enforce, warn }: Policy, enforced: boolean): readonly LevelVersion[] =>
  enforced || enforce.text === warn.text ? [warn] : [enforce, warn]
