/** What all of a node's pods share. */
import { createHash } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { objectKey } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import type { Client } from '#client/client.ts'
import type { Recorder } from '#client/events.ts'
import { configMaps, secrets } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Cri } from '../cri/client.ts'
import type { Objects } from '../objects.ts'
import type { NodePaths } from '../paths.ts'
import type { References } from '../pod/env.ts'
import type { Place } from '../pod/fields.ts'
import type { ClusterNames } from '../pod/names.ts'
import { ephemeralContainers, initContainers } from '../pod/spec.ts'
import type { Tell } from '../pull.ts'
import type { Tokens } from '../tokens.ts'
import type { Turns } from '../turns.ts'
import { quiet } from './quiet.ts'

export interface Context {
  readonly cri: Cri
  readonly client: Client
  readonly reader: Reader
  readonly clock: Clock
  readonly log: Log
  readonly recorder: Recorder
  readonly objects: Objects
  readonly tokens: Tokens
  readonly nodeName: string
  readonly hostIPs: () => readonly string[]
  readonly names: () => ClusterNames
  readonly allocatable: () => Readonly<Record<string, string>>
  /** Bytes. */
  readonly memory: number
  readonly paths: NodePaths
  /** The node's own control group, for example `/bulwark-default`. */
  readonly cgroup: string
  readonly podPids: number
  /** Resolves when the network is ready for the pod at these addresses; nothing of the pod runs before. */
  readonly admit: (pod: Pod, addresses: readonly string[]) => Promise<void>
  /** For calls that make the runtime work. */
  readonly turns: Turns
}

export const podGroup = (context: Context, uid: string): string => `${context.cgroup}/pod${uid}`

export const hashOf = (container: { readonly name: string; readonly image?: string }): string =>
  createHash('sha256')
    .update(JSON.stringify([container.name, container.image]))
    .digest('hex')
    .slice(0, 8)

export function referencesOf(context: Context, pod: Pod): References {
  const key = (name: string): string => objectKey(pod.metadata.namespace, name)
  return {
    configMap: name => context.objects.peek(configMaps, key(name)),
    secret: name => context.objects.peek(secrets, key(name)),
  }
}

export const placeOf = (context: Context, podIPs: readonly string[]): Place => ({
  nodeName: context.nodeName,
  hostIPs: context.hostIPs(),
  podIPs,
  allocatable: context.allocatable(),
})

/** Events of the pod, or of one of its containers. */
export function tellOf(context: Context, pod: Pod, container?: string): Tell {
  const list = initContainers(pod).some(one => one.name === container)
    ? 'initContainers'
    : ephemeralContainers(pod).some(one => one.name === container)
      ? 'ephemeralContainers'
      : 'containers'
  const path = container === undefined ? undefined : `spec.${list}{${container}}`
  return (type, reason, text) => {
    // Only what went wrong quotes what somebody else said.
    const message = type === 'Warning' ? quiet(context.objects, pod, text) : text
    context.recorder.record({ about: pod, type, reason, message }, path)
  }
}
