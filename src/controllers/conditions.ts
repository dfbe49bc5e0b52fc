/** Lists of conditions, changed by making new lists. */
import { timestamp } from '#base/clock.ts'

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
  readonly lastUpdateTime?: string
  readonly lastProbeTime?: string
}

export type Conditions<C extends Condition = Condition> = readonly C[] | undefined

export const condition = <C extends Condition>(list: Conditions<C>, type: string): C | undefined =>
  list?.find(one => one.type === type)

export const isTrue = (list: Conditions, type: string): boolean => condition(list, type)?.status === 'True'

export const without = <C extends Condition>(list: Conditions<C>, type: string): readonly C[] =>
  (list ?? []).filter(one => one.type !== type)

/** Puts it at the end. The same status and reason again leave the list as it is; the same status keeps its transition time. */
export function withCondition<C extends Condition>(list: Conditions<C>, next: C): readonly C[] {
  const current = condition(list, next.type)
  if (current !== undefined && current.status === next.status && current.reason === next.reason) return list ?? []
  const since = current?.status === next.status ? current.lastTransitionTime : undefined
  return [...without(list, next.type), since === undefined ? next : { ...next, lastTransitionTime: since }]
}

/** Seconds since the epoch are as fine as API times are. */
export const stamp = (now: number): string => timestamp(now)

/** Milliseconds since the epoch of an API time; NaN when absent. */
export const at = (time: string | undefined): number => (time === undefined ? Number.NaN : Date.parse(time))
