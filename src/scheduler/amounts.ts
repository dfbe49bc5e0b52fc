/** What pods ask for and nodes have, as plain numbers: thousandths of a CPU, bytes, and counts of everything else. */
import { QuantityError, milliUnits, parseQuantity, wholeUnits } from '#base/quantity.ts'
import type { Container, Pod } from '#kinds/facts/generated/types/core_v1.ts'

export type ResourceList = Readonly<Record<string, string>> | undefined

export interface Amounts {
  /** Thousandths. */
  cpu: number
  /** Bytes. */
  memory: number
  storage: number
  /** Huge pages in bytes, extended resources in pieces. Undefined when there are none, as nearly always. */
  others: Map<string, number> | undefined
}

export const noAmounts = (): Amounts => ({ cpu: 0, memory: 0, storage: 0, others: undefined })

/** Quantities repeat: thousands of pods ask for the same few. */
const parsed = new Map<string, number>()
const keptMost = 10_000

function amount(text: string, milli: boolean): number {
  const key = milli ? `m${text}` : text
  const known = parsed.get(key)
  if (known !== undefined) return known
  if (parsed.size >= keptMost) parsed.clear()
  const value = read(text, milli)
  parsed.set(key, value)
  return value
}

function read(text: string, milli: boolean): number {
  try {
    const quantity = parseQuantity(text)
    return Number(milli ? milliUnits(quantity) : wholeUnits(quantity))
  } catch (error) {
    // Validation keeps such text out; one that slipped through must not stop the others' scheduling.
    if (error instanceof QuantityError) return 0
    throw error
  }
}

export function amountsOf(list: ResourceList): Amounts {
  const amounts = noAmounts()
  for (const [name, text] of Object.entries(list ?? {}))
    if (name === 'cpu') amounts.cpu = amount(text, true)
    else if (name === 'memory') amounts.memory = amount(text, false)
    else if (name === 'ephemeral-storage') amounts.storage = amount(text, false)
    else if (name !== 'pods') (amounts.others ??= new Map()).set(name, amount(text, false))
  return amounts
}

export const podsOf = (list: ResourceList): number => (list?.['pods'] === undefined ? 0 : amount(list['pods'], false))

/** Adds `by` times `sign` to `to`. */
export function add(to: Amounts, by: Amounts, sign: 1 | -1 = 1): void {
  to.cpu += sign * by.cpu
  to.memory += sign * by.memory
  to.storage += sign * by.storage
  if (by.others === undefined) return
  to.others ??= new Map()
  for (const [name, value] of by.others) to.others.set(name, (to.others.get(name) ?? 0) + sign * value)
}

function most(to: Amounts, other: Amounts): void {
  to.cpu = Math.max(to.cpu, other.cpu)
  to.memory = Math.max(to.memory, other.memory)
  to.storage = Math.max(to.storage, other.storage)
  if (other.others === undefined) return
  to.others ??= new Map()
  for (const [name, value] of other.others) to.others.set(name, Math.max(to.others.get(name) ?? 0, value))
}

type Of = (container: Container) => Amounts

/**
 * Containers run together with the sidecars (init containers that restart always); each other init container runs with
 * the sidecars started before it. The pod needs the most of these at any time, and its overhead on top.
 */
function total(pod: Pod, of: Of): Amounts {
  const running = noAmounts()
  for (const container of pod.spec.containers) add(running, of(container))
  const sidecars = noAmounts()
  const starting = noAmounts()
  for (const container of pod.spec.initContainers ?? []) {
    const now = noAmounts()
    add(now, of(container))
    add(now, sidecars)
    if (container.restartPolicy === 'Always') add(sidecars, of(container))
    most(starting, now)
  }
  add(running, sidecars)
  most(running, starting)
  const whole = pod.spec.resources?.requests
  if (whole !== undefined) override(running, amountsOf(whole), whole)
  if (pod.spec.overhead !== undefined) add(running, amountsOf(pod.spec.overhead))
  return running
}

function override(amounts: Amounts, whole: Amounts, list: NonNullable<ResourceList>): void {
  if ('cpu' in list) amounts.cpu = whole.cpu
  if ('memory' in list) amounts.memory = whole.memory
  for (const [name, value] of whole.others ?? [])
    if (name.startsWith('hugepages-')) (amounts.others ??= new Map()).set(name, value)
}

export const requestsOf = (pod: Pod): Amounts => total(pod, container => amountsOf(container.resources?.requests))

/** For scoring, a container that asks for nothing counts as asking for a little: else such pods would all go to one node. */
export const scoredRequestsOf = (pod: Pod): Amounts =>
  total(pod, container => {
    const requests = container.resources?.requests
    const amounts = amountsOf(requests)
    if (requests?.['cpu'] === undefined) amounts.cpu = 100
    if (requests?.['memory'] === undefined) amounts.memory = 200 * 1024 * 1024
    return amounts
  })
