/** Pods of a StatefulSet: their names, order, identity and claims. */
import { persistentVolumeClaims, pods, statefulSets } from '#kinds/facts/generated/refs.ts'
import type { ControllerRevision, StatefulSet } from '#kinds/facts/generated/types/apps_v1.ts'
import type { PersistentVolumeClaim, Pod, Volume } from '#kinds/facts/generated/types/core_v1.ts'
import { keyOf } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import type { Notice, Write } from '#client/controller.ts'
import { revisionLabel, templateOf } from '../history.ts'
import { controllerRef } from '../owners.ts'
import { isDeleting, isReady, podFrom, untilAvailable } from '../pods.ts'

export const firstOrdinal = (set: StatefulSet): number => set.spec.ordinals?.start ?? 0
export const sizeOf = (set: StatefulSet): number => set.spec.replicas ?? 1

/** The ordinal in the pod's name; undefined when it is not named after the set. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata.name ?? ''}-`
  const name = pod.metadata.name ?? ''
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : ''
  return /^(?:0|[1-9]\d{0,8})$/.test(rest) ? Number(rest) : undefined
}

export const isRunning = (pod: Pod | undefined): boolean => pod?.status?.phase === 'Running' && isReady(pod)
export const isHealthy = (pod: Pod | undefined): boolean => isRunning(pod) && pod !== undefined && !isDeleting(pod)

export const isAvailable = (set: StatefulSet, pod: Pod | undefined, now: number): boolean =>
  pod !== undefined && isHealthy(pod) && untilAvailable(pod, set.spec.minReadySeconds ?? 0, now) === 0

const claimName = (set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string =>
  `${template.metadata.name ?? ''}-${set.metadata.name ?? ''}-${ordinal}`

/** Volumes of claims replace those of the same name in the template. */
function volumesOf(set: StatefulSet, pod: Pod, ordinal: number): readonly Volume[] {
  const templates = set.spec.volumeClaimTemplates ?? []
  const claimed: Volume[] = templates.map(template => ({
    name: template.metadata.name ?? '',
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }))
  const names = new Set(claimed.map(volume => volume.name))
  return [...claimed, ...(pod.spec.volumes ?? []).filter(volume => !names.has(volume.name))]
}

export function podFor(set: StatefulSet, revision: ControllerRevision, ordinal: number): Pod {
  const pod = podFrom(templateOf(revision, set), controllerRef(statefulSets, set), set.metadata.namespace ?? '')
  const name = `${set.metadata.name ?? ''}-${ordinal}`
  const { generateName: _, ...metadata } = pod.metadata
  return {
    ...pod,
    metadata: {
      ...metadata,
      name,
      labels: {
        ...metadata.labels,
        [revisionLabel]: revision.metadata.name ?? '',
        'statefulset.kubernetes.io/pod-name': name,
        'apps.kubernetes.io/pod-index': String(ordinal),
      },
    },
    spec: { ...pod.spec, hostname: name, subdomain: set.spec.serviceName, volumes: volumesOf(set, pod, ordinal) },
  }
}

const notice = (set: StatefulSet, verb: 'create' | 'delete', what: string): Pick<Write, 'says' | 'fails'> => {
  const title = verb === 'create' ? 'Create' : 'Delete'
  const about = { about: set } as const
  const tell = (type: Notice['type'], reason: string, message: string): Notice => ({ ...about, type, reason, message })
  return {
    says: tell('Normal', `Successful${title}`, `${verb} ${what} in StatefulSet ${set.metadata.name ?? ''} successful`),
    fails: tell(
      'Warning',
      `Failed${title}`,
      `${verb} ${what} in StatefulSet ${set.metadata.name ?? ''} failed error: {error}`,
    ),
  }
}

/** The claims that an ordinal lacks, then its pod. */
export function start(read: Reader, set: StatefulSet, pod: Pod): readonly (readonly Write[])[] {
  const ordinal = ordinalOf(set, pod) ?? 0
  const namespace = set.metadata.namespace ?? ''
  const claims = (set.spec.volumeClaimTemplates ?? []).flatMap((template): Write[] => {
    const name = claimName(set, template, ordinal)
    if (read.get(persistentVolumeClaims, `${namespace}/${name}`) !== undefined) return []
    const labels = { ...template.metadata.labels, ...set.spec.selector.matchLabels }
    const { annotations } = template.metadata
    const metadata = { name, namespace, labels, ...(annotations === undefined ? {} : { annotations }) }
    const body = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: template.spec } as const
    const what = `Claim ${name} Pod ${pod.metadata.name ?? ''}`
    return [
      { op: 'create', ref: persistentVolumeClaims, body, harmless: ['AlreadyExists'], ...notice(set, 'create', what) },
    ]
  })
  return [claims, [{ op: 'create', ref: pods, body: pod, ...notice(set, 'create', `Pod ${pod.metadata.name ?? ''}`) }]]
}

export const stop = (set: StatefulSet, pod: Pod): Write => ({
  op: 'delete',
  ref: pods,
  key: keyOf(pod),
  ...(pod.metadata.uid === undefined ? {} : { uid: pod.metadata.uid }),
  ...notice(set, 'delete', `Pod ${pod.metadata.name ?? ''}`),
})
