/** Deployments: one ReplicaSet for each template, moved from the old to the new by the strategy. */
import { isTerminal } from '#kinds/facts/pods.ts'
import { deployments, pods, replicaSets } from '#kinds/facts/generated/refs.ts'
import type { Deployment, DeploymentStatus, ReplicaSet } from '#kinds/facts/generated/types/apps_v1.ts'
import { type KObject, keyOf } from '#api/metadata.ts'
import type { Change, Reader } from '#api/reader.ts'
import { type Selector, fromLabelSelector } from '#api/selector.ts'
import { isReason } from '#api/status.ts'
import { type Controller, type Decision, type Input, type Write, nothing, selfKey } from '#client/controller.ts'
import { sameStatus } from '../equal.ts'
import { claim, controlledBy, controllerIndex, orphansIn, ownerKey, ownerKeys } from '../owners.ts'
import { eventWriter, rule } from '../rules.ts'
import { updateStatus } from '../writes.ts'
import { revisionKey } from './annotations.ts'
import { Plan } from './plan.ts'
import { isRolling } from './size.ts'
import {
  countStatus,
  deadlineCheck,
  failedConditions,
  foundConditions,
  isComplete,
  pauseConditions,
  rolloutStatus,
} from './status.ts'
import { isScaling, recreate, rescale, roll } from './strategy.ts'
import { sameTemplate } from './template.ts'

const isDeployment = (object: KObject): object is Deployment => object.kind === 'Deployment'

function selectorOf(object: KObject): Selector | undefined {
  const selector = isDeployment(object) ? fromLabelSelector(object.spec.selector) : undefined
  return selector?.length === 0 ? undefined : selector
}

/** Recreate waits for the last old pod: its going concerns the Deployment above its ReplicaSet. */
function podGone(change: Change, read: Reader): readonly string[] {
  if (change.type !== 'delete') return []
  const setKey = ownerKey(change.object, replicaSets)
  const set = setKey === undefined ? undefined : read.get(replicaSets, setKey)
  const key = set === undefined ? undefined : ownerKey(set, deployments)
  const deployment = key === undefined ? undefined : read.get(deployments, key)
  return key === undefined || deployment === undefined || isRolling(deployment) ? [] : [key]
}

