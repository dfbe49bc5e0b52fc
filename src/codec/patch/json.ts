/**
 * JSON patch (RFC 6902). Written here because a patch comes from outsiders: integers beyond 2^53 stay exact, copies cannot
 * multiply, insertions into long arrays are counted, no key reaches a prototype. Works on a tree of maps of its own.
 */
import { tooLarge } from '#api/status.ts'
import { TestFailed, malformed, unprocessable } from './errors.ts'
import { readIndex, readPointer } from './pointer.ts'
import { isObject } from './tree.ts'

type Node = string | number | bigint | boolean | null | Node[] | Map<string, Node>

interface Operation {
  readonly op: string
  readonly path: readonly string[]
  readonly from: readonly string[] | undefined
  readonly value: Node | undefined
}

/** Upstream's limits. */
const mostOperations = 10_000
const mostCopied = 3 * 1024 * 1024
/** Array items that insertions and removals may move in all: well under a second. */
const mostMoved = 50_000_000
const deepest = 500

interface State {
  root: Node
  copied: number
  moved: number
}

/**
 * @param document shared with the result nowhere.
 * @throws StatusError BadRequest for what is no patch, Invalid for one that does not fit, RequestEntityTooLarge.
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw malformed('error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp')
  if (patch.length > mostOperations)
    throw tooLarge(`The allowed maximum operations in a JSON patch is ${mostOperations}, got ${patch.length}`)
  const state: State = { root: grow(document, 0), copied: 0, moved: 0 }
  for (const operation of patch) perform(state, readOperation(operation))
  return shrink(state.root, 0)
}

function readOperation(operation: unknown): Operation {
  if (!isObject(operation))
    throw malformed('error decoding patch: json: cannot unmarshal into Go value of type handlers.jsonPatchOp')
  const { op, path, from: source, value } = operation
  if (typeof op !== 'string' || typeof path !== 'string') throw unprocessable()
  return {
    op,
    path: readPointer(path),
    from: typeof source === 'string' ? readPointer(source) : undefined,
    value: value === undefined ? undefined : grow(value, 0),
  }
}

function perform(state: State, operation: Operation): void {
  const { op, path } = operation
  if (op === 'remove') {
    remove(state, path)
  } else if (op === 'add') {
    add(state, path, given(operation.value))
  } else if (op === 'replace') {
    replace(state, path, given(operation.value))
  } else if (op === 'move') {
    const from = given(operation.from)
    if (from.length < path.length && from.every((token, at) => token === path[at])) throw unprocessable()
    add(state, path, remove(state, from))
  } else if (op === 'copy') {
    add(state, path, copied(state, given(at(state, given(operation.from))), 0))
  } else if (op === 'test') {
    // Upstream takes null for a member that is not there.
    if (!same(at(state, path) ?? null, given(operation.value))) throw new TestFailed()
  } else throw unprocessable()
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw unprocessable()
  return value
}

/** The value there; undefined for a member that an object does not have. */
function at(state: State, path: readonly string[]): Node | undefined {
  return path.length === 0 ? state.root : child(parent(state, path), path.at(-1) ?? '')
}

function child(container: Node[] | Map<string, Node>, token: string): Node | undefined {
  return Array.isArray(container) ? container[readIndex(token, container.length)] : container.get(token)
}

function parent(state: State, path: readonly string[]): Node[] | Map<string, Node> {
  let node: Node | undefined = state.root
  for (const token of path.slice(0, -1)) node = isContainer(node) ? child(node, token) : undefined
  if (!isContainer(node)) throw unprocessable()
  return node
}

const isContainer = (node: Node | undefined): node is Node[] | Map<string, Node> =>
  Array.isArray(node) || node instanceof Map

function add(state: State, path: readonly string[], value: Node): void {
  if (path.length === 0) {
    state.root = value
    return
  }
  const container = parent(state, path)
  const token = path.at(-1) ?? ''
  if (!Array.isArray(container)) container.set(token, value)
  else if (token === '-') container.push(value)
  else {
    const index = readIndex(token, container.length + 1)
    shift(state, container.length - index)
    container.splice(index, 0, value)
  }
}

function replace(state: State, path: readonly string[], value: Node): void {
  if (path.length === 0) {
    state.root = value
    return
  }
  const container = parent(state, path)
  const token = path.at(-1) ?? ''
  // A member that is not there is added, as upstream does; clients lean on it.
  if (!Array.isArray(container)) container.set(token, value)
  else container[readIndex(token, container.length)] = value
}

function remove(state: State, path: readonly string[]): Node {
  if (path.length === 0) throw unprocessable()
  const container = parent(state, path)
  const token = path.at(-1) ?? ''
  const value = given(child(container, token))
  if (Array.isArray(container)) {
    const index = readIndex(token, container.length)
    shift(state, container.length - index)
    container.splice(index, 1)
  } else container.delete(token)
  return value
}

function shift(state: State, items: number): void {
  state.moved += items
  if (state.moved > mostMoved) throw tooLarge('the patch moves too many items of lists')
}

function copied(state: State, node: Node, depth: number): Node {
  if (depth > deepest) throw unprocessable()
  state.copied += typeof node === 'string' ? node.length + 2 : 4
  if (state.copied > mostCopied)
    throw tooLarge(`Unable to complete the copy, the accumulated size increase of copy is over ${mostCopied}`)
  if (Array.isArray(node)) return node.map(item => copied(state, item, depth + 1))
  if (!(node instanceof Map)) return node
  const result = new Map<string, Node>()
  for (const [key, value] of node) {
    state.copied += key.length + 3
    result.set(key, copied(state, value, depth + 1))
  }
  return result
}

/** Costs no more than the smaller side. */
function same(left: Node, right: Node): boolean {
  if (left instanceof Map)
    return (
      right instanceof Map &&
      left.size === right.size &&
      [...right].every(([key, value]) => left.has(key) && same(left.get(key) ?? null, value))
    )
  if (Array.isArray(left))
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      right.every((item, index) => same(left[index] ?? null, item))
    )
  return left === right
}

function grow(value: unknown, depth: number): Node {
  if (depth > deepest) throw unprocessable()
  if (Array.isArray(value)) return value.map(item => grow(item, depth + 1))
  if (isObject(value)) return new Map(Object.keys(value).map(key => [key, grow(value[key], depth + 1)]))
  return typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    typeof value === 'boolean'
    ? value
    : null
}

function shrink(node: Node, depth: number): unknown {
  if (depth > deepest) throw unprocessable()
  if (Array.isArray(node)) return node.map(item => shrink(item, depth + 1))
  // Makes own properties, also of `__proto__`.
  return node instanceof Map
    ? Object.fromEntries([...node].map(([key, value]) => [key, shrink(value, depth + 1)]))
    : node
}
