/** The items of a list with their path elements. */
import { type ListKey, indexElement, keyElement, valueElement } from './element.ts'

/** Items that share an element are owned together, as one. */
export type Items = ReadonlyMap<string, readonly unknown[]>

/** @param keys undefined for a set. An item that has no key stands for its index. */
export function itemsOf(list: readonly unknown[], keys: readonly ListKey[] | undefined): Items {
  const items = new Map<string, unknown[]>()
  list.forEach((item, at) => {
    const element = keys === undefined ? valueElement(item) : (keyElement(item, keys) ?? indexElement(at))
    const same = items.get(element)
    if (same === undefined) items.set(element, [item])
    else same.push(item)
  })
  return items
}
