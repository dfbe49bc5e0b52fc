/** Starts one container: resolves what it refers to, creates it, starts it, runs its postStart hook. */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { objectKey } from '#api/metadata.ts'
import { secrets, services } from '#kinds/facts/generated/refs.ts'
import type { Container, Pod, Service } from '#kinds/facts/generated/types/core_v1.ts'
import { rpcMessage } from '../cri/client.ts'
import { hostsPath, logFile, messageFile, podDirectory } from '../paths.ts'
import { containerConfig, type ContainerConfig } from '../pod/configs.ts'
import { environment } from '../pod/env.ts'
import { containerMounts } from '../pod/mounts.ts'
import { domainOf, hostnameOf, hostsFile } from '../pod/names.ts'
import { checkNonRoot } from '../pod/security.ts'
import { findContainer } from '../pod/spec.ts'
import { command, httpGet } from '../probes/check.ts'
import { ensureImage, ImageError } from '../pull.ts'
import { mountSubPath } from '../volumes/subpath.ts'
import { type Context, hashOf, placeOf, referencesOf, tellOf } from './context.ts'
import { holdReferences, hostHosts, sandboxOf, StepError } from './prepare.ts'

export interface StartInput {
  readonly pod: Pod
  readonly name: string
  readonly attempt: number
  readonly sandbox: { readonly id: string; readonly attempt: number; readonly ips: readonly string[] }
  readonly volumes: ReadonlyMap<string, string>
}

const containerOf = (pod: Pod, name: string): Container => {
  const found = findContainer(pod, name)
  if (found === undefined) throw new StepError('CreateContainerError', `no container ${name}`)
  return found
}

/** @throws StepError */
export async function imageStep(
  context: Context,
  pod: Pod,
  what: { name: string; signal: AbortSignal },
): Promise<void> {
  const tell = tellOf(context, pod, what.name)
  try {
    const key = (name: string): string => objectKey(pod.metadata.namespace, name)
    const names = (pod.spec.imagePullSecrets ?? []).map(one => one.name ?? '').filter(name => name !== '')
    const held = await Promise.all(names.map(name => context.objects.hold(pod.metadata.uid ?? '', secrets, key(name))))
    const container = containerOf(pod, what.name)
    const known = held.filter(one => one !== undefined)
    await ensureImage({ cri: context.cri, pod, container, secrets: known, tell, signal: what.signal })
  } catch (cause) {
    if (cause instanceof ImageError) throw new StepError(cause.reason, cause.message, { cause })
    throw new StepError('ErrImagePull', rpcMessage(cause), { cause })
  }
}

function visibleServices(context: Context, pod: Pod): readonly Service[] {
  const master = context.reader.get(services, 'default/kubernetes')
  const own = context.reader.list(services, pod.metadata.namespace)
  return master === undefined || own.includes(master) ? own : [master, ...own]
}

async function writeFiles(context: Context, input: StartInput): Promise<void> {
  const { pod } = input
  const uid = pod.metadata.uid ?? ''
  const message = messageFile(context.paths, uid, input)
  await mkdir(dirname(message), { recursive: true, mode: 0o750 })
  // Any user of the container may write its last words.
  await writeFile(message, '', { mode: 0o666 })
  await chmod(message, 0o666)
  const hostname = hostnameOf(pod, context.nodeName)
  const domain = domainOf(pod, context.names().domain)
  const host = pod.spec.hostNetwork === true ? await hostHosts() : ''
  const text = hostsFile({ pod, ips: input.sandbox.ips, hostname, domain, host })
  await writeFile(hostsPath(context.paths, uid), text, { mode: 0o644 })
}

async function configOf(context: Context, input: StartInput): Promise<ContainerConfig> {
  const { pod, attempt } = input
  const container = containerOf(pod, input.name)
  const uid = pod.metadata.uid ?? ''
  await Promise.all([holdReferences(context, pod), writeFiles(context, input)])
  const env = environment({
    pod,
    container,
    references: referencesOf(context, pod),
    place: placeOf(context, pod.spec.hostNetwork === true ? context.hostIPs() : input.sandbox.ips),
    services: visibleServices(context, pod),
  })
  const { image } = await context.cri.images.imageStatus({ image: { image: container.image ?? '' } })
  if (image === undefined) throw new Error(`image ${container.image} is gone`)
  const user = image.uid === undefined ? { username: image.username } : { uid: Number(image.uid.value) }
  checkNonRoot(pod, container, user)
  const subPaths = join(podDirectory(context.paths, uid), 'volume-subpaths')
  const mounts = await containerMounts({
    container,
    volumes: input.volumes,
    env,
    hosts: hostsPath(context.paths, uid),
    message: messageFile(context.paths, uid, input),
    subPath: (volume, path, index) => mountSubPath(volume, path, join(subPaths, container.name, String(index))),
  })
  return containerConfig({
    pod,
    container,
    attempt,
    env,
    mounts,
    imageRef: image.id,
    hash: hashOf(container),
    logPath: logFile(container.name, attempt),
    seccomp: context.paths.seccomp,
    capacity: context.memory,
  })
}

