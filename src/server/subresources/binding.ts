/** pods/binding: the scheduler's only write. */
import type { Binding, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { timestamp } from '#base/clock.ts'
import type { Draft } from '#api/metadata.ts'
import { conflict, invalid } from '#api/status.ts'
import { notSupported, required } from '#api/validation.ts'
import type { Special } from '../outcome.ts'
import { admitPosted, amend, inner, made, posted, success } from './reading.ts'

export const binding: Special = async special => {
  const { name } = special.permit
  const body = posted<Binding>(special, 'Binding')
  const target = body.target ?? {}
  const errors = [
    ...((target.name ?? '') === '' ? [required('target.name')] : []),
    ...((target.kind ?? '') !== '' && target.kind !== 'Node'
      ? [notSupported('target.kind', target.kind, ['Node', '<empty>'])]
      : []),
  ]
  const subject = { group: '', resource: 'pods/binding', name }
  if (errors.length > 0) throw invalid({ group: '', resource: 'Binding', name }, errors)
  await admitPosted(special, body)
  const now = timestamp(special.serving.registry.clock.now())
  await amend(inner(special), draft => {
    const pod = draft as Draft<Pod>
    if (pod.metadata.deletionTimestamp !== undefined)
      throw conflict(subject, `pod ${name} is being deleted, cannot be assigned to a host`)
    if ((body.metadata?.uid ?? '') !== '' && body.metadata.uid !== pod.metadata.uid)
      throw conflict(
        subject,
        `Precondition failed: UID in precondition: ${body.metadata.uid ?? ''}, UID in object meta: ${pod.metadata.uid ?? ''}`,
      )
    const { spec } = pod
    if (spec === undefined) return
    if ((spec.nodeName ?? '') !== '')
      throw conflict(subject, `pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`)
    if ((spec.schedulingGates?.length ?? 0) > 0)
      throw conflict(subject, `pod ${name} has non-empty .spec.schedulingGates`)
    spec.nodeName = target.name ?? ''
    if (body.metadata?.labels !== undefined) pod.metadata.labels = { ...pod.metadata.labels, ...body.metadata.labels }
    pod.metadata.annotations = { ...pod.metadata.annotations, ...body.metadata?.annotations }
    if (Object.keys(pod.metadata.annotations).length === 0) delete pod.metadata.annotations
    scheduled(pod, now)
  })
  return made(success)
}

function scheduled(pod: Draft<Pod>, now: string): void {
  pod.status ??= {}
  const others = (pod.status.conditions ?? []).filter(condition => condition.type !== 'PodScheduled')
  pod.status.conditions = [
    ...others,
    {
      type: 'PodScheduled',
      status: 'True',
      lastTransitionTime: now,
      ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    },
  ]
}
