/** Ownership after an ordinary write: what it changed belongs to the writer and to nobody else. */
import { stringifyJson } from '../json.ts'
import type { KObject } from '#api/metadata.ts'
import type { Served } from '#api/kind.ts'
import { isObject } from '../patch/tree.ts'
import { type Comparison, compare } from './compare.ts'
import { createdText } from './created.ts'
import {
  Entry,
  type Managers,
  type Owner,
  capped,
  entryText,
  idOf,
  parseManagers,
  readManagers,
  writeManagers,
} from './managers.ts'
import { type Scope, apiVersionOf, inVersion, rootShape, scopeOf, versionNamed, visible } from './scope.ts'
import { type FieldSet, difference, emptySet, isEmptySet, union } from './set.ts'

export interface Writing {
  readonly served: Served
  /** JSON text of managedFields before this write, '' for none. */
  readonly managed: string
  readonly manager: string
  readonly subresource: string
  /** RFC 3339 seconds. */
  readonly now: string
}

export interface UpdateWriting extends Writing {
  /** In the hub's version, like `next`. */
  readonly old: KObject | undefined
  readonly next: KObject
  /** What the client sent as managedFields: undefined for none; an empty list resets them. */
  readonly sent: readonly unknown[] | undefined
}

/** @returns the JSON text of managedFields after the write, '' for none. */
export function ownedAfterUpdate(write: UpdateWriting): string {
  const owner = ownerOf(write, 'Update')
  const scope = scopeOf(write.served, write.subresource)
  const before = startingFrom(write)
  if (before.size === 0) {
    // Objects that nobody ever tracked are not tracked from some later update on.
    if (write.old !== undefined) return ''
    const { version } = write.served
    const text = createdText(rootShape(version), visible(inVersion(version, write.next), scope))
    return text === '{}' ? '' : `[${entryText({ owner, time: write.now, text })}]`
  }
  const changes = comparing(write.served, { old: write.old, next: write.next, scope })
  const { changed, removed } = changes(owner.apiVersion) ?? unchanged
  if (isEmptySet(changed) && isEmptySet(removed))
    return write.sent === undefined ? write.managed : writeManagers(before)
  const id = idOf(owner)
  const after = new Map(released(without(before, id), changes))
  const own = ownAfter(before.get(id), { changed, removed }, { owner, now: write.now })
  if (own !== undefined) after.set(id, own)
  return writeManagers(capped(after))
}

/** What the writer has had stays its own; an entry that owns nothing is none. */
function ownAfter(
  own: Entry | undefined,
  { changed, removed }: Comparison,
  { owner, now }: { readonly owner: Owner; readonly now: string },
): Entry | undefined {
  if (own === undefined) return isEmptySet(changed) ? undefined : new Entry(owner, now, changed)
  const rest = difference(own.set, removed)
  const set = union(rest, changed)
  if (isEmptySet(set)) return undefined
  if (isEmptySet(changed)) return set === own.set ? own : own.with(set)
  return set === own.set ? own.by(owner, now) : new Entry(owner, now, set)
}

export const without = (managers: Managers, id: string): Managers =>
  new Map([...managers].filter(([other]) => other !== id))

const unchanged: Comparison = { changed: emptySet, removed: emptySet }

export const ownerOf = (write: Writing, operation: Owner['operation']): Owner => ({
  manager: write.manager === '' ? 'unknown' : write.manager,
  operation,
  apiVersion: apiVersionOf(write.served),
  subresource: write.subresource,
})

/** A client may send managedFields back with fewer entries, or reset them; on subresources they are ignored. */
function startingFrom({ sent, managed, subresource }: UpdateWriting): Managers {
  if (sent === undefined || subresource !== '') return readManagers(managed)
  if (isReset(sent)) return new Map()
  if (stringifyJson(sent) === managed) return readManagers(managed)
  const managers = parseManagers(sent)
  return managers === undefined || managers.size === 0 ? readManagers(managed) : managers
}

const isReset = (sent: readonly unknown[]): boolean =>
  sent.length === 0 || (sent.length === 1 && isObject(sent[0]) && Object.keys(sent[0]).length === 0)

export interface Change {
  readonly old: KObject | undefined
  readonly next: KObject
  readonly scope: Scope
}

/** By version of the kind: what changed as that version sees it; undefined for one that is not served. */
export type Changes = (apiVersion: string) => Comparison | undefined

/** Compares each version once, when somebody asks. */
export function comparing(served: Served, { old, next, scope }: Change): Changes {
  const known = new Map<string, Comparison | undefined>()
  return apiVersion => {
    const version = versionNamed(served, apiVersion)
    if (version === undefined || known.has(apiVersion)) return known.get(apiVersion)
    const before = old === undefined ? {} : visible(inVersion(version, old), scope)
    const found = compare(rootShape(version), before, visible(inVersion(version, next), scope))
    known.set(apiVersion, found)
    return found
  }
}

/** Every entry without what changed or went. Entries of versions that are not served stay as they are. */
export function released(managers: Managers, changes: Changes): Managers {
  const result = new Map<string, Entry>()
  for (const [id, entry] of managers) {
    const found = changes(entry.owner.apiVersion)
    if (found === undefined || !(touches(entry, found.changed) || touches(entry, found.removed))) {
      result.set(id, entry)
      continue
    }
    const rest = difference(difference(entry.set, found.changed), found.removed)
    if (!isEmptySet(rest)) result.set(id, rest === entry.set ? entry : entry.with(rest))
  }
  return result
}

/** Whether they can have a path in common; does not parse the entry. */
const touches = (entry: Entry, set: FieldSet): boolean =>
  [...set.children.keys()].some(element => entry.text.includes(JSON.stringify(element)))
