/** Empties namespaces that are being deleted, pods first, and then lets them go. */
import { namespaces } from '#kinds/facts/generated/refs.ts'
import type { Namespace, NamespaceCondition } from '#kinds/facts/generated/types/core_v1.ts'
import { type KObject, type ResourceRef, groupResource } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import {
  type Controller,
  type Decision,
  type Input,
  type Refused,
  type Watch,
  type Write,
  nothing,
  selfKey,
} from '#client/controller.ts'
import { condition, stamp } from './conditions.ts'
import { sameStatus } from './equal.ts'
import { Known, type Resources } from './resources.ts'
import { rule } from './rules.ts'
import { remove, updateStatus } from './writes.ts'

const finalizer = 'kubernetes'
/** Deletions of one decision; the next one goes on. */
const most = 1000

export function namespaceController(resources: Resources): Controller {
  const known = new Known()
  return {
    name: 'namespace-controller',
    watches: () => [
      { ref: namespaces, keys: selfKey },
      ...resources()
        .filter(ref => ref.namespaced)
        .map(ref => ({ ref, keys: contentKeys })),
    ],
    watching: refs => known.set(refs.filter(ref => ref.namespaced)),
    rules: [
      rule('', ['namespaces'], ['delete', 'get', 'list', 'watch']),
      rule('', ['namespaces/finalize', 'namespaces/status'], ['update']),
      rule('*', ['*'], ['delete', 'deletecollection', 'get', 'list', 'watch']),
    ],
    decide: (key, input) => decide(known, key, input),
  }
}

const terminating = (namespace: Namespace | undefined): boolean => namespace?.metadata.deletionTimestamp !== undefined

/** Content matters only while its namespace goes away. */
const contentKeys: Watch['keys'] = (change, read) => {
  const namespace = change.object.metadata.namespace ?? ''
  return terminating(read.get(namespaces, namespace)) ? [namespace] : []
}

interface Content {
  readonly ref: ResourceRef
  readonly objects: readonly KObject[]
}

function contents(known: Known, read: Reader, namespace: string): readonly Content[] {
  return [...known.all()]
    .map(ref => ({ ref, objects: read.list(ref, namespace) }))
    .filter(content => content.objects.length > 0)
}

function decide(known: Known, key: string, { read, refused, now }: Input<unknown>): Decision {
  const namespace = read.get(namespaces, key)
  if (namespace === undefined || !terminating(namespace)) return nothing
  const finalizers = namespace.spec?.finalizers ?? []
  if (!finalizers.includes(finalizer)) return nothing
  const all = contents(known, read, key)
  const pods = all.filter(content => groupResource(content.ref) === 'pods')
  // Pods go before what they stand on: a service, policy or volume claim that vanishes first would change how they end.
  const turn = pods.length > 0 ? pods : all
  const deletions = turn
    .flatMap(({ ref, objects }) => objects.filter(isLeft).map(object => remove(ref, object)))
    .slice(0, most)
  const conditions = report(namespace, { all, refused, now })
  const next = { ...namespace.status, phase: 'Terminating' as const, conditions }
  const status: Write[] = sameStatus(next, namespace.status)
    ? []
    : [updateStatus(namespaces, { ...namespace, status: next })]
  if (all.length > 0)
    return {
      writes: [deletions, status].filter(group => group.length > 0),
      again: deletions.length === most ? 1 : 5000,
    }
  if (status.length > 0) return { writes: [status] }
  const spec = { ...namespace.spec, finalizers: finalizers.filter(one => one !== finalizer) }
  const body: Namespace = { ...namespace, spec }
  return {
    writes: [[{ op: 'update', ref: namespaces, body, subresource: 'finalize', harmless: ['NotFound'] }]],
  }
}

const isLeft = (object: KObject): boolean => object.metadata.deletionTimestamp === undefined

interface Found {
  readonly all: readonly Content[]
  readonly refused: readonly Refused[]
  readonly now: number
}

type Say = Pick<NamespaceCondition, 'type' | 'status' | 'reason' | 'message'>

const fine = (type: string, reason: string, message: string): Say => ({ type, status: 'False', reason, message })
const trouble = (type: string, reason: string, message: string): Say => ({ type, status: 'True', reason, message })

function report(namespace: Namespace, { all, refused, now }: Found): readonly NamespaceCondition[] {
  const failed = refused.filter(one => one.write.op === 'delete').map(one => one.error.message)
  const says: readonly Say[] = [
    fine('NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'),
    fine(
      'NamespaceDeletionGroupVersionParsingFailure',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    failed.length === 0
      ? fine(
          'NamespaceDeletionContentFailure',
          'ContentDeleted',
          'All content successfully deleted, may be waiting on finalization',
        )
      : trouble(
          'NamespaceDeletionContentFailure',
          'ContentDeletionFailed',
          `Failed to delete all resource types, ${failed.length} remaining: ${failed.toSorted(order).join(', ').slice(0, 4096)}`,
        ),
    remaining(all),
    held(all),
  ]
  return says.map(say => {
    const old = condition(namespace.status?.conditions, say.type)
    const since = old?.status === say.status ? old.lastTransitionTime : undefined
    return { ...say, lastTransitionTime: since ?? stamp(now) }
  })
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function remaining(all: readonly Content[]): Say {
  const type = 'NamespaceContentRemaining'
  if (all.length === 0) return fine(type, 'ContentRemoved', 'All content successfully removed')
  const list = all.map(({ ref, objects }) => `${ref.resource}.${ref.group} has ${objects.length} resource instances`)
  return trouble(type, 'SomeResourcesRemain', `Some resources are remaining: ${list.toSorted(order).join(', ')}`)
}

function held(all: readonly Content[]): Say {
  const type = 'NamespaceFinalizersRemaining'
  const counts = new Map<string, number>()
  for (const object of all.flatMap(content => content.objects))
    for (const name of object.metadata.finalizers ?? []) counts.set(name, (counts.get(name) ?? 0) + 1)
  if (counts.size === 0) return fine(type, 'ContentHasNoFinalizers', 'All content-preserving finalizers finished')
  const list = [...counts].map(([name, count]) => `${name} in ${count} resource instances`)
  const message = `Some content in the namespace has finalizers remaining: ${list.toSorted(order).join(', ')}`
  return trouble(type, 'SomeFinalizersRemain', message)
}
