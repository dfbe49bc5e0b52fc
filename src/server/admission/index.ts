/** All steps of admission, built and put into their order. */
import type { Pause } from '#base/breaks.ts'
import type { Clock } from '#base/clock.ts'
import type { Scheme } from '#api/kind.ts'
import type { Authorizer } from '#server/authz/authorize.ts'
import type { Hooks } from '#server/outbound/hooks.ts'
import type { Store } from '#server/store/contract.ts'
import { certificateSteps } from './certificates.ts'
import { declaredFeatures } from './declared-features.ts'
import { type EventLimit, eventRateLimit, usualEventLimits } from './event-rate.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceExists, namespaceLifecycle } from './namespace-lifecycle.ts'
import { defaultIngressClass, denyServiceExternalIPs } from './networking.ts'
import { nodeRestriction } from './node-restriction.ts'
import { taintNodesByCondition } from './node-taints.ts'
import { ownerReferences } from './owner-references.ts'
import { type PluginChoice, chosenPlugins } from './plugins.ts'
import type { PolicyMetrics } from './policy/metrics.ts'
import { mutatingPolicies } from './policy/mutating.ts'
import type { Configure } from './policy/patches.ts'
import { validatingPolicies } from './policy/validating.ts'
import { limitPodHardAntiAffinity, podNodeSelector, podResize, podTopologyLabels } from './pod-placement.ts'
import { defaultTolerationSeconds, extendedResourceToleration, podTolerationRestriction } from './pod-tolerations.ts'
import type { PodSecurityMetrics } from './pod-security/metrics.ts'
import { type PodSecuritySettings, usualSettings } from './pod-security/settings.ts'
import { podSecurity } from './pod-security/step.ts'
import { priorityStep } from './priority.ts'
import { alwaysPullImages } from './pull-images.ts'
import { resourceQuota } from './quota/step.ts'
import { runtimeClass } from './runtime-class.ts'
import type { SecretScanSettings } from './secret-scan/settings.ts'
import { secretScan } from './secret-scan/step.ts'
import { type SecretVersionSettings, usualVersions } from './secret-versions/settings.ts'
import { secretVersionsStep } from './secret-versions/step.ts'
import { serviceAccountStep } from './service-account.ts'
import { type Lookup, type Step, deny } from './step.ts'
import { claimResize, defaultStorageClass, storageObjectInUse } from './storage.ts'
import { celConditions } from './webhook/cel-conditions.ts'
import type { Conditions } from './webhook/conditions.ts'
import type { HookMetrics } from './webhook/metrics.ts'
import { mutatingWebhooks } from './webhook/mutating.ts'
import type { DecodePatched } from './webhook/patch.ts'
import type { Versions } from './webhook/review.ts'
import { validatingWebhooks } from './webhook/validating.ts'

export interface AdmissionParts {
  readonly lookup: Lookup
  readonly store: Store
  readonly scheme: Scheme
  readonly clock: Clock
  readonly authorizers: readonly Authorizer[]
  readonly hooks: Hooks
  readonly metrics: HookMetrics
  readonly policyMetrics: PolicyMetrics
  readonly podSecurityMetrics: PodSecurityMetrics
  readonly decode: DecodePatched
  readonly configure: Configure
  /** Lets others in while expressions are evaluated. */
  readonly pause: Pause
  readonly versions: Versions
  readonly uid: () => string
  /** Five random characters for names. */
  readonly suffix: () => string
  readonly choice?: PluginChoice | undefined
  readonly eventLimits?: readonly EventLimit[] | undefined
  /** Of namespaces that say nothing, and who is exempt; `usualSettings` unless given. */
  readonly podSecurity?: PodSecuritySettings | undefined
  /** What is done about values that look like secrets. */
  readonly secretScan?: SecretScanSettings | undefined
  /** How much of what Secrets held is kept. */
  readonly secretVersions?: SecretVersionSettings | undefined
  /** The language of match conditions; CEL unless given. */
  readonly conditions?: Conditions | undefined
  /** Steps that are built elsewhere. Named as the plugin whose place they take. */
  readonly more?: readonly Step[] | undefined
}

const everything = (name: string, judge?: Step['judge']): Step => ({
  name,
  handles: () => judge !== undefined,
  ...(judge === undefined ? {} : { judge }),
})

function ofPods(parts: AdmissionParts): readonly Step[] {
  const { lookup } = parts
  return [
    limitPodHardAntiAffinity,
    limitRanger(lookup),
    serviceAccountStep(parts),
    alwaysPullImages,
    podSecurity({ ...parts, settings: parts.podSecurity ?? usualSettings, metrics: parts.podSecurityMetrics }),
    podNodeSelector(lookup),
    priorityStep(lookup),
    defaultTolerationSeconds,
    podTolerationRestriction(lookup),
    extendedResourceToleration,
    runtimeClass(lookup),
    podTopologyLabels(lookup),
    declaredFeatures(lookup),
    podResize(lookup),
  ]
}

function ofOthers(parts: AdmissionParts): readonly Step[] {
  const { lookup, authorizers, clock, eventLimits = usualEventLimits } = parts
  return [
    everything('AlwaysAdmit'),
    namespaceLifecycle(lookup),
    namespaceExists(lookup),
    nodeRestriction(lookup),
    taintNodesByCondition,
    eventRateLimit(eventLimits, clock),
    defaultStorageClass(lookup),
    storageObjectInUse,
    ownerReferences(parts),
    claimResize(lookup),
    ...certificateSteps(authorizers),
    defaultIngressClass(lookup),
    denyServiceExternalIPs,
    secretScan(parts.secretScan),
    secretVersionsStep({ ...parts, settings: parts.secretVersions ?? usualVersions }),
    resourceQuota(parts),
    everything('AlwaysDeny', request => deny(request, 'admission control is denying all modifications')),
  ]
}

/** @throws Error for a choice of plugins that cannot be. */
export function defaultSteps(parts: AdmissionParts): readonly Step[] {
  const webhooks = { ...parts, conditions: parts.conditions ?? celConditions(parts) }
  const all = [
    ...ofPods(parts),
    ...ofOthers(parts),
    mutatingPolicies(parts),
    validatingPolicies(parts),
    mutatingWebhooks(webhooks),
    validatingWebhooks(webhooks),
    ...(parts.more ?? []),
  ]
  const byName = Map.groupBy(all, step => step.name)
  return chosenPlugins(parts.choice ?? {}).flatMap(name => byName.get(name) ?? [])
}
