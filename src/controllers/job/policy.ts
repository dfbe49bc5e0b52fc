/** Rules by which a Job judges how its pods ended. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Job, PodFailurePolicyRule } from '#kinds/facts/generated/types/batch_v1.ts'
import { parseIndexes } from './indexes.ts'
import { completionsOf, hasFailed } from './shape.ts'

export interface Verdict {
  /** Whether it counts towards back-off limits. */
  readonly counts: boolean
  readonly action: PodFailurePolicyRule['action'] | undefined
  /** Why the rule matched. */
  readonly message: string
}

function matchExit(pod: Pod, rule: PodFailurePolicyRule): string | undefined {
  const wanted = rule.onExitCodes
  if (wanted === undefined) return undefined
  const all = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
  for (const { name, state } of all) {
    const code = state?.terminated?.exitCode
    if (code === undefined || code === 0 || (wanted.containerName !== undefined && wanted.containerName !== name))
      continue
    if (wanted.values.includes(code) === (wanted.operator === 'In'))
      return `Container ${name} for pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''} failed with exit code ${code}`
  }
  return undefined
}

function matchCondition(pod: Pod, rule: PodFailurePolicyRule): string | undefined {
  for (const pattern of rule.onPodConditions ?? [])
    if (pod.status?.conditions?.some(one => one.type === pattern.type && one.status === pattern.status) === true)
      return `Pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''} has condition ${pattern.type}`
  return undefined
}

/** What the first rule that matches a failed pod says. */
export function judge(job: Job, pod: Pod): Verdict {
  const rules = job.spec.podFailurePolicy?.rules ?? []
  for (const [index, rule] of rules.entries()) {
    const why = matchExit(pod, rule) ?? matchCondition(pod, rule)
    if (why !== undefined)
      return {
        counts: rule.action !== 'Ignore',
        action: rule.action,
        message: `${why} matching ${rule.action} rule at index ${index}`,
      }
  }
  return { counts: true, action: undefined, message: '' }
}

/** Why the whole Job fails by its policy. */
export function failsJob(job: Job, pods: readonly Pod[]): string | undefined {
  if (job.spec.podFailurePolicy === undefined) return undefined
  for (const pod of pods) {
    const verdict = hasFailed(pod, job) ? judge(job, pod) : undefined
    if (verdict?.action === 'FailJob') return verdict.message
  }
  return undefined
}

/** Which rule of the success policy these indexes satisfy. */
export function succeedsEarly(job: Job, succeeded: ReadonlySet<number>): string | undefined {
  for (const [index, rule] of (job.spec.successPolicy?.rules ?? []).entries()) {
    const asked =
      rule.succeededIndexes === undefined ? undefined : parseIndexes(rule.succeededIndexes, completionsOf(job))
    const have = asked === undefined ? succeeded.size : [...asked].filter(one => succeeded.has(one)).length
    const needed = rule.succeededCount ?? asked?.size ?? Infinity
    if (have >= needed) return `Matched rules at index ${index}`
  }
  return undefined
}
