/** Steps before containers: what the pod refers to, its volumes, its sandbox. */
import { readFile } from 'node:fs/promises'
import { mkdir } from 'node:fs/promises'
import { objectKey } from '#api/metadata.ts'
import {
  configMaps,
  persistentVolumeClaims,
  persistentVolumes,
  runtimeClasses,
  secrets,
} from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { makeGroup } from '../cgroups.ts'
import { rpcMessage } from '../cri/client.ts'
import { logDirectory, podDirectory } from '../paths.ts'
import { sandboxConfig, type SandboxConfig } from '../pod/configs.ts'
import { hostnameOf, resolverOf } from '../pod/names.ts'
import { referenced } from '../pod/references.ts'
import { podResources } from '../pod/spec.ts'
import { VolumeError } from '../volumes/payload.ts'
import { prepareVolumes } from '../volumes/volumes.ts'
import { type Context, placeOf, podGroup, referencesOf, tellOf } from './context.ts'

/** A step's failure: the reason is a waiting container's. */
export class StepError extends Error {
  readonly reason: string
  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** Follows all secrets and config maps that the pod names, until its uid is released. */
export async function holdReferences(context: Context, pod: Pod): Promise<void> {
  const { uid = '', namespace } = pod.metadata
  const names = referenced(pod)
  await Promise.all([
    ...[...names.configMaps].map(name => context.objects.hold(uid, configMaps, objectKey(namespace, name))),
    ...[...names.secrets].map(name => context.objects.hold(uid, secrets, objectKey(namespace, name))),
  ])
}

async function claimPath(context: Context, pod: Pod, name: string): Promise<string> {
  const claim = await context.client.find(persistentVolumeClaims, objectKey(pod.metadata.namespace, name))
  if (claim === undefined) throw new VolumeError(`persistentvolumeclaim "${name}" not found`)
  const volume = claim.spec.volumeName ?? ''
  if (claim.status?.phase !== 'Bound' || volume === '') throw new VolumeError('PVC is not bound')
  const found = await context.client.find(persistentVolumes, volume)
  const path = found?.spec.hostPath?.path ?? found?.spec.local?.path
  if (path === undefined) throw new VolumeError(`persistent volume ${volume} is neither hostPath nor local`)
  await mkdir(path, { recursive: true, mode: 0o777 })
  return path
}

/** Makes or refreshes the pod's volumes. @returns host paths by volume name. @throws StepError */
export async function volumesStep(
  context: Context,
  pod: Pod,
  ips: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const dir = podDirectory(context.paths, pod.metadata.uid ?? '')
  try {
    await holdReferences(context, pod)
    await mkdir(dir, { recursive: true, mode: 0o750 })
    return await prepareVolumes({
      pod,
      dir,
      references: referencesOf(context, pod),
      place: placeOf(context, ips),
      token: projection => context.tokens.get(pod, projection),
      claim: name => claimPath(context, pod, name),
    })
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    tellOf(context, pod)('Warning', 'FailedMount', message)
    throw new StepError('ContainerCreating', message, { cause })
  }
}

export function sandboxOf(context: Context, pod: Pod, attempt: number): SandboxConfig {
  return sandboxConfig({
    pod,
    attempt,
    hostname: hostnameOf(pod, context.nodeName),
    resolver: resolverOf(pod, context.names()),
    logDirectory: logDirectory(context.paths, pod),
    cgroup: podGroup(context, pod.metadata.uid ?? ''),
  })
}

async function runtimeHandler(context: Context, pod: Pod): Promise<string> {
  const name = pod.spec.runtimeClassName ?? ''
  if (name === '') return ''
  const found = await context.client.find(runtimeClasses, name)
  if (found === undefined) throw new Error(`RuntimeClass "${name}" not found`)
  return found.handler
}

/** @throws StepError */
export async function sandboxStep(context: Context, pod: Pod, attempt: number): Promise<void> {
  try {
    const [handler] = await Promise.all([
      runtimeHandler(context, pod),
      mkdir(logDirectory(context.paths, pod), { recursive: true, mode: 0o755 }),
      makeGroup(podGroup(context, pod.metadata.uid ?? ''), { ...podResources(pod), pids: context.podPids }),
    ])
    const config = sandboxOf(context, pod, attempt)
    await context.turns.run('later', () => context.cri.runtime.runPodSandbox({ config, runtimeHandler: handler }))
  } catch (cause) {
    const message = `Failed to create pod sandbox: ${rpcMessage(cause)}`
    tellOf(context, pod)('Warning', 'FailedCreatePodSandBox', message)
    throw new StepError('ContainerCreating', message, { cause })
  }
}

/** The host's own hosts file, for pods on its network. */
export const hostHosts = (): Promise<string> => readFile('/etc/hosts', 'utf8').catch(() => '')
