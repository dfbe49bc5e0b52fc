/** A configuration merged into an object: what it says wins, what it does not speak of stays. */
import { inexplicable } from '../patch/errors.ts'
import { type Fields, isObject, own, put } from '../patch/tree.ts'
import { type ListKey, fieldElement, keyElement, pathText, valueElement } from './element.ts'
import type { ListShape, MapShape, Shape } from './shape.ts'
import { mapOf, shapeAt } from './whole.ts'

/** From the inside out: it is only read when something is wrong. */
type Path = { readonly above: Path; readonly element: string } | undefined

function pathOf(path: Path): readonly string[] {
  const elements: string[] = []
  for (let at = path; at !== undefined; at = at.above) elements.unshift(at.element)
  return elements
}

/** @throws StatusError for a list in the configuration that has a key twice, or an item without one. */
export const mergedConfig = (shape: Shape, live: unknown, config: unknown): unknown =>
  merged(shape, live, { config, path: undefined })

interface Input<T> {
  readonly config: T
  readonly path: Path
}

function merged(shape: Shape, live: unknown, { config, path }: Input<unknown>): unknown {
  const map = mapOf(shape)
  if (map !== undefined && isObject(config)) return mergedMaps(map, isObject(live) ? live : {}, { config, path })
  if (shape.type === 'set' || shape.type === 'list')
    if (Array.isArray(config)) return mergedLists(shape, Array.isArray(live) ? live : [], { config, path })
  return config
}

function mergedMaps(shape: MapShape, live: Fields, { config, path }: Input<Fields>): Fields {
  const result: Fields = {}
  for (const name of Object.keys(live)) if (!Object.hasOwn(config, name)) put(result, name, live[name])
  for (const name of Object.keys(config)) {
    const input = { config: config[name], path: { above: path, element: fieldElement(name) } }
    put(result, name, merged(shapeAt(shape, name), own(live, name), input))
  }
  return result
}

function elementOf(item: unknown, keys: readonly ListKey[] | undefined): string | undefined {
  return keys === undefined ? valueElement(item) : keyElement(item, keys)
}

/** @throws StatusError as upstream refuses a configuration that cannot be told apart item by item. */
function configItems(shape: ListShape, { config, path }: Input<readonly unknown[]>): Map<string, unknown> {
  const items = new Map<string, unknown>()
  config.forEach((item, at) => {
    const element = elementOf(item, shape.type === 'list' ? shape.keys : undefined)
    if (element === undefined) {
      const names = shape.type === 'list' ? shape.keys.map(key => JSON.stringify(key.name)).join(' ') : ''
      throw inexplicable(
        `${pathText(pathOf(path))}: element ${at}: associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
      )
    }
    if (items.has(element))
      throw inexplicable(`${pathText(pathOf(path))}: duplicate entries for key ${pathText([element])}`)
    items.set(element, item)
  })
  return items
}

/**
 * Items of both keep the configuration's order; those that only the object has stay where they are among them. An item of
 * the object whose key comes twice there gives way to the configuration's.
 */
function mergedLists(shape: ListShape, live: readonly unknown[], input: Input<readonly unknown[]>): unknown[] {
  const keys = shape.type === 'list' ? shape.keys : undefined
  const wanted = configItems(shape, input)
  const present = new Map<string, unknown>()
  const order = live.map((item, at) => {
    const element = elementOf(item, keys) ?? `i:${at}`
    present.set(element, present.has(element) ? undefined : item)
    return element
  })
  const merge = (element: string): unknown =>
    shape.type === 'set'
      ? wanted.get(element)
      : merged(shape.items, present.get(element), { config: wanted.get(element), path: { above: input.path, element } })
  const result: unknown[] = []
  const elements = [...wanted.keys()]
  const shared = elements.filter(element => present.has(element))
  const done = new Set<string>()
  let [left, right, next] = [0, 0, 0]
  while (left < order.length || right < elements.length) {
    const mine = order[left]
    const theirs = elements[right]
    const both = mine !== undefined && theirs !== undefined
    if (both && mine !== theirs && wanted.has(mine) && next < shared.length && shared[next] !== mine) left++
    else if (mine !== undefined && !wanted.has(mine)) result.push(live[left++])
    else {
      if (mine !== undefined && (mine === theirs || done.has(mine))) left++
      if (theirs === undefined) continue
      done.add(theirs)
      result.push(merge(theirs))
      right++
      if (shared[next] === theirs) next++
    }
  }
  return result
}
