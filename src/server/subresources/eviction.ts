/** pods/eviction: a deletion that respects disruption budgets. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Eviction, PodDisruptionBudget } from '#kinds/facts/generated/types/policy_v1.ts'
import { timestamp } from '#base/clock.ts'
import { selects } from '#api/selector.ts'
import type { Draft } from '#api/metadata.ts'
import { type StatusError, conflict, internalError } from '#api/status.ts'
import type { Special, SpecialRequest } from '../outcome.ts'
import { copy, setField } from '#server/registry/build.ts'
import { subjectOf } from '#server/registry/create.ts'
import { remove } from '#server/registry/delete.ts'
import type { Kept } from '#server/store/contract.ts'
import { get } from '../serve.ts'
import { admitPosted, amend, dryRunOf, inner, made, posted, refusal, success } from './reading.ts'

const resource = 'poddisruptionbudgets.policy'

export const eviction: Special = async special => {
  const body = posted<Eviction>(special, 'Eviction')
  const pod = (await get(special.serving.registry, special)).object as Pod
  const { name, namespace } = special.permit
  await admitPosted(special, body)
  if (!free(pod)) await charge(special, pod)
  const dryRun = dryRunOf(special.request) || (body.deleteOptions?.dryRun?.length ?? 0) > 0
  const options = body.deleteOptions ?? {}
  await remove(inner(special).serving.registry, {
    permit: special.permit,
    served: special.served,
    name,
    namespace,
    warn: special.warn,
    options: { ...(dryRun ? options : await marked(special, options)), dryRun } as never,
  })
  return made(success)
}

type DeleteOptions = NonNullable<Eviction['deleteOptions']>

/** Owners tell this end from a failure of the pod's own. @returns the options of the deletion, after this write. */
async function marked(special: SpecialRequest, options: DeleteOptions): Promise<DeleteOptions> {
  const { uid = '', resourceVersion = '' } = options.preconditions ?? {}
  const now = timestamp(special.serving.registry.clock.now())
  const kept = await amend(inner(special), (draft, { object: { metadata } }) => {
    const pod = draft as Draft<Pod>
    for (const [what, wanted, is] of [
      ['UID', uid, metadata.uid],
      ['ResourceVersion', resourceVersion, metadata.resourceVersion],
    ] as const)
      if (wanted !== '' && wanted !== is)
        throw conflict(
          subjectOf(special.permit, special.permit.name),
          `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${is ?? ''}). The object might have been modified`,
        )
    const conditions = pod.status?.conditions ?? []
    const before = conditions.find(one => one.type === type)
    const condition = {
      type,
      status: 'True',
      reason: 'EvictionByEvictionAPI',
      message: 'Eviction API: evicting',
      lastTransitionTime: before?.status === 'True' ? (before.lastTransitionTime ?? now) : now,
    }
    pod.status = { ...pod.status, conditions: [...conditions.filter(one => one.type !== type), condition] }
  })
  if (resourceVersion === '') return options
  const version = kept.object.metadata.resourceVersion ?? ''
  return { ...options, preconditions: { ...options.preconditions, resourceVersion: version } }
}

const type = 'DisruptionTarget'

/** Pods that run nothing, or are on their way out, count against no budget. */
const free = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp !== undefined || ['Pending', 'Succeeded', 'Failed'].includes(pod.status?.phase ?? '')

const ready = (pod: Pod): boolean =>
  pod.status?.conditions?.some(one => one.type === 'Ready' && one.status === 'True') === true

function budgets(special: SpecialRequest, pod: Pod): readonly Kept[] {
  const { namespace } = special.permit
  const all = [...special.serving.registry.store.snapshot(resource).range({ prefix: `${namespace}/` })]
  return all.filter(({ object }) => selects((object as PodDisruptionBudget).spec?.selector, pod.metadata.labels))
}

const refused = (cause: string): StatusError =>
  refusal('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    reason: 'DisruptionBudget',
    message: cause,
  })

const tries = 20

async function charge(special: SpecialRequest, pod: Pod): Promise<void> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const [kept, ...more] = budgets(special, pod)
    if (kept === undefined) return
    if (more.length > 0)
      throw internalError(
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      )
    const budget = kept.object as PodDisruptionBudget
    const policy = budget.spec?.unhealthyPodEvictionPolicy
    const healthy =
      (budget.status?.currentHealthy ?? 0) >= (budget.status?.desiredHealthy ?? 0) &&
      (budget.status?.desiredHealthy ?? 0) > 0
    if (!ready(pod) && (policy === 'AlwaysAllow' || healthy)) return
    if (dryRunOf(special.request) && allows(budget)) return
    if (await taken(special, kept, pod)) return
  }
  throw refused('The disruption budget is being changed by others; try again later.')
}

function allows(budget: PodDisruptionBudget): boolean {
  const { disruptionsAllowed = 0, observedGeneration = 0 } = budget.status ?? {}
  if (observedGeneration < (budget.metadata.generation ?? 0))
    throw refused(`The disruption budget ${budget.metadata.name ?? ''} is still being processed by the server.`)
  if (disruptionsAllowed > 0) return true
  throw refused(
    `The disruption budget ${budget.metadata.name ?? ''} needs ${budget.status?.desiredHealthy ?? 0} healthy pods and has ${budget.status?.currentHealthy ?? 0} currently`,
  )
}

/** Notes the disruption in the budget's status, so that the next eviction sees it before the controller does. */
async function taken(special: SpecialRequest, kept: Kept, pod: Pod): Promise<boolean> {
  const budget = kept.object as PodDisruptionBudget
  allows(budget)
  const { clock, store } = special.serving.registry
  const draft = copy(budget)
  setField(draft, 'status', {
    ...budget.status,
    disruptionsAllowed: (budget.status?.disruptionsAllowed ?? 1) - 1,
    disruptedPods: { ...budget.status?.disruptedPods, [pod.metadata.name ?? '']: timestamp(clock.now()) },
  })
  const result = await store.commit([
    { type: 'put', resource, key: kept.key, expect: kept.revision, object: draft, managed: kept.managed },
  ])
  return result.ok
}
