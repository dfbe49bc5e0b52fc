/** Server-side apply: the applier's wishes merged into the object, what it no longer wishes taken away, conflicts told. */
import type { Draft, KObject } from '#api/metadata.ts'
import { applyDefaults } from '../defaults.ts'
import { copyOf } from '../patch/tree.ts'
import { compare } from './compare.ts'
import { type Claim, beyond, claims, conflictError } from './conflict.ts'
import { createdText } from './created.ts'
import { annotated, appliedBefore } from './lastApplied.ts'
import { Entry, type Managers, idOf, readManagers, writeManagers } from './managers.ts'
import { mergedConfig } from './merge.ts'
import { pruned } from './remove.ts'
import { type Scope, inVersion, rootShape, scopeOf, visible } from './scope.ts'
import { type FieldSet, includes, isEmptySet, sameSet, union } from './set.ts'
import { type Changes, type Writing, comparing, ownerOf, released, without } from './update.ts'
import { typedAs } from './typed.ts'
import { ownedSet } from './whole.ts'

export interface ApplyWriting extends Writing {
  /** In the hub's version. */
  readonly live: KObject | undefined
  /** As it was sent, in the request's version: see `sentPart`. */
  readonly config: KObject
  readonly force: boolean
}

export interface Applied {
  /** In the hub's version, defaulted as its version's schema says. */
  readonly object: Draft<KObject>
  readonly managed: string
}

/** @throws StatusError Conflict naming who owns what the configuration changes, others for one that cannot be merged. */
export function applied(write: ApplyWriting): Applied {
  const { served, config } = write
  const scope = scopeOf(served, write.subresource)
  const shape = rootShape(served.version)
  const owner = ownerOf(write, 'Apply')
  const id = idOf(owner)
  const before = tracked(write, scope)
  const set = ownedSet(shape, visible(config, scope))
  const live = write.live === undefined ? undefined : inVersion(served.version, write.live)
  const merged = mergedConfig(shape, live ?? {}, config)
  const last = before.get(id)
  // Who still says all that they said before takes nothing away.
  const wanted =
    last === undefined || includes(set, last.set)
      ? merged
      : pruned(shape, merged, { last: last.set, owned: ownedByAll(before, id, set) })
  const object = typed(write, wanted)
  const own = compare(shape, live === undefined ? {} : visible(live, scope), visible(Object(wanted), scope))
  const others = comparing(served, { old: write.live, next: object, scope })
  const changes: Changes = version => (version === owner.apiVersion ? own : others(version))
  const taken = write.force ? [] : refused(write, claims(before, changes, id), { scope, live })
  if (taken.length > 0) throw conflictError(taken)
  const after = new Map(released(without(before, id), changes))
  const idle = isEmptySet(own.changed) && isEmptySet(own.removed)
  const same = last !== undefined && sameSet(last.set, set) ? last : undefined
  if (!isEmptySet(set))
    after.set(id, same === undefined ? new Entry(owner, write.now, set) : idle ? same : same.by(owner, write.now))
  if (write.manager === 'kubectl') annotated(object, config)
  return { object, managed: writeManagers(after) }
}

/** What the applier owns now and everybody else does. */
const ownedByAll = (managers: Managers, id: string, set: FieldSet): FieldSet =>
  [...managers].reduce((all, [other, entry]) => (other === id ? all : union(all, entry.set)), set)

/** Who owns what before: fields of an object that nobody tracked belong to a manager of their own. */
function tracked(write: ApplyWriting, scope: Scope): Managers {
  const managers = readManagers(write.managed)
  if (managers.size > 0 || write.live === undefined) return managers
  const owner = { ...ownerOf(write, 'Update'), manager: 'before-first-apply' }
  const { version } = write.served
  const text = createdText(rootShape(version), visible(inVersion(version, write.live), scope))
  return text === '{}' ? managers : new Map([[idOf(owner), new Entry(owner, write.now, text)]])
}

/** kubectl may take what it applied itself, from the client's side. */
function refused(
  write: ApplyWriting,
  found: readonly Claim[],
  { scope, live }: { readonly scope: Scope; readonly live: KObject | undefined },
): readonly Claim[] {
  if (found.length === 0 || live === undefined || write.manager !== 'kubectl') return found
  return beyond(found, appliedBefore(write.served, live, scope))
}

/** Decoded as if it had been sent whole. */
function typed({ served }: ApplyWriting, wanted: unknown): Draft<KObject> {
  const object = typedAs(served, copyOf(wanted))
  object.metadata ??= {}
  applyDefaults(served.version.schema(), object)
  return served.version.toHub?.(object) ?? object
}
