/** Whether a webhook is to be asked about a request, and in which version. */
import type { RuleWithOperations } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import type { Kind, Scheme, Served } from '#api/kind.ts'
import { type Labels, matches } from '#api/selector.ts'
import { notFound } from '#api/status.ts'
import { storageOf } from '#server/registry/create.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import type { Lookup } from '../step.ts'
import type { Hook } from './hook.ts'

/** A resource in one version. */
export interface Place {
  readonly group: string
  readonly version: string
  readonly resource: string
}

export interface Invocation<H extends Hook = Hook> {
  readonly hook: H
  readonly resource: Place
  /** The kind and version in which the object is shown. */
  readonly served: Served
}

/** What may change what webhooks do is never given to webhooks: nobody could undo a mistake. */
const exempt = new Set([
  'mutatingwebhookconfigurations',
  'validatingwebhookconfigurations',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
])

export const isExempt = ({ permit }: AdmissionRequest): boolean =>
  permit.group === 'admissionregistration.k8s.io' && exempt.has(permit.resource)

const isNamespaces = ({ group, resource }: Place): boolean => group === '' && resource === 'namespaces'

const among = (items: readonly string[] | undefined, wanted: string): boolean =>
  items?.some(item => item === '*' || item === wanted) === true

function inScope(rule: RuleWithOperations, place: Place, namespace: string): boolean {
  const outside = isNamespaces(place) || namespace === ''
  return rule.scope === 'Namespaced' ? !outside : rule.scope === 'Cluster' ? outside : true
}

const names = (rule: RuleWithOperations, resource: string, subresource: string): boolean =>
  rule.resources?.some(text => {
    const slash = text.indexOf('/')
    const [main, sub] = slash < 0 ? [text, ''] : [text.slice(0, slash), text.slice(slash + 1)]
    return (main === '*' || main === resource) && (sub === '*' || sub === subresource)
  }) === true

export const ruleMatches = (rule: RuleWithOperations, request: AdmissionRequest, place: Place): boolean =>
  inScope(rule, place, request.namespace) &&
  among(rule.operations, request.operation) &&
  among(rule.apiGroups, place.group) &&
  among(rule.apiVersions, place.version) &&
  names(rule, place.resource, request.subresource)

interface Elsewhere {
  readonly place: Place
  readonly served: Served
}

const known = new WeakMap<Kind, { readonly generation: number; readonly places: readonly Elsewhere[] }>()

/** All places where objects of this kind are served. Found once a generation: there may be many kinds. */
function placesOf(scheme: Scheme, kind: Kind): readonly Elsewhere[] {
  const generation = scheme.generation()
  const had = known.get(kind)
  if (had?.generation === generation) return had.places
  const storage = storageOf(kind)
  const places = scheme
    .kinds()
    .filter(one => one === kind || storageOf(one) === storage)
    .flatMap(one => one.versions.map(version => ({ kind: one, version })))
    .map(served => ({
      served,
      place: { group: served.kind.group, version: served.version.name, resource: served.kind.plural },
    }))
  known.set(kind, { generation, places })
  return places
}

const equivalents = (scheme: Scheme, { permit, served }: AdmissionRequest): readonly Elsewhere[] =>
  placesOf(scheme, served.kind).filter(({ place }) => place.group !== permit.group || place.version !== permit.version)

/** The first rule that matches; rules that name the request's own version win over those that name another. */
function placed(
  scheme: Scheme,
  hook: Hook,
  request: AdmissionRequest,
): { resource: Place; served: Served } | undefined {
  const { rules = [], matchPolicy } = hook.webhook
  const { group, version, resource } = request.permit
  const own = { group, version, resource }
  if (rules.some(rule => ruleMatches(rule, request, own)))
    return { resource: own, served: request.body ?? request.served }
  if (matchPolicy === 'Exact') return undefined
  const others = equivalents(scheme, request)
  if (others.length === 0) return undefined
  for (const rule of rules)
    for (const { place, served } of others)
      if (ruleMatches(rule, request, place)) return { resource: place, served: request.body ?? served }
  return undefined
}

/** @throws StatusError NotFound when there is no such namespace. */
function namespaceLabels(lookup: Lookup, request: AdmissionRequest): Labels {
  const ofItself =
    isNamespaces(request.permit) && request.subresource === '' && ['CREATE', 'UPDATE'].includes(request.operation)
  if (ofItself) return request.object?.metadata.labels
  const name = isNamespaces(request.permit) ? request.name : request.namespace
  const namespace = lookup.get('namespaces', name)
  if (namespace === undefined) throw notFound({ group: '', resource: 'namespaces', name })
  return namespace.metadata.labels
}

/** The options of a stream have no labels: nothing selects them. */
const objectSelected = ({ objects }: Hook, { operation, object, old }: AdmissionRequest): boolean =>
  objects === undefined ||
  (operation !== 'CONNECT' &&
    [object, old].some(one => one?.metadata !== undefined && matches(objects, one.metadata.labels)))

/** @returns undefined when the webhook has nothing to say here. @throws StatusError */
export function invocation<H extends Hook>(
  { lookup, scheme }: { readonly lookup: Lookup; readonly scheme: Scheme },
  hook: H,
  request: AdmissionRequest,
): Invocation<H> | undefined {
  if (!objectSelected(hook, request)) return undefined
  const found = placed(scheme, hook, request)
  if (found === undefined) return undefined
  const anywhere = hook.namespaces === undefined || (request.namespace === '' && !isNamespaces(request.permit))
  if (!anywhere && !matches(hook.namespaces ?? [], namespaceLabels(lookup, request))) return undefined
  return { hook, ...found }
}