const failed = (reason: string, cause: unknown): StepError => new StepError(reason, rpcMessage(cause), { cause })

/** @throws StepError; a container whose postStart hook fails is ended first */
export async function startStep(context: Context, input: StartInput): Promise<void> {
  const { pod, name } = input
  const tell = tellOf(context, pod, name)
  const say = (error: StepError): never => {
    tell('Warning', 'Failed', `Error: ${error.message}`)
    throw error
  }
  const config = await configOf(context, input).catch((error: unknown) =>
    say(failed('CreateContainerConfigError', error)),
  )
  const sandbox = sandboxOf(context, pod, input.sandbox.attempt)
  const logs = join(sandbox.logDirectory ?? '', name)
  await mkdir(logs, { recursive: true, mode: 0o755 })
  // Beside the creation: rules are written in the time that the runtime takes.
  const admitted = admission(context, input).catch((error: unknown) => failed('CreateContainerError', error))
  const containerId = await context.turns.run('first', async () => {
    const made = await context.cri.runtime
      .createContainer({ podSandboxId: input.sandbox.id, config, sandboxConfig: sandbox })
      .catch((error: unknown) => say(failed('CreateContainerError', error)))
    const refused = await admitted
    if (refused !== undefined) {
      await context.cri.runtime.removeContainer({ containerId: made.containerId }).catch(() => undefined)
      return say(refused)
    }
    tell('Normal', 'Created', 'Container created')
    await context.cri.runtime
      .startContainer({ containerId: made.containerId })
      .catch((error: unknown) => say(failed('RunContainerError', error)))
    return made.containerId
  })
  tell('Normal', 'Started', 'Container started')
  await postStart(context, input, containerId)
}

const admission = (context: Context, { pod, sandbox }: StartInput): Promise<undefined> =>
  pod.spec.hostNetwork === true ? Promise.resolve(undefined) : context.admit(pod, sandbox.ips).then(() => undefined)

async function postStart(context: Context, input: StartInput, id: string): Promise<void> {
  const container = containerOf(input.pod, input.name)
  if (container.lifecycle?.postStart === undefined) return
  try {
    await hook(context, {
      pod: input.pod,
      container,
      id,
      ip: input.sandbox.ips[0] ?? '',
      which: 'postStart',
      limitMs: 600_000,
    })
  } catch (cause) {
    const tell = tellOf(context, input.pod, input.name)
    tell('Warning', 'FailedPostStartHook', `PostStartHook failed`)
    tell('Normal', 'Killing', 'FailedPostStartHook')
    await context.cri.runtime.stopContainer({ containerId: id, timeout: 2n }).catch(() => undefined)
    throw new StepError('PostStartHookError', `PostStartHook failed: ${rpcMessage(cause)}`, { cause })
  }
}

export interface HookInput {
  readonly pod: Pod
  readonly container: Container
  readonly id: string
  readonly ip: string
  readonly which: 'postStart' | 'preStop'
  readonly limitMs: number
}

/** Runs a lifecycle hook. @throws Error when it fails */
export async function hook(context: Context, input: HookInput): Promise<void> {
  const handler = input.container.lifecycle?.[input.which]
  if (handler === undefined) return
  const target = { cri: context.cri, container: input.container, id: input.id, ip: input.ip }
  if (handler.exec !== undefined) {
    const { ok, output } = await command(target, handler.exec.command ?? [], input.limitMs)
    if (!ok) throw new Error(output === '' ? 'command exited with a failure' : output)
  } else if (handler.httpGet !== undefined) await httpGet(target, handler.httpGet, Math.min(input.limitMs, 60_000))
  else if (handler.sleep !== undefined) {
    const milliseconds = Math.min(input.limitMs, handler.sleep.seconds * 1000)
    await new Promise<void>(resolve => void context.clock.after(milliseconds, resolve))
  }
}
