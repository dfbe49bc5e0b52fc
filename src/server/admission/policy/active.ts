/** Policies that are bound to something, with what they and their bindings match. Made anew when one of them changes. */
import type { GroupResource, KObject } from '#api/metadata.ts'
import { type LabelSelector, type Selector, fromLabelSelector } from '#api/selector.ts'
import type { MatchResources, ParamKind, ParamRef } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import type { Lookup } from '../step.ts'
import type { Criteria } from '../webhook/match.ts'

export interface PolicyCriteria extends Criteria {
  readonly excluded: Criteria['rules']
}

/** What policies of both kinds have. */
export interface PolicyObject extends KObject {
  readonly spec: {
    readonly paramKind?: ParamKind
    readonly matchConstraints?: MatchResources
    readonly failurePolicy?: 'Fail' | 'Ignore'
  }
}

export interface BindingObject extends KObject {
  readonly spec: {
    readonly policyName?: string
    readonly paramRef?: ParamRef
    readonly matchResources?: MatchResources
  }
}

export interface Bound<B> {
  readonly binding: B
  /** Undefined matches what the policy does. */
  readonly criteria: PolicyCriteria | undefined
}

export interface Active<P, B> {
  readonly policy: P
  readonly criteria: PolicyCriteria
  readonly bindings: readonly Bound<B>[]
}

const parsed = (selector: LabelSelector | undefined): Selector | undefined => {
  const made = selector === undefined ? undefined : fromLabelSelector(selector)
  return made === undefined || made.length === 0 ? undefined : made
}

const criteriaOf = (resources: MatchResources): PolicyCriteria => ({
  rules: resources.resourceRules ?? [],
  excluded: resources.excludeResourceRules ?? [],
  matchPolicy: resources.matchPolicy,
  namespaces: parsed(resources.namespaceSelector),
  objects: parsed(resources.objectSelector),
})

const nameOf = ({ metadata }: KObject): string => metadata.name ?? ''

function join<P extends PolicyObject, B extends BindingObject>(
  policies: Iterable<P>,
  bindings: Iterable<B>,
): readonly Active<P, B>[] {
  const byPolicy = Map.groupBy(bindings, ({ spec }) => spec.policyName ?? '')
  return [...policies].flatMap(policy => {
    const { matchConstraints } = policy.spec
    const bound = byPolicy.get(nameOf(policy)) ?? []
    if (matchConstraints === undefined || bound.length === 0) return []
    return {
      policy,
      criteria: criteriaOf(matchConstraints),
      bindings: bound.map(binding => ({
        binding,
        criteria: binding.spec.matchResources === undefined ? undefined : criteriaOf(binding.spec.matchResources),
      })),
    }
  })
}

/** @returns all that are bound at this moment, in the order of their names. */
export function activePolicies<P extends PolicyObject, B extends BindingObject>(
  lookup: Lookup,
  { policies, bindings }: { readonly policies: GroupResource; readonly bindings: GroupResource },
): () => readonly Active<P, B>[] {
  let last: { readonly of: readonly object[]; readonly value: readonly Active<P, B>[] } | undefined
  return () => {
    const [one, other] = [lookup.content(policies), lookup.content(bindings)]
    if (last?.of[0] !== one || last.of[1] !== other)
      // What lies there was decoded as the kind that it is.
      last = {
        of: [one, other],
        value: join(lookup.list(policies) as Iterable<P>, lookup.list(bindings) as Iterable<B>),
      }
    return last.value
  }
}

const policyResources = new Set([
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
])
const reviews: Readonly<Record<string, ReadonlySet<string>>> = {
  'authentication.k8s.io': new Set(['selfsubjectreviews', 'tokenreviews']),
  'authorization.k8s.io': new Set([
    'localsubjectaccessreviews',
    'selfsubjectaccessreviews',
    'selfsubjectrulesreviews',
    'subjectaccessreviews',
  ]),
}

/** No policy may keep anybody from taking back a policy, or from asking who they are. */
export function isExempt({ permit: { group, resource } }: AdmissionRequest): boolean {
  if (group === 'admissionregistration.k8s.io') return policyResources.has(resource)
  return Object.hasOwn(reviews, group) && reviews[group]?.has(resource) === true
}
