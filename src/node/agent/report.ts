/** Writes one pod's status: one write at a time, the newest next, nothing that changes nothing. */
import { keyOf } from '#api/metadata.ts'
import { isReason } from '#api/status.ts'
import { pods } from '#kinds/facts/generated/refs.ts'
import type { Pod, PodStatus } from '#kinds/facts/generated/types/core_v1.ts'
import { isOurs } from '../pod/conditions.ts'
import type { Context } from './context.ts'

export interface Report {
  put(pod: Pod, status: PodStatus): void
  /** What was last given to `put`. */
  last(): PodStatus | undefined
  /** Resolves when nothing waits to be written. */
  settled(): Promise<void>
}

const retryMs = 1_000
/** Fields of ours that a status may lack; all others that we do not set are somebody else's, and stay. */
const optional = [
  'message',
  'reason',
  'podIP',
  'podIPs',
  'initContainerStatuses',
  'ephemeralContainerStatuses',
] as const

/** Equal texts mean equal statuses, whatever the order of keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )

/** The newest pod that is known with our part of its status. */
function bodyOf(base: Pod, status: PodStatus): Pod {
  const foreign = Object.entries(base.status ?? {}).filter(([name]) => !optional.some(one => one === name))
  const conditions = [
    ...(base.status?.conditions ?? []).filter(one => !isOurs(one.type)),
    ...(status.conditions ?? []).filter(one => isOurs(one.type)),
  ]
  return { ...base, status: { ...Object.fromEntries(foreign), ...status, conditions } }
}

const revision = (pod: Pod): number => Number(pod.metadata.resourceVersion ?? 0)

/** Writes, on the newest object where the one known has been overtaken. @returns undefined where this pod is gone */
async function write(context: Context, base: Pod, status: PodStatus): Promise<Pod | undefined> {
  let on: Pod | undefined = base
  for (let attempt = 0; attempt < 5 && on !== undefined; attempt++)
    try {
      return await context.client.updateStatus(pods, bodyOf(on, status))
    } catch (error) {
      if (isReason(error, 'NotFound')) return undefined
      if (!isReason(error, 'Conflict')) throw error
      const found: Pod | undefined = await context.client.find(pods, keyOf(base))
      on = found?.metadata.uid === base.metadata.uid ? found : undefined
    }
  if (on === undefined) return undefined
  throw new Error('the pod changed five times meanwhile')
}

export function makeReport(context: Context): Report {
  let [written, wanted] = ['', '']
  let next: { pod: Pod; status: PodStatus } | undefined
  let last: PodStatus | undefined
  let working: Promise<void> | undefined
  let answered: Pod | undefined
  const drain = async (): Promise<void> => {
    for (let item = next; item !== undefined; item = next) {
      next = undefined
      try {
        const base = answered !== undefined && revision(answered) > revision(item.pod) ? answered : item.pod
        answered = await write(context, base, item.status)
        written = canonical(item.status)
      } catch (error) {
        context.log.warn('cannot write a pod status', { pod: keyOf(item.pod), error: String(error) })
        await new Promise<void>(resolve => void context.clock.after(retryMs, resolve))
        next ??= item
      }
    }
    working = undefined
  }
  return {
    put: (pod, status) => {
      const text = canonical(status)
      last = status
      if (text === wanted) return
      wanted = text
      if (text === written && working === undefined) return
      if (written === '' && text === canonical(pod.status)) {
        written = text
        return
      }
      next = { pod, status }
      working ??= drain()
    },
    last: () => last,
    settled: async () => {
      await working
    },
  }
}
