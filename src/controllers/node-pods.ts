/** Pods by the node they run on, and how they are ended from outside. */
import { pods } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { type KObject, groupResource, keyOf } from '#api/metadata.ts'
import type { Index, Reader } from '#api/reader.ts'
import type { Notice, Write } from '#client/controller.ts'
import { stamp } from './conditions.ts'

const isPod = (object: KObject): object is Pod => object.kind === 'Pod'

const name = 'node'
export const nodeIndex: Index = {
  name,
  resource: groupResource(pods),
  of: object => (isPod(object) ? [object.spec.nodeName ?? ''] : []),
}

export const podsOn = (read: Reader, node: string): readonly Pod[] => read.byIndex(pods, name, node)

export interface Disruption {
  readonly reason: string
  readonly message: string
  readonly now: number
  /** Of a pod that will never report its end itself. */
  readonly failed?: boolean
}

/** Marks the pod as a victim, so that its owner can tell this end from a failure of its own. */
export function disrupt(pod: Pod, { reason, message, now, failed = false }: Disruption): Write {
  const one = { type: 'DisruptionTarget', status: 'True', reason, message, lastTransitionTime: stamp(now) }
  const content = {
    metadata: { uid: pod.metadata.uid ?? '' },
    status: { conditions: [one], ...(failed ? { phase: 'Failed' } : {}) },
  }
  const patch = { type: 'strategic', content } as const
  return { op: 'patch', ref: pods, key: keyOf(pod), patch, subresource: 'status', harmless: ['NotFound'] }
}

export const deletePod = (pod: Pod, how: { readonly graceSeconds?: number; readonly says?: Notice } = {}): Write => ({
  op: 'delete',
  ref: pods,
  key: keyOf(pod),
  ...(pod.metadata.uid === undefined ? {} : { uid: pod.metadata.uid }),
  ...how,
})
