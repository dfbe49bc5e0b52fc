/** metadata.managedFields: who owns what. Entries are values; the texts last seen are kept parsed. */
import { parseOwnJson, stringifyJson } from '../json.ts'
import { isObject } from '../patch/tree.ts'
import { readSet, setText } from './fieldsV1.ts'
import { type FieldSet, union } from './set.ts'

export interface Owner {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly apiVersion: string
  /** Empty for the main resource. */
  readonly subresource: string
}

/** One entry; set and text are made from each other on demand. */
export class Entry {
  readonly owner: Owner
  readonly time: string | undefined
  #set: FieldSet | undefined
  #text: string | undefined
  constructor(owner: Owner, time: string | undefined, fields: FieldSet | string) {
    this.owner = owner
    this.time = time
    if (typeof fields === 'string') this.#text = fields
    else this.#set = fields
  }
  get set(): FieldSet {
    this.#set ??= readSet(parseOwnJson(this.#text ?? '{}')) ?? { member: false, children: new Map() }
    return this.#set
  }
  get text(): string {
    this.#text ??= setText(this.#set ?? { member: false, children: new Map() })
    return this.#text
  }
  with(set: FieldSet): Entry {
    return new Entry(this.owner, this.time, set)
  }
  /** The same fields by another write: their text is not made again. */
  by(owner: Owner, time: string): Entry {
    const entry = new Entry(owner, time, this.#text ?? this.set)
    entry.#set = this.#set
    return entry
  }
}

/** By `idOf`. */
export type Managers = ReadonlyMap<string, Entry>

/** One manager has one entry per operation, subresource and, for updates, version. */
export const idOf = ({ manager, operation, apiVersion, subresource }: Owner): string =>
  JSON.stringify([manager, operation, operation === 'Apply' ? '' : apiVersion, subresource])

const kept = new Map<string, Managers>()
const mostKept = 256

function keep(text: string, managers: Managers): void {
  kept.delete(text)
  kept.set(text, managers)
  if (kept.size > mostKept) for (const oldest of kept.keys()) return void kept.delete(oldest)
}

/** Text that is not ours is as none, as upstream has it. */
export function readManagers(text: string): Managers {
  if (text === '') return new Map()
  const known = kept.get(text)
  if (known !== undefined) return known
  const managers = parseManagers(parsed(text), true) ?? new Map<string, Entry>()
  keep(text, managers)
  return managers
}

function parsed(text: string): unknown {
  try {
    return parseOwnJson(text)
  } catch {
    return undefined
  }
}

/** @param ours written by us: its sets are read when they are needed. @returns undefined where any entry is wrong. */
export function parseManagers(entries: unknown, ours = false): Managers | undefined {
  if (!Array.isArray(entries)) return undefined
  const managers = new Map<string, Entry>()
  for (const sent of entries) {
    const entry = parseEntry(sent, ours)
    if (entry === undefined) return undefined
    managers.set(idOf(entry.owner), entry)
  }
  return managers
}

function parseEntry(entry: unknown, ours: boolean): Entry | undefined {
  if (!isObject(entry)) return undefined
  const { manager = '', operation, apiVersion, time, fieldsType, fieldsV1 = {}, subresource = '' } = entry
  if (operation !== 'Apply' && operation !== 'Update') return undefined
  if (typeof apiVersion !== 'string' || apiVersion === '' || fieldsType !== 'FieldsV1') return undefined
  if (typeof manager !== 'string' || typeof subresource !== 'string') return undefined
  const fields = ours ? stringifyJson(fieldsV1) : readSet(fieldsV1)
  if (fields === undefined) return undefined
  return new Entry({ manager, operation, apiVersion, subresource }, typeof time === 'string' ? time : undefined, fields)
}

/** The JSON text of managedFields, '' for none. */
export function writeManagers(managers: Managers): string {
  if (managers.size === 0) return ''
  const entries = [...managers.values()].toSorted(compareEntries)
  const text = `[${entries.map(entryText).join(',')}]`
  keep(text, managers)
  return text
}

export function entryText({ owner, time, text }: Pick<Entry, 'owner' | 'time' | 'text'>): string {
  const { manager, operation, apiVersion, subresource } = owner
  return (
    `{"manager":${JSON.stringify(manager)},"operation":"${operation}","apiVersion":${JSON.stringify(apiVersion)},` +
    `${time === undefined ? '' : `"time":${JSON.stringify(time)},`}"fieldsType":"FieldsV1","fieldsV1":${text}` +
    `${subresource === '' ? '' : `,"subresource":${JSON.stringify(subresource)}`}}`
  )
}

const compareText = (left: string, right: string): number => (left === right ? 0 : left < right ? -1 : 1)

/** Applies first, then by time, name, version and subresource. */
const compareEntries = (left: Entry, right: Entry): number =>
  compareText(left.owner.operation, right.owner.operation) ||
  compareText(left.time ?? '', right.time ?? '') ||
  compareText(left.owner.manager, right.owner.manager) ||
  compareText(left.owner.apiVersion, right.owner.apiVersion) ||
  compareText(left.owner.subresource, right.owner.subresource)

/** More updaters than this are not told apart. */
const mostUpdaters = 10

/** Joins the oldest entries of updates, version by version, until there are few enough. */
export function capped(managers: Managers): Managers {
  const updaters = [...managers].filter(([, entry]) => entry.owner.operation === 'Update')
  let count = updaters.length
  if (count <= mostUpdaters) return managers
  updaters.sort(
    ([id, left], [other, right]) => compareText(left.time ?? '', right.time ?? '') || compareText(id, other),
  )
  const result = new Map(managers)
  const first = new Map<string, string>()
  for (const [id, entry] of updaters) {
    if (count <= mostUpdaters) break
    const { apiVersion } = entry.owner
    const before = first.get(apiVersion)
    if (before === undefined) {
      first.set(apiVersion, id)
      continue
    }
    const owner: Owner = { manager: 'ancient-changes', operation: 'Update', apiVersion, subresource: '' }
    const bucket = idOf(owner)
    const base = result.get(bucket) ?? result.get(before)
    if (!result.has(bucket)) result.delete(before)
    result.set(bucket, new Entry(owner, entry.time, base === undefined ? entry.set : union(entry.set, base.set)))
    if (id !== bucket) result.delete(id)
    count--
  }
  return result
}
