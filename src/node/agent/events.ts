/** What happens in the runtime, as the uids of the pods it concerns: by its event stream, or by looking where it has none. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '#base/log.ts'
import { type Cri, isUnimplemented, rpcMessage } from '../cri/client.ts'
import { ContainerEvent } from '../cri/codes.ts'
import { label } from '../runtime.ts'

export interface RuntimeEvents {
  /** Milliseconds since the runtime last answered. */
  silence(): number
  stop(): void
}

const safetyEvery = 10_000
const pollEvery = 1_000
/** Own doing, seen when the step is done. */
const dull = new Set<number>([ContainerEvent.CREATED, ContainerEvent.STARTED])

/** State of every container and sandbox by pod, as text that differs when anything changed. */
async function look(cri: Cri): Promise<ReadonlyMap<string, string>> {
  const [containers, sandboxes] = await Promise.all([cri.runtime.listContainers({}), cri.runtime.listPodSandbox({})])
  const pods = new Map<string, string[]>()
  const add = (uid: string | undefined, text: string): void => {
    if (uid !== undefined) pods.set(uid, [...(pods.get(uid) ?? []), text])
  }
  for (const one of containers.containers) add(one.labels[label.uid], `${one.id} ${one.state}`)
  for (const one of sandboxes.items) add(one.labels[label.uid], `${one.id} ${one.state}`)
  return new Map([...pods].map(([uid, texts]) => [uid, texts.sort().join()]))
}

async function stream(cri: Cri, signal: AbortSignal, onPod: (uid: string) => void): Promise<void> {
  for await (const event of cri.runtime.getContainerEvents({}, { signal, timeoutMs: 0 }))
    if (!dull.has(event.containerEventType)) onPod(event.podSandboxStatus?.metadata?.uid ?? '')
}

/** @param onPod may be called without need; an empty uid means: any of them */
export function followRuntime(cri: Cri, log: Log, onPod: (uid: string) => void): RuntimeEvents {
  const abort = new AbortController()
  const { signal } = abort
  let every = safetyEvery
  let heard = performance.now()
  const listen = async (): Promise<void> => {
    while (!signal.aborted)
      try {
        await stream(cri, signal, onPod)
      } catch (error) {
        if (signal.aborted) return
        if (isUnimplemented(error)) {
          every = pollEvery
          return
        }
        log.info('runtime events interrupted', { error: rpcMessage(error) })
        await sleep(500, undefined, { signal, ref: false }).catch(() => undefined)
      }
  }
  const relist = async (): Promise<void> => {
    let before: ReadonlyMap<string, string> = new Map()
    while (!signal.aborted) {
      const now = await look(cri).then(
        seen => {
          heard = performance.now()
          return seen
        },
        () => before,
      )
      for (const uid of new Set([...before.keys(), ...now.keys()])) if (before.get(uid) !== now.get(uid)) onPod(uid)
      before = now
      await sleep(every, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }
  void listen()
  void relist()
  return { silence: () => performance.now() - heard, stop: () => abort.abort() }
}
