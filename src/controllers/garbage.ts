/**
 * Deletes what has lost all its owners, holds owners that are deleted in the foreground until their dependents are gone,
 * and sets dependents free whose owner is deleted with `orphan`. Looks at metadata alone.
 */
import { type KObject, type OwnerReference, type ResourceRef, groupResource, keyOf, objectKey } from '#api/metadata.ts'
import type { Propagation } from '#api/door.ts'
import type { Change, Reader } from '#api/reader.ts'
import { type Ask, type Controller, type Decision, type Input, type Write, nothing } from '#client/controller.ts'
import { type Outside, nothingOutside, outsideKind } from './outside.ts'
import { metadataPatch } from './owners.ts'
import { Known, type Resources, byOwner, ownerIndex } from './resources.ts'
import { eventWriter, rule } from './rules.ts'

const foreground = 'foregroundDeletion'
const orphan = 'orphan'
/** Milliseconds until an owner of a kind that nobody knows is looked for again. */
const unknownKindWait = 30_000
/** Milliseconds until an owner of another server, of which no change is seen, is looked at again. */
const unseenOwnerWait = 30_000

interface Item {
  readonly ref: ResourceRef
  readonly object: KObject
}

export function garbageCollector(resources: Resources, outside: Outside = nothingOutside): Controller {
  const known = new Known()
  const owners: Owners = { known, outside }
  return {
    name: 'generic-garbage-collector',
    component: 'garbage-collector-controller',
    workers: 20,
    watches: () => resources().map(ref => ({ ref, keys: (change, read) => concerned(known, { ref, change }, read) })),
    indexes: () => resources().map(ownerIndex),
    watching: refs => known.set(refs),
    rules: [rule('*', ['*'], ['delete', 'get', 'list', 'patch', 'update', 'watch']), eventWriter],
    decide: (key, input) => decide(owners, key, input),
  }
}

const itemKey = (item: Item): string => `${groupResource(item.ref)} ${keyOf(item.object)}`

function dependents(known: Known, read: Reader, owner: KObject): readonly Item[] {
  const { uid, namespace } = owner.metadata
  if (uid === undefined) return []
  return [...known.all()].flatMap(ref =>
    read
      .byIndex(ref, byOwner, uid)
      // Across namespaces there is no ownership, whatever the reference says.
      .filter(object => namespace === undefined || object.metadata.namespace === namespace)
      .map(object => ({ ref, object })),
  )
}

const has = (object: KObject, finalizer: string): boolean => object.metadata.finalizers?.includes(finalizer) === true
const deleting = (object: KObject): boolean => object.metadata.deletionTimestamp !== undefined

function ownerKeysOf(known: Known, object: KObject): readonly string[] {
  return (object.metadata.ownerReferences ?? []).flatMap(owner => {
    const ref = known.ofKind(owner.apiVersion, owner.kind)
    return ref === undefined
      ? []
      : [`${groupResource(ref)} ${objectKey(ref.namespaced ? object.metadata.namespace : '', owner.name)}`]
  })
}

function concerned(
  known: Known,
  { ref, change }: { ref: ResourceRef; change: Change },
  read: Reader,
): readonly string[] {
  const { object, previous } = change
  if (change.type === 'delete') return [...dependents(known, read, object).map(itemKey), ...ownerKeysOf(known, object)]
  const self = (object.metadata.ownerReferences?.length ?? 0) > 0 || deleting(object) ? [itemKey({ ref, object })] : []
  // Owners wait for their blocking dependents: who no longer is one frees them.
  const left =
    previous === undefined || previous.metadata.ownerReferences === object.metadata.ownerReferences
      ? []
      : ownerKeysOf(known, previous)
  const begins =
    deleting(object) &&
    has(object, foreground) &&
    !(previous !== undefined && deleting(previous) && has(previous, foreground))
  return [...self, ...left, ...(begins ? dependents(known, read, object).map(itemKey) : [])]
}

/** Whose objects may own others. */
interface Owners {
  readonly known: Known
  readonly outside: Outside
}

function decide(owners: Owners, key: string, input: Input<unknown>): Decision {
  const { known } = owners
  const space = key.indexOf(' ')
  const ref = known.get(key.slice(0, space))
  const object = ref === undefined ? undefined : input.read.get(ref, key.slice(space + 1))
  if (ref === undefined || object === undefined) return nothing
  const item = { ref, object }
  if (deleting(object)) {
    if (has(object, orphan)) return setFree(known, item, input.read)
    return has(object, foreground) ? waitForDependents(known, item, input.read) : nothing
  }
  return (object.metadata.ownerReferences?.length ?? 0) === 0 ? nothing : collect(owners, item, input)
}

const withoutFinalizer = ({ ref, object }: Item, name: string): Write =>
  metadataPatch(ref, object, { finalizers: (object.metadata.finalizers ?? []).filter(one => one !== name) })

