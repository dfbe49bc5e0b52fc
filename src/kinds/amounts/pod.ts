/** What a pod takes in all, as the scheduler counts. */
import type { Container, PodSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { type Sums, addUsage, raise, readList } from './sums.ts'

export type Side = 'requests' | 'limits'

const listOf = (container: Container, side: Side): Sums => readList(container.resources?.[side])

/** What a pod may say for itself as a whole. */
const whole = (name: string): boolean => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')

/** Containers and sidecars together, or an init container with the sidecars before it; then what the pod says for itself. */
export function podTotals(spec: PodSpec, side: Side): Sums {
  const running: Sums = new Map()
  for (const container of spec.containers) addUsage(running, listOf(container, side))
  const sidecars: Sums = new Map()
  const starting: Sums = new Map()
  for (const container of spec.initContainers ?? []) {
    const now = new Map(sidecars)
    addUsage(now, listOf(container, side))
    if (container.restartPolicy === 'Always') addUsage(sidecars, listOf(container, side))
    raise(starting, now)
  }
  addUsage(running, sidecars)
  raise(running, starting)
  for (const [name, quantity] of readList(spec.resources?.[side])) if (whole(name)) running.set(name, quantity)
  return running
}

/** With the overhead of its runtime: limits only where there is one. */
export function podAmounts(spec: PodSpec, side: Side): Sums {
  const sums = podTotals(spec, side)
  for (const [name, quantity] of readList(spec.overhead))
    if (side === 'requests' || sums.has(name)) addUsage(sums, new Map([[name, quantity]]))
  return sums
}
