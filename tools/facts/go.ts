/** Reads the declarations of one folder of Go source: structs with their tags and markers, named types, string constants. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface GoField {
  /** Empty for an embedded type. */
  readonly name: string
  readonly type: string
  /** Struct tags by key: json, protobuf, patchStrategy, patchMergeKey. */
  readonly tags: ReadonlyMap<string, string>
  readonly markers: Markers
}

/** Comment markers (`+optional`, `+listType=map`) by name, all values in order. */
export type Markers = ReadonlyMap<string, readonly string[]>

export interface GoType {
  readonly name: string
  readonly markers: Markers
  /** Absent for a struct. */
  readonly target?: string
  readonly fields?: readonly GoField[]
}

export interface GoPackage {
  readonly types: ReadonlyMap<string, GoType>
  /** Values of string constants by the name of their type. */
  readonly constants: ReadonlyMap<string, readonly string[]>
  /** Values of string constants by their own name. */
  readonly values: ReadonlyMap<string, string>
  /** Import path by the name it has in this package. */
  readonly imports: ReadonlyMap<string, string>
}

interface State {
  types: Map<string, GoType>
  constants: Map<string, string[]>
  values: Map<string, string>
  imports: Map<string, string>
  /** Comment lines since the last declaration; a blank line does not end them (markers may stand a block above). */
  comments: string[]
  open: { name: string; markers: Markers; fields: GoField[] } | undefined
}

function markersOf(comments: readonly string[]): Markers {
  const markers = new Map<string, string[]>()
  for (const line of comments) {
    const found = /^\+([A-Za-z0-9:.()_]+)(?:=(.*))?$/.exec(line)
    if (found?.[1] === undefined) continue
    const values = markers.get(found[1]) ?? []
    values.push((found[2] ?? '').trim())
    markers.set(found[1], values)
  }
  return markers
}

const tagsOf = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(/(\w+):"([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]))

function structLine(line: string, state: State): void {
  const open = state.open
  if (open === undefined) return
  if (line === '}') {
    state.types.set(open.name, { name: open.name, markers: open.markers, fields: open.fields })
    state.open = undefined
    state.comments = []
    return
  }
  const found = /^\t(?:([A-Z]\w*)\s+)?([*[\]\w.{}]+)\s*(?:`([^`]*)`)?\s*(?:\/\/.*)?$/.exec(line)
  if (found?.[2] === undefined) return
  const [, name = '', type, tags = ''] = found
  open.fields.push({ name, type, tags: tagsOf(tags), markers: markersOf(state.comments) })
  state.comments = []
}

function topLine(line: string, state: State): void {
  const struct = /^type (\w+) struct ?\{(\})?$/.exec(line)
  const named = /^type (\w+) =? ?([*[\]\w.]+)$/.exec(line)
  const constant = /^(?:const |\t)(\w+) +(\w+) += +"([^"]*)"/.exec(line)
  const imported = /^\t(?:(\w+) )?"([^"]+)"$/.exec(line)
  if (struct?.[1] !== undefined) {
    state.open = { name: struct[1], markers: markersOf(state.comments), fields: [] }
    if (struct[2] !== undefined) structLine('}', state)
  } else if (named?.[1] !== undefined && named[2] !== undefined)
    state.types.set(named[1], { name: named[1], markers: markersOf(state.comments), target: named[2] })
  else if (constant?.[1] !== undefined && constant[2] !== undefined) {
    state.constants.set(constant[2], [...(state.constants.get(constant[2]) ?? []), constant[3] ?? ''])
    state.values.set(constant[1], constant[3] ?? '')
  } else if (imported?.[2] !== undefined) state.imports.set(imported[1] ?? baseName(imported[2]), imported[2])
  if (line !== '') state.comments = []
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

function readSource(text: string, state: State): void {
  for (const line of text.split('\n')) {
    const comment = /^\s*\/\/ ?(.*)$/.exec(line)
    if (comment !== null) state.comments.push((comment[1] ?? '').trim())
    else if (state.open === undefined) topLine(line, state)
    else if (line !== '') structLine(line, state)
  }
  state.comments = []
}

/** @param text further source of the same package, for what has no published package. */
export function readGoPackage(folder: string | undefined, text = ''): GoPackage {
  const state: State = {
    types: new Map(),
    constants: new Map(),
    values: new Map(),
    imports: new Map(),
    comments: [],
    open: undefined,
  }
  const files = folder === undefined ? [] : globSync('*.go', { cwd: folder }).sort()
  for (const file of files)
    if (
      !file.endsWith('_test.go') &&
      !file.startsWith('zz_') &&
      !file.includes('generated') &&
      !file.startsWith('fieldsv1_')
    )
      readSource(readFileSync(join(folder ?? '', file), 'utf8'), state)
  readSource(text, state)
  return state
}