export const deployment: Controller = {
  name: 'deployment-controller',
  watches: [
    { ref: deployments, keys: selfKey },
    { ref: replicaSets, keys: ownerKeys(deployments, selectorOf) },
    { ref: pods, keys: podGone },
  ],
  indexes: [controllerIndex(replicaSets), controllerIndex(pods)],
  rules: [
    rule('apps', ['deployments'], ['get', 'list', 'watch', 'update', 'patch']),
    rule('apps', ['deployments/status', 'deployments/finalizers'], ['update']),
    rule('apps', ['replicasets'], ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch']),
    rule('', ['pods'], ['get', 'list', 'update', 'watch']),
    eventWriter,
  ],
  decide,
}

function decide(key: string, input: Input<unknown>): Decision {
  const { read, asked, now } = input
  const owner = read.get(deployments, key)
  const selector = owner === undefined ? undefined : selectorOf(owner)
  if (owner === undefined || selector === undefined || owner.metadata.namespace === undefined) return nothing
  const what = { ref: replicaSets, ownerRef: deployments, owner, selector }
  const candidates = [
    ...controlledBy(read, replicaSets, owner),
    ...orphansIn(read, replicaSets, owner.metadata.namespace),
  ]
  const { claimed, writes, ask } = claim(what, candidates, asked)
  if (ask.length > 0) return { writes: [], ask }
  // Adopted ReplicaSets are changed by that: what they need besides is decided when it is seen.
  if (writes.length > 0) return { writes: [writes] }
  const collided = collision(owner, input)
  if (collided !== undefined) return collided
  const plan = new Plan(owner, claimed)
  if (owner.metadata.deletionTimestamp !== undefined)
    return finish(plan, countStatus(plan, owner.status?.conditions, now), { now })
  return advance(plan, input)
}

function advance(plan: Plan, { now, read, refused }: Input<unknown>): Decision {
  const owner = plan.deployment
  const paused = pauseConditions(owner, now)
  const refreshed = plan.refresh()
  if (!refreshed && (owner.spec.paused === true || isScaling(plan))) {
    rescale(plan)
    if (owner.spec.paused === true) plan.cleanUp()
    return finish(plan, countStatus(plan, foundConditions(plan, paused, now), now), { now })
  }
  if (!refreshed) {
    if (isRolling(owner)) roll(plan)
    else recreate(plan, () => oldPodsRun(plan, read))
    if (isComplete(owner, owner.status)) plan.cleanUp()
  }
  const failed = refused.find(one => one.write.op === 'create' && one.write.ref === replicaSets)
  const name = failed?.write.op === 'create' ? (failed.write.body.metadata.name ?? '') : ''
  const conditions =
    failed === undefined || !plan.created
      ? foundConditions(plan, paused, now)
      : failedConditions(owner, paused, {
          now,
          message: `Failed to create new replica set ${JSON.stringify(name)}: ${failed.error.message}`,
        })
  return finish(plan, rolloutStatus(plan, conditions, now), { now, first: failed !== undefined })
}

function oldPodsRun(plan: Plan, read: Reader): boolean {
  return plan.old.some(set => controlledBy(read, pods, set).some(pod => !isTerminal(pod)))
}

function finish(
  plan: Plan,
  status: DeploymentStatus,
  how: { readonly now: number; readonly first?: boolean },
): Decision {
  const owner = plan.deployment
  const revision = plan.current?.metadata.annotations?.[revisionKey]
  const annotate: Write[] =
    revision === undefined || revision === owner.metadata.annotations?.[revisionKey]
      ? []
      : [{ op: 'patch', ref: deployments, key: keyOf(owner), patch: revisionPatch(owner, revision) }]
  const report: Write[] = sameStatus(status, owner.status)
    ? []
    : // Without a resourceVersion: the revision's patch just before this write has raised it, and only we write the status.
      [updateStatus(deployments, unversioned(owner, status))]
  const groups = how.first === true ? [report, plan.writes, annotate] : [plan.writes, annotate, report]
  const again = deadlineCheck(owner, status, how.now)
  return {
    writes: groups.filter(group => group.length > 0),
    ...(again === undefined ? {} : { again }),
  }
}

function unversioned(owner: Deployment, status: DeploymentStatus): Deployment {
  const { resourceVersion: _, ...metadata } = owner.metadata
  return { ...owner, metadata, status }
}

const revisionPatch = (owner: Deployment, revision: string) => ({
  type: 'merge' as const,
  content: { metadata: { uid: owner.metadata.uid ?? '', annotations: { [revisionKey]: revision } } },
})

/** A ReplicaSet of the name we want exists and is not this rollout's: the count makes the next hash another. */
function collision(owner: Deployment, { refused, asked, read }: Input<unknown>): Decision | undefined {
  const found = refused.find(one => one.write.op === 'create' && isReason(one.error, 'AlreadyExists'))
  if (found?.write.op !== 'create') return undefined
  const key = keyOf(found.write.body)
  if (!asked.has(replicaSets, key)) return { writes: [], ask: [{ ref: replicaSets, key }] }
  const set: ReplicaSet | undefined = asked.get(replicaSets, key)
  if (set === undefined || read.get(replicaSets, key) === undefined) return undefined
  const ours = set.metadata.ownerReferences?.some(one => one.controller === true && one.uid === owner.metadata.uid)
  if (ours === true && sameTemplate(set.spec.template, owner.spec.template)) return undefined
  const status = { ...owner.status, collisionCount: (owner.status?.collisionCount ?? 0) + 1 }
  return { writes: [[updateStatus(deployments, { ...owner, status })]] }
}
