/** An immutable ordered map from keys, in the order of their UTF-8 bytes: changes share all but one path with what they came from. */
import { childIndex, grow, insert, leaf, leafSize, lowerBound, remove, type Node } from './nodes.ts'
import { pastPrefix, sortable } from './sortable.ts'

export interface Range {
  readonly prefix?: string
  readonly after?: string
}

const bounds = ({ prefix = '', after }: Range): readonly [string, string | undefined] => {
  const begin = sortable(prefix)
  const past = after === undefined ? '' : `${sortable(after)}\0`
  return [past > begin ? past : begin, prefix === '' ? undefined : pastPrefix(begin)]
}

export class Tree<V> {
  readonly #root: Node<V>

  private constructor(root: Node<V>) {
    this.#root = root
  }

  static empty<V>(): Tree<V> {
    return new Tree<V>(leaf([], []))
  }

  /** Of pairs in any order, later ones winning; fast when they come sorted. */
  static of<V>(pairs: Iterable<readonly [string, V]>): Tree<V> {
    const all = Array.from(pairs, ([key, value]) => [sortable(key), value] as const)
    const ordered = all.every(([key], i) => i === 0 || (all[i - 1]?.[0] ?? '') < key)
    const sorted = ordered ? all : [...new Map(all)].sort(([a], [b]) => (a < b ? -1 : 1))
    const leaves: Node<V>[] = []
    for (let i = 0; i < sorted.length; i += leafSize) {
      const part = sorted.slice(i, i + leafSize)
      leaves.push(
        leaf(
          part.map(([key]) => key),
          part.map(([, value]) => value),
        ),
      )
    }
    return new Tree(grow(leaves))
  }

  get size(): number {
    return this.#root.size
  }

  get(key: string): V | undefined {
    const wanted = sortable(key)
    let node: Node<V> | undefined = this.#root
    while (node !== undefined && node.children.length > 0) node = node.children[childIndex(node.keys, wanted)]
    if (node === undefined) return undefined
    const at = lowerBound(node.keys, wanted)
    return node.keys[at] === wanted ? node.values[at] : undefined
  }

  with(key: string, value: V): Tree<V> {
    return new Tree(grow(insert(this.#root, sortable(key), value)))
  }

  without(key: string): Tree<V> {
    let root = remove(this.#root, sortable(key))
    if (root === this.#root) return this
    while (root.children.length === 1 && root.children[0] !== undefined) root = root.children[0]
    return root.size === 0 ? Tree.empty() : new Tree(root)
  }

  *range(range: Range = {}): IterableIterator<V> {
    const [from, until] = bounds(range)
    const stack: { readonly node: Node<V>; at: number }[] = []
    let node: Node<V> | undefined = this.#root
    while (node !== undefined && node.children.length > 0) {
      const at = childIndex(node.keys, from)
      stack.push({ node, at })
      node = node.children[at]
    }
    let first = node === undefined ? 0 : lowerBound(node.keys, from)
    while (node !== undefined) {
      for (let i = first; i < node.keys.length; i++) {
        const value = node.values[i]
        if (value === undefined || (until !== undefined && (node.keys[i] ?? '') >= until)) return
        yield value
      }
      first = 0
      node = next(stack)
    }
  }

  count(range: Range = {}): number {
    const [from, until] = bounds(range)
    const end = until === undefined ? this.size : rank(this.#root, until)
    return Math.max(0, end - rank(this.#root, from))
  }
}

/** The leaf after the one the stack led to. */
function next<V>(stack: { readonly node: Node<V>; at: number }[]): Node<V> | undefined {
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    let node = top.node.children[top.at + 1]
    if (node === undefined) continue
    stack.push({ node: top.node, at: top.at + 1 })
    while (node !== undefined && node.children.length > 0) {
      stack.push({ node, at: 0 })
      node = node.children[0]
    }
    return node
  }
  return undefined
}

/** How many keys are less than `key`. */
function rank<V>(root: Node<V>, key: string): number {
  let below = 0
  let node: Node<V> | undefined = root
  while (node !== undefined && node.children.length > 0) {
    const at = childIndex(node.keys, key)
    for (let i = 0; i < at; i++) below += node.children[i]?.size ?? 0
    node = node.children[at]
  }
  return node === undefined ? below : below + lowerBound(node.keys, key)
}
