/** Writes one pod's status: one write at a time, the newest next, nothing that changes nothing. */
import type { Patch } from '#api/door.ts'
import { keyOf } from '#api/metadata.ts'
import { isReason } from '#api/status.ts'
import { json } from '#client/client.ts'
import { pods } from '#kinds/facts/generated/refs.ts'
import type { Pod, PodStatus } from '#kinds/facts/generated/types/core_v1.ts'
import type { Context } from './context.ts'

export interface Report {
  put(pod: Pod, status: PodStatus): void
  /** What was last given to `put`. */
  last(): PodStatus | undefined
  /** Resolves when nothing waits to be written. */
  settled(): Promise<void>
}

const retryMs = 1_000
/** Fields that a merge only drops when told so. */
const optional = ['message', 'reason', 'podIP', 'podIPs', 'ephemeralContainerStatuses'] as const

/** Equal texts mean equal statuses, whatever the order of keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )

const patchOf = (pod: Pod, status: PodStatus): Patch['content'] => {
  const cleared = Object.fromEntries(optional.filter(name => status[name] === undefined).map(name => [name, null]))
  const { apiVersion, kind } = pod
  const body = { apiVersion, kind, metadata: { uid: pod.metadata.uid ?? '' }, status: { ...status, ...cleared } }
  return json(body)
}

export function makeReport(context: Context): Report {
  let [written, wanted] = ['', '']
  let next: { pod: Pod; status: PodStatus } | undefined
  let last: PodStatus | undefined
  let working: Promise<void> | undefined
  const write = async (): Promise<void> => {
    for (let item = next; item !== undefined; item = next) {
      next = undefined
      try {
        const content = patchOf(item.pod, item.status)
        await context.client.patch(pods, keyOf(item.pod), { type: 'strategic', subresource: 'status', content })
        written = canonical(item.status)
      } catch (error) {
        if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) continue
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
      working ??= write()
    },
    last: () => last,
    settled: async () => {
      await working
    },
  }
}
