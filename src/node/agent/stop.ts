/** Steps at the end: containers stopped with grace, what the pod held given back, its traces removed. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isReason } from '#api/status.ts'
import { keyOf } from '#api/metadata.ts'
import { pods } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { removeGroup } from '../cgroups.ts'
import { unmountUnder } from '../containerd/purge.ts'
import { isAbsent } from '../cri/client.ts'
import { logDirectory, podDirectory } from '../paths.ts'
import { findContainer } from '../pod/spec.ts'
import type { RuntimePod } from '../runtime.ts'
import { type Context, podGroup, tellOf } from './context.ts'
import { hook } from './start.ts'

const ignoreAbsent = (error: unknown): void => {
  if (!isAbsent(error)) throw error
}
/** Even without grace a container gets a moment. */
const leastSeconds = 2

export interface KillInput {
  readonly pod: Pod
  readonly id: string
  readonly name: string
  readonly ip: string
  readonly graceSeconds: number
  readonly message: string
}

/** The preStop hook and the stop signal share the grace. */
export async function killStep(context: Context, input: KillInput): Promise<void> {
  const { pod, id, name } = input
  const tell = tellOf(context, pod, name)
  tell('Normal', 'Killing', input.message)
  const began = context.clock.monotonic()
  const container = findContainer(pod, name)
  if (container?.lifecycle?.preStop !== undefined && input.graceSeconds > 0) {
    const limitMs = input.graceSeconds * 1000
    await hook(context, { pod, container, id, ip: input.ip, which: 'preStop', limitMs }).catch(() =>
      tell('Warning', 'FailedPreStopHook', 'PreStopHook failed'),
    )
  }
  const spent = Math.floor((context.clock.monotonic() - began) / 1000)
  const left = Math.max(leastSeconds, input.graceSeconds - spent)
  const request = { containerId: id, timeout: BigInt(left) }
  await context.cri.runtime.stopContainer(request, { timeoutMs: (left + 60) * 1000 }).catch(ignoreAbsent)
}

/** Network, mounts, volumes and groups; containers and logs stay for whoever wants to read them. */
export async function releaseStep(context: Context, uid: string, runtime: RuntimePod): Promise<void> {
  await Promise.all(
    runtime.sandboxes.map(one => context.cri.runtime.stopPodSandbox({ podSandboxId: one.id }).catch(ignoreAbsent)),
  )
  const dir = podDirectory(context.paths, uid)
  await unmountUnder(dir)
  for (const name of ['volumes', 'volume-subpaths']) await rm(join(dir, name), { recursive: true, force: true })
  await removeGroup(podGroup(context, uid))
  context.objects.release(uid)
  context.tokens.forget(uid)
}

/** Finishes the deletion: only this very pod, never a successor of the same name. */
export async function deleteStep(context: Context, pod: Pod): Promise<void> {
  const { uid = '' } = pod.metadata
  try {
    await context.client.delete(pods, keyOf(pod), { gracePeriodSeconds: 0, preconditions: { uid } })
  } catch (error) {
    if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error
  }
}

export async function removeStep(context: Context, pod: Pod, runtime: RuntimePod): Promise<void> {
  await Promise.all(
    runtime.sandboxes.map(one => context.cri.runtime.removePodSandbox({ podSandboxId: one.id }).catch(ignoreAbsent)),
  )
  const uid = pod.metadata.uid ?? ''
  await unmountUnder(podDirectory(context.paths, uid))
  await rm(podDirectory(context.paths, uid), { recursive: true, force: true })
  await rm(logDirectory(context.paths, pod), { recursive: true, force: true })
  await removeGroup(podGroup(context, uid))
}
