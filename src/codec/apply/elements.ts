/** The items of a list with their path elements. */
import { type ListKey, indexElement, keyElement, valueElement } from './element.ts'

/** Items that share an element are owned together, as one. */
export type Items = ReadonlyMap<string, readonly unknown[]>

/** @param keys undefined for a set. An item that has no key stands for its index. */
export const elementOf = (item: unknown, keys: readonly ListKey[] | undefined, at: number): string =>
  keys === undefined ? valueElement(item) : (keyElement(item, keys) ?? indexElement(at))

export function itemsOf(list: readonly unknown[], keys: readonly ListKey[] | undefined): Items {
  const items = new Map<string, unknown[]>()
  list.forEach((item, at) => {
    const element = elementOf(item, keys, at)
    const same = items.get(element)
    if (same === undefined) items.set(element, [item])
    else same.push(item)
  })
  return items
}
