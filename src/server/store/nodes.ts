/** Nodes of the immutable tree: leaves hold values, branches hold subtrees with the least key of each and their size. */
export interface Node<V> {
  readonly keys: readonly string[]
  /** Of a leaf, beside `keys`; empty in a branch. */
  readonly values: readonly V[]
  /** Of a branch, beside `keys`; empty in a leaf. */
  readonly children: readonly Node<V>[]
  readonly size: number
}

const most = 32
const least = 10

export const leaf = <V>(keys: readonly string[], values: readonly V[]): Node<V> => ({
  keys,
  values,
  children: [],
  size: keys.length,
})

function branch<V>(keys: readonly string[], children: readonly Node<V>[]): Node<V> {
  let size = 0
  for (const child of children) size += child.size
  return { keys, values: [], children, size }
}

const branchOf = <V>(children: readonly Node<V>[]): Node<V> =>
  branch(
    children.map(child => child.keys[0] ?? ''),
    children,
  )

/** How many of the sorted keys are less than `key`. */
export function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}

/** The child of a branch that `key` belongs to. */
export function childIndex(keys: readonly string[], key: string): number {
  const at = lowerBound(keys, key)
  return keys[at] === key ? at : Math.max(0, at - 1)
}

/** One node, or two when it grew too large. */
function fit<V>(node: Node<V>): readonly Node<V>[] {
  if (node.keys.length <= most) return [node]
  const half = node.keys.length >>> 1
  const keys = [node.keys.slice(0, half), node.keys.slice(half)] as const
  if (node.children.length === 0)
    return [leaf(keys[0], node.values.slice(0, half)), leaf(keys[1], node.values.slice(half))]
  return [branch(keys[0], node.children.slice(0, half)), branch(keys[1], node.children.slice(half))]
}

function inserted<T>(list: readonly T[], at: number, item: T): readonly T[] {
  const copy = list.slice()
  copy.splice(at, 0, item)
  return copy
}

function replaced<T>(list: readonly T[], at: number, item: T): readonly T[] {
  const copy = list.slice()
  copy[at] = item
  return copy
}

/** The node with `key` set: one node, or two halves. */
export function insert<V>(node: Node<V>, key: string, value: V): readonly Node<V>[] {
  if (node.children.length === 0) {
    const at = lowerBound(node.keys, key)
    if (node.keys[at] === key) return [leaf(node.keys, replaced(node.values, at, value))]
    return fit(leaf(inserted(node.keys, at, key), inserted(node.values, at, value)))
  }
  const at = childIndex(node.keys, key)
  const child = node.children[at]
  if (child === undefined) return [leaf([key], [value])]
  const [left, right] = insert(child, key, value)
  if (left === undefined) return [node]
  const keys = key < (node.keys[at] ?? '') ? replaced(node.keys, at, key) : node.keys
  const children = replaced(node.children, at, left)
  if (right === undefined) return [{ keys, values: [], children, size: node.size + left.size - child.size }]
  return fit(branch(inserted(keys, at + 1, right.keys[0] ?? ''), inserted(children, at + 1, right)))
}

function joined<V>(left: Node<V>, right: Node<V>): readonly Node<V>[] {
  const keys = [...left.keys, ...right.keys]
  if (left.children.length === 0) return fit(leaf(keys, [...left.values, ...right.values]))
  return fit(branch(keys, [...left.children, ...right.children]))
}

/** The node without `key`, the same node when it is not there. It may be too small, or empty: its parent mends that. */
export function remove<V>(node: Node<V>, key: string): Node<V> {
  if (node.children.length === 0) {
    const at = lowerBound(node.keys, key)
    return node.keys[at] === key ? leaf(node.keys.toSpliced(at, 1), node.values.toSpliced(at, 1)) : node
  }
  const at = childIndex(node.keys, key)
  const child = node.children[at]
  const next = child === undefined ? child : remove(child, key)
  if (child === undefined || next === undefined || next === child) return node
  if (next.keys.length >= least)
    return { keys: node.keys, values: [], children: replaced(node.children, at, next), size: node.size - 1 }
  const from = Math.max(0, at - 1)
  const pair = at === 0 ? [next, node.children[1]] : [node.children[from], next]
  const [left, right] = pair.filter(part => part !== undefined && part.keys.length > 0)
  const mended = left === undefined ? [] : right === undefined ? [left] : joined(left, right)
  return branchOf(node.children.toSpliced(from, 2, ...mended))
}

/** Parents over nodes in order, up to one root. */
export function grow<V>(nodes: readonly Node<V>[]): Node<V> {
  let level = nodes
  while (level.length > 1) {
    const above: Node<V>[] = []
    const parts = Math.ceil(level.length / most)
    for (let i = 0; i < parts; i++)
      above.push(
        branchOf(level.slice(Math.floor((i * level.length) / parts), Math.floor(((i + 1) * level.length) / parts))),
      )
    level = above
  }
  return level[0] ?? leaf([], [])
}

export const leafSize = 24
