/** Changes JSON so that it stays JSON: what a decoder lets in, and validation, patches and columns then have to bear. */
import type { Random } from './random.ts'

type Container = unknown[] | Record<string, unknown>

interface Slot {
  readonly home: Container
  readonly key: string | number
}

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null

function put(home: Container, key: string | number, value: unknown): void {
  Object.defineProperty(home, key, { value, writable: true, enumerable: true, configurable: true })
}

const at = ({ home, key }: Slot): unknown => Object.getOwnPropertyDescriptor(home, key)?.value

function slots(root: unknown, most = 5000): readonly Slot[] {
  const found: Slot[] = []
  const waiting: unknown[] = [root]
  for (let next = waiting.pop(); next !== undefined && found.length < most; next = waiting.pop()) {
    if (!isContainer(next)) continue
    const home = next
    const keys = Array.isArray(home) ? [...home.keys()] : Object.keys(home)
    for (const key of keys) {
      found.push({ home, key })
      waiting.push(at({ home, key }))
    }
  }
  return found
}

const deep = (levels: number, key: string): unknown => {
  let value: unknown = {}
  for (let left = levels; left > 0; left--) value = { [key]: value }
  return value
}

const oddKeys = ['__proto__', 'constructor', 'toString', 'then', 'hasOwnProperty', '', 'é👑', '$patch', 'length', '0']
const oddValues: readonly (() => unknown)[] = [
  () => null,
  () => '',
  () => '__proto__',
  () => 0,
  () => -1,
  () => 1.5,
  () => 1e308,
  () => 2 ** 31,
  () => Number.MAX_SAFE_INTEGER,
  () => 9_223_372_036_854_775_807n,
  () => true,
  () => [],
  () => ({}),
  () => [null],
  () => 'x'.repeat(300),
  () => '2026-02-30T25:00:00Z',
  () => '99999999999999999999Gi',
  () => deep(30, 'a'),
  () => JSON.parse('{"__proto__": {"polluted": true}}'),
  () => JSON.parse('{"constructor": {"prototype": {"polluted": true}}}'),
]

const copied = (value: unknown): unknown => structuredClone(value)

type Mutation = (slot: Slot, context: { random: Random; all: readonly Slot[]; words: readonly string[] }) => void

const replace: Mutation = (slot, { random, words }) =>
  put(slot.home, slot.key, words.length > 0 && random.oneIn(3) ? random.pick(words) : random.pick(oddValues)())

const drop: Mutation = ({ home, key }) => {
  if (Array.isArray(home)) home.splice(Number(key), 1)
  else Reflect.deleteProperty(home, key)
}

const rename: Mutation = (slot, { random, words, all }) => {
  if (Array.isArray(slot.home)) return
  const value = at(slot)
  if (random.oneIn(2)) Reflect.deleteProperty(slot.home, slot.key)
  const kinds = [oddKeys, words.length > 0 ? words : oddKeys, [String(random.pick(all).key)]]
  put(slot.home, random.pick(random.pick(kinds)), copied(value))
}

const double: Mutation = (slot, { random }) => {
  if (!Array.isArray(slot.home)) return
  const times = random.oneIn(10) ? 200 : 1 + random.below(3)
  for (let left = times; left > 0; left--) slot.home.push(copied(at(slot)))
}

const swap: Mutation = (slot, { random, all }) => {
  const other = random.pick(all)
  const [one, two] = [copied(at(slot)), copied(at(other))]
  put(slot.home, slot.key, two)
  put(other.home, other.key, one)
}

const copyFrom: Mutation = (slot, { random, all }) => put(slot.home, slot.key, copied(at(random.pick(all))))

const wrap: Mutation = (slot, { random }) =>
  put(slot.home, slot.key, random.oneIn(2) ? [copied(at(slot))] : { [random.pick(oddKeys)]: copied(at(slot)) })

const mutations = [replace, replace, drop, rename, double, swap, copyFrom, wrap]

/** Changes a copy in one to four places. */
export function mutateJson(root: unknown, random: Random, words: readonly string[]): unknown {
  const changed = copied([root]) as unknown[]
  for (let left = random.oneIn(2) ? 1 : 1 + random.below(4); left > 0; left--) {
    const all = slots(changed)
    if (all.length > 0) random.pick(mutations)(random.pick(all), { random, all, words })
  }
  return changed[0]
}