const withoutOwners = ({ ref, object }: Item, uids: ReadonlySet<string>): Write =>
  metadataPatch(ref, object, {
    ownerReferences: (object.metadata.ownerReferences ?? []).filter(owner => !uids.has(owner.uid)),
  })

function setFree(known: Known, item: Item, read: Reader): Decision {
  const uids = new Set([item.object.metadata.uid ?? ''])
  const freed = dependents(known, read, item.object).map(dependent => withoutOwners(dependent, uids))
  return { writes: [freed, [withoutFinalizer(item, orphan)]].filter(group => group.length > 0) }
}

function waitForDependents(known: Known, item: Item, read: Reader): Decision {
  const uid = item.object.metadata.uid
  const blocks = ({ object }: Item): boolean =>
    object.metadata.ownerReferences?.some(owner => owner.uid === uid && owner.blockOwnerDeletion === true) === true
  if (dependents(known, read, item.object).some(blocks)) return { writes: [] }
  return { writes: [[withoutFinalizer(item, foreground)]] }
}

type Fate = 'solid' | 'absent' | 'waiting' | 'unknown'

function classify(owners: Owners, item: Item, input: Input<unknown>) {
  const fates = new Map<OwnerReference, Fate>()
  const ask: Ask[] = []
  for (const reference of item.object.metadata.ownerReferences ?? []) {
    const fate = fateOf(owners, { item, reference }, input)
    if (typeof fate === 'string') fates.set(reference, fate)
    else ask.push(fate)
  }
  const of = (wanted: Fate) => [...fates].filter(([, fate]) => fate === wanted).map(([reference]) => reference)
  return { solid: of('solid'), absent: of('absent'), waiting: of('waiting'), unknown: of('unknown'), ask }
}

interface Question {
  readonly item: Item
  readonly reference: OwnerReference
}

/** An owner that the cache does not show is absent only when a live read says so too. */
function fateOf(
  { known, outside }: Owners,
  { item, reference }: Question,
  { read, asked }: Input<unknown>,
): Fate | Ask {
  const own = known.ofKind(reference.apiVersion, reference.kind)
  const ref = own ?? outsideKind(outside, reference.apiVersion, reference.kind)
  const { namespace } = item.object.metadata
  // A cluster-scoped object cannot say in which namespace its owner would be.
  if (ref === undefined || (ref.namespaced && namespace === undefined)) return 'unknown'
  const key = objectKey(ref.namespaced ? namespace : '', reference.name)
  let owner = own === undefined ? undefined : read.get(ref, key)
  if (owner?.metadata.uid !== reference.uid) {
    if (!asked.has(ref, key)) return { ref, key }
    owner = asked.get(ref, key)
    if (owner?.metadata.uid !== reference.uid) return 'absent'
  }
  return deleting(owner) && has(owner, foreground) ? 'waiting' : 'solid'
}

function collect(owners: Owners, item: Item, input: Input<unknown>): Decision {
  const { known } = owners
  const { solid, absent, waiting, unknown, ask } = classify(owners, item, input)
  if (ask.length > 0) return { writes: [], ask }
  if (unknown.length > 0) return { writes: [], again: unknownKindWait }
  if (solid.length > 0) {
    const gone = new Set([...absent, ...waiting].map(owner => owner.uid))
    if (gone.size > 0) return { writes: [[withoutOwners(item, gone)]] }
    return solid.every(({ apiVersion, kind }) => known.ofKind(apiVersion, kind) !== undefined)
      ? nothing
      : { writes: [], again: unseenOwnerWait }
  }
  const below = waiting.length === 0 ? [] : dependents(known, input.read, item.object)
  if (below.length > 0) return deleteInForeground(item, below)
  const { object } = item
  return {
    writes: [[deletion(item, has(object, orphan) ? 'Orphan' : has(object, foreground) ? 'Foreground' : 'Background')]],
  }
}

/** A circle of owners that all wait for one another is broken by letting nobody block. */
function deleteInForeground(item: Item, below: readonly Item[]): Decision {
  const circle = below.some(({ object }) => deleting(object) && has(object, foreground))
  if (!circle) return { writes: [[deletion(item, 'Foreground')]] }
  const ownerReferences = (item.object.metadata.ownerReferences ?? []).map(owner => ({
    ...owner,
    blockOwnerDeletion: false,
  }))
  const blocking = item.object.metadata.ownerReferences?.some(owner => owner.blockOwnerDeletion === true) === true
  if (blocking) return { writes: [[metadataPatch(item.ref, item.object, { ownerReferences })]] }
  return { writes: [[deletion(item, 'Foreground')]] }
}

const deletion = ({ ref, object }: Item, propagation: Propagation): Write => ({
  op: 'delete',
  ref,
  key: keyOf(object),
  propagation,
  ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
  ...(object.metadata.resourceVersion === undefined ? {} : { resourceVersion: object.metadata.resourceVersion }),
})
