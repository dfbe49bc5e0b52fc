/**
 * Seats of the priority levels. Each has a nominal share of all seats; a part of it is lent while nobody needs it. What a
 * level never lends is always free for it, and nobody borrows while one that is below its share waits.
 */
import type { PriorityLevelConfiguration } from '#kinds/facts/generated/types/flowcontrol_v1.ts'
import { Queues, type Waiting } from './queues.ts'

export interface LevelLimits {
  readonly exempt: boolean
  /** Seats. */
  readonly nominal: number
  /** Seats that are kept for the level alone. */
  readonly kept: number
  /** Seats with everything that may be borrowed. */
  readonly most: number
}

const shares = ({ spec }: PriorityLevelConfiguration): number =>
  spec.type === 'Exempt' ? (spec.exempt?.nominalConcurrencyShares ?? 0) : (spec.limited?.nominalConcurrencyShares ?? 30)

/** @param seats of the whole server */
export function limitsOf(
  levels: readonly PriorityLevelConfiguration[],
  seats: number,
): ReadonlyMap<string, LevelLimits> {
  const sum = levels.reduce((total, level) => total + shares(level), 0)
  return new Map(
    levels.map(level => {
      const { spec } = level
      const nominal = sum === 0 ? 0 : Math.ceil((seats * shares(level)) / sum)
      const exempt = spec.type === 'Exempt'
      const lendable = (exempt ? spec.exempt?.lendablePercent : spec.limited?.lendablePercent) ?? 0
      const borrowing = spec.limited?.borrowingLimitPercent
      const limits: LevelLimits = {
        exempt,
        nominal,
        kept: nominal - Math.round((nominal * lendable) / 100),
        most: borrowing === undefined ? Infinity : nominal + Math.round((nominal * borrowing) / 100),
      }
      return [level.metadata.name ?? '', limits] as const
    }),
  )
}

export interface Level<T> {
  readonly name: string
  limits: LevelLimits
  /** How its queues were asked for. */
  shape: string
  /** Absent where nobody waits: the level refuses at once. */
  queues: Queues<T> | undefined
  /** Seats that are taken. */
  used: number
}

export class Levels<T> {
  readonly #levels = new Map<string, Level<T>>()

  /** @returns who waited in queues that are no more */
  configure(configurations: readonly PriorityLevelConfiguration[], seats: number): readonly T[] {
    const limits = limitsOf(configurations, seats)
    const gone: T[] = []
    for (const [name, level] of this.#levels)
      if (!limits.has(name)) {
        gone.push(...drained(level.queues))
        this.#levels.delete(name)
      }
    for (const one of configurations) {
      const name = one.metadata.name ?? ''
      const [own, shape] = [limits.get(name), JSON.stringify(one.spec.limited?.limitResponse ?? null)]
      if (own === undefined) continue
      const known = this.#levels.get(name)
      if (known?.shape === shape) known.limits = own
      else {
        gone.push(...drained(known?.queues))
        this.#levels.set(name, { name, limits: own, shape, queues: queuesOf(one), used: known?.used ?? 0 })
      }
    }
    return gone
  }

  get(name: string): Level<T> | undefined {
    return this.#levels.get(name)
  }

  all(): Iterable<Level<T>> {
    return this.#levels.values()
  }

  /** Whether so many seats may be taken now by a request that does not wait. */
  hasRoom(level: Level<T>, width: number): boolean {
    if (level.limits.exempt) return true
    const after = level.used + width
    // A wide request runs alone rather than never.
    if (level.used > 0 && after > level.limits.most) return false
    if (after <= level.limits.kept) return true
    let [taken, all] = [0, 0]
    for (const one of this.#levels.values()) {
      if (one.limits.exempt) continue
      all += one.limits.nominal
      taken += Math.max(one.limits.kept, one === level ? after : one.used)
      const needy = one !== level && (one.queues?.waiting ?? 0) > 0 && one.used < one.limits.nominal
      if (needy && after > level.limits.nominal) return false
    }
    return taken <= all || level.used === 0
  }

  /** Who may go on now: of the level that is furthest below its share. */
  next(): { readonly level: Level<T>; readonly waiting: Waiting<T> } | undefined {
    let best: { level: Level<T>; waiting: Waiting<T> } | undefined
    const fullness = ({ used, limits }: Level<T>): number => used / Math.max(1, limits.nominal)
    for (const level of this.#levels.values()) {
      const waiting = level.queues?.next()
      if (waiting === undefined || !this.hasRoom(level, waiting.width)) continue
      if (best === undefined || fullness(level) < fullness(best.level)) best = { level, waiting }
    }
    return best
  }
}

function drained<T>(queues: Queues<T> | undefined): readonly T[] {
  const items: T[] = []
  for (let next = queues?.next(); next !== undefined; next = queues?.next()) {
    queues?.remove(next)
    items.push(next.item)
  }
  return items
}

function queuesOf<T>({ spec }: PriorityLevelConfiguration): Queues<T> | undefined {
  const { limitResponse } = spec.limited ?? {}
  if (limitResponse?.type !== 'Queue') return undefined
  const { queues = 64, handSize = 8, queueLengthLimit = 50 } = limitResponse.queuing ?? {}
  return new Queues<T>({ queues, handSize, lengthLimit: queueLengthLimit })
}
