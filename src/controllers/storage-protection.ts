/** Claims, volumes and classes of attributes that are in use outlive their deletion: a finalizer holds them until nobody uses them. */
import { isTerminal } from '#kinds/facts/pods.ts'
import {
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  volumeAttributesClasses,
} from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { type KObject, type ResourceRef, groupResource, objectKey } from '#api/metadata.ts'
import type { Index, Reader } from '#api/reader.ts'
import { type Controller, type Decision, type Watch, nothing, selfKey } from '#client/controller.ts'
import { reading, rule } from './rules.ts'
import { update } from './writes.ts'

/** Held while it lives, let go when it is on its way out and free. */
function guard<O extends KObject>(ref: ResourceRef<O>, object: O | undefined, how: How): Decision<never> {
  if (object === undefined) return nothing
  const { finalizers = [], deletionTimestamp } = object.metadata
  const held = finalizers.includes(how.finalizer)
  const leaving = deletionTimestamp !== undefined
  if (held !== leaving || (leaving && how.used())) return nothing
  const left = leaving ? finalizers.filter(name => name !== how.finalizer) : [...finalizers, how.finalizer]
  const { finalizers: _, ...metadata } = object.metadata
  return {
    writes: [
      [update(ref, { ...object, metadata: { ...metadata, ...(left.length === 0 ? {} : { finalizers: left }) } })],
    ],
  }
}

interface How {
  readonly finalizer: string
  readonly used: () => boolean
}

const isPod = (object: KObject): object is Pod => object.kind === 'Pod'

interface Used {
  readonly key: string
  /** Made for this pod alone. */
  readonly own: boolean
}

/** Claims that the pod names, and those that are made for it alone. */
function claimsOf({ metadata, spec }: Pod): readonly Used[] {
  const { name = '', namespace } = metadata
  return (spec.volumes ?? []).flatMap(({ persistentVolumeClaim: claim, ephemeral, name: volume }): readonly Used[] => {
    if (claim !== undefined) return [{ key: objectKey(namespace, claim.claimName), own: false }]
    return ephemeral === undefined ? [] : [{ key: objectKey(namespace, `${name}-${volume}`), own: true }]
  })
}

const byClaim = 'claim'
const claimIndex: Index = {
  name: byClaim,
  resource: groupResource(pods),
  of: object => (isPod(object) ? claimsOf(object).map(one => one.key) : []),
}

/** Only nodes mount: what is not placed yet finds no claim. What is made for a pod alone is done with it. */
const uses = (pod: Pod, key: string): boolean =>
  (pod.spec.nodeName ?? '') !== '' && claimsOf(pod).some(one => one.key === key && !(one.own && isTerminal(pod)))

const claimKeys: Watch['keys'] = ({ type, object, previous }) => {
  const pod = object as Pod
  const same = type === 'put' && previous !== undefined && isTerminal(previous as Pod) === isTerminal(pod)
  return same ? [] : claimsOf(pod).map(one => one.key)
}

export const claimProtection: Controller = {
  name: 'pvc-protection-controller',
  watches: [
    { ref: persistentVolumeClaims, keys: selfKey },
    { ref: pods, keys: claimKeys },
  ],
  indexes: [claimIndex],
  rules: [rule('', ['persistentvolumeclaims'], ['update', ...reading]), rule('', ['pods'], reading)],
  decide: (key, { read }) =>
    guard(persistentVolumeClaims, read.get(persistentVolumeClaims, key), {
      finalizer: 'kubernetes.io/pvc-protection',
      used: () => read.byIndex(pods, byClaim, key).some(pod => uses(pod, key)),
    }),
}

export const volumeProtection: Controller = {
  name: 'pv-protection-controller',
  watches: [{ ref: persistentVolumes, keys: selfKey }],
  rules: [rule('', ['persistentvolumes'], ['update', ...reading])],
  decide: (key, { read }) => {
    const volume = read.get(persistentVolumes, key)
    return guard(persistentVolumes, volume, {
      finalizer: 'kubernetes.io/pv-protection',
      used: () => volume?.status?.phase === 'Bound',
    })
  },
}

const classesOf = (object: KObject): readonly string[] => {
  const { spec, status } = object as { spec?: ClassUser['spec']; status?: ClassUser['status'] }
  const target = status?.modifyVolumeStatus?.targetVolumeAttributesClassName
  return [spec?.volumeAttributesClassName, status?.currentVolumeAttributesClassName, target].filter(
    (name): name is string => name !== undefined && name !== '',
  )
}

interface ClassUser {
  readonly spec: { readonly volumeAttributesClassName?: string }
  readonly status: {
    readonly currentVolumeAttributesClassName?: string
    readonly modifyVolumeStatus?: { readonly targetVolumeAttributesClassName?: string }
  }
}

const byClass = 'attributes class'
const classIndex = (ref: ResourceRef): Index => ({ name: byClass, resource: groupResource(ref), of: classesOf })
const inUse = (read: Reader, name: string): boolean =>
  [persistentVolumes, persistentVolumeClaims].some(ref => read.byIndex<KObject>(ref, byClass, name).length > 0)

const classKeys: Watch['keys'] = ({ object, previous }) => [
  ...classesOf(object),
  ...(previous === undefined ? [] : classesOf(previous)),
]

export const attributesProtection: Controller = {
  name: 'vac-protection-controller',
  watches: [
    { ref: volumeAttributesClasses, keys: selfKey },
    { ref: persistentVolumes, keys: classKeys },
    { ref: persistentVolumeClaims, keys: classKeys },
  ],
  indexes: [classIndex(persistentVolumes), classIndex(persistentVolumeClaims)],
  rules: [
    rule('storage.k8s.io', ['volumeattributesclasses'], ['update', ...reading]),
    rule('', ['persistentvolumes', 'persistentvolumeclaims'], reading),
  ],
  decide: (key, { read }) =>
    guard(volumeAttributesClasses, read.get(volumeAttributesClasses, key), {
      finalizer: 'kubernetes.io/vac-protection',
      used: () => inUse(read, key),
    }),
}
