/** Lists that a strategic merge patch merges: objects by their merge key, scalars as sets; the order is upstream's. */
import { fresh, goType, hasDirective } from './directives.ts'
import { inexplicable, unprocessable } from './errors.ts'
import { type Fields, isObject, own, printed } from './tree.ts'

export interface ListRule {
  /** Empty for lists of scalars. */
  readonly mergeKey: string
  /** Merges a patch's item into the live one of the same key. */
  readonly merge: (before: Fields, patch: Fields) => Fields
  /** The type that has the list, for messages. */
  readonly name: string
}

interface OrderedInput {
  readonly live: readonly unknown[]
  readonly patch: readonly unknown[]
  /** Whether the schema has the lists merged; else the patch's replaces. */
  readonly merges: boolean
  /** There was none before. */
  readonly added: boolean
  /** The patch has none. */
  readonly kept: boolean
}

/** The list in the order that a `$setElementOrder` names; what only the server knows stays among its neighbours. */
export function orderedList(input: OrderedInput, order: readonly unknown[], rule: ListRule): unknown[] {
  checkOrder(input.patch, order, rule)
  const merged = contents(input, rule)
  return merged.length === 0 ? [] : normalized(merged, { order, live: input.live, mergeKey: rule.mergeKey })
}

function contents(input: OrderedInput, rule: ListRule): unknown[] {
  if (input.kept) return [...input.live]
  if (input.added || !input.merges) return input.patch.map(fresh).filter(item => item !== undefined)
  return mergedList(input.live, input.patch, rule)
}

/** @throws StatusError where items are of several types or have no merge key. */
export function mergedList(live: readonly unknown[], patch: readonly unknown[], rule: ListRule): unknown[] {
  if (live.length === 0 && patch.length === 0) return []
  if (!holdsObjects(live, patch)) {
    const merged = [...new Set([...live, ...patch])]
    return normalized(merged, { order: patch, live, mergeKey: '' })
  }
  const { mergeKey } = rule
  if (mergeKey === '') throw inexplicable(`cannot merge lists without merge key for ${rule.name}`)
  const plain = patch.filter(item => !hasDirective(item))
  const base = directed(live, patch, mergeKey)
  if (base === undefined) return plain.map(fresh)
  return normalized(mergedItems(base, plain, rule), { order: plain, live: base, mergeKey })
}

export function without(live: readonly unknown[], values: readonly unknown[]): unknown[] {
  const gone = new Set(values)
  return live.filter(item => !gone.has(item))
}

function holdsObjects(...lists: readonly (readonly unknown[])[]): boolean {
  let type: string | undefined
  for (const item of lists.flat()) {
    const own = goType(item)
    if (own === '[]interface {}') throw unprocessable()
    if (type !== undefined && own !== type)
      throw inexplicable(`list element types are not identical: ${printed(lists)}`)
    type = own
  }
  return type === 'map[string]interface {}'
}

/** What is left of the live list after the patch's directives; undefined: nothing, the patch replaces it. */
function directed(
  live: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string,
): readonly unknown[] | undefined {
  const gone = new Set<unknown>()
  let replace = false
  for (const item of patch) {
    if (!isObject(item) || !Object.hasOwn(item, '$patch')) continue
    const directive = item['$patch']
    if (directive === 'delete') gone.add(keyOf(item, mergeKey))
    else if (directive === 'replace') replace = true
    else if (directive === 'merge') throw inexplicable('merging lists cannot yet be specified in the patch')
    else throw inexplicable(`unknown patch type: ${printed(directive)} in map: ${printed(item)}`)
  }
  if (replace) return undefined
  return gone.size === 0 ? live : live.filter(item => !isObject(item) || !gone.has(own(item, mergeKey)))
}

function mergedItems(live: readonly unknown[], patch: readonly unknown[], rule: ListRule): unknown[] {
  const result = [...live]
  const places = positions(live, rule.mergeKey, false)
  for (const item of patch) {
    const key = keyOf(item, rule.mergeKey)
    const place = places.get(key)
    const before = place === undefined ? undefined : result[place]
    if (place !== undefined && isObject(before) && isObject(item)) result[place] = rule.merge(before, item)
    else places.set(key, result.push(fresh(item)) - 1)
  }
  return result
}

/** What tells items apart: the merge key's value, or the scalar itself. @throws StatusError */
function keyOf(item: unknown, mergeKey: string): unknown {
  if (mergeKey === '') return item
  if (!isObject(item)) throw inexplicable(`expected a map[string]interface {}, but received a ${goType(item)}`)
  if (!Object.hasOwn(item, mergeKey))
    throw inexplicable(`map: ${printed(item)} does not contain declared merge key: ${mergeKey}`)
  return item[mergeKey]
}

/** Where each key first stands. */
function positions(list: readonly unknown[], mergeKey: string, strict = true): Map<unknown, number> {
  const places = new Map<unknown, number>()
  list.forEach((item, at) => {
    const key = strict || !isObject(item) ? keyOf(item, mergeKey) : own(item, mergeKey)
    if (!places.has(key)) places.set(key, at)
  })
  return places
}

interface Ordering {
  readonly order: readonly unknown[]
  readonly live: readonly unknown[]
  readonly mergeKey: string
}

/** Items that `order` names come in its order; the others keep theirs and stand before the first that follows them live. */
function normalized(merged: readonly unknown[], { order, live, mergeKey }: Ordering): unknown[] {
  const wanted = positions(order, mergeKey)
  const places = positions(live, mergeKey)
  const rank = (of: ReadonlyMap<unknown, number>) => (item: unknown) => of.get(keyOf(item, mergeKey)) ?? -1
  const byWish = rank(wanted)
  const byPlace = rank(places)
  const named = merged.filter(item => byWish(item) >= 0).toSorted((left, right) => byWish(left) - byWish(right))
  const others = merged.filter(item => byWish(item) < 0)
  const result: unknown[] = []
  let next = 0
  for (const item of named) {
    const place = byPlace(item)
    while (next < others.length && byPlace(others[next]) < place) result.push(others[next++])
    result.push(item)
  }
  return [...result, ...others.slice(next)]
}

/** The items of the patch stand in the order that it names, and are among those. @throws StatusError */
function checkOrder(patch: readonly unknown[], order: readonly unknown[], { mergeKey }: ListRule): void {
  if (order.length === 0 || patch.length === 0) return
  let next = 0
  for (const item of patch) {
    if (hasDirective(item)) continue
    const key = keyOf(item, mergeKey)
    while (next < order.length && keyOf(order[next], mergeKey) !== key) next++
    if (next === order.length)
      throw inexplicable(
        `The order in patch list:\n${printed(patch)}\n doesn't match $setElementOrder list:\n${printed(order)}\n`,
      )
    next++
  }
}
