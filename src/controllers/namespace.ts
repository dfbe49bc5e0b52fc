/** Empties namespaces that are being deleted, pods first, and then lets them go. */
import { namespaces } from '#kinds/facts/generated/refs.ts'
import type { Namespace, NamespaceCondition } from '#kinds/facts/generated/types/core_v1.ts'
import { type KObject, type ResourceRef, groupResource, keyOf } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import { StatusError } from '#api/status.ts'
import {
  type AskList,
  type Asked,
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
import { type Outside, nothingOutside } from './outside.ts'
import { Known, type Resources } from './resources.ts'
import { rule } from './rules.ts'
import { remove, updateStatus } from './writes.ts'

const finalizer = 'kubernetes'
/** Deletions of one decision; the next one goes on. */
const most = 1000
/** Milliseconds. */
const soon = 500

export function namespaceController(resources: Resources, outside: Outside = nothingOutside): Controller {
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
    decide: (key, input) => decide({ known, outside }, key, input),
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

/** Everything that a namespace may have in it. */
interface Everything {
  readonly known: Known
  readonly outside: Outside
}

function contents(known: Known, read: Reader, namespace: string): readonly Content[] {
  return [...known.all()]
    .map(ref => ({ ref, objects: read.list(ref, namespace) }))
    .filter(content => content.objects.length > 0)
}

interface Elsewhere {
  readonly content: readonly Content[]
  /** What could not be read, in words. */
  readonly failed: readonly string[]
  readonly ask: readonly AskList[]
}

/** What other servers have of the namespace. Some do not know its name: then there is nothing. */
function elsewhere(outside: Outside, namespace: string, asked: Asked): Elsewhere {
  const refs = outside
    .resources()
    .filter(ref => ref.namespaced && ['delete', 'list'].every(one => ref.verbs.includes(one)))
  const answers = refs.map(ref => ({ ref, objects: asked.list(ref, namespace) }))
  const content: Content[] = []
  const failed: string[] = []
  for (const { ref, objects = [] } of answers)
    if (!(objects instanceof StatusError)) content.push({ ref, objects })
    else if (objects.reason !== 'NotFound' && objects.reason !== 'MethodNotAllowed') failed.push(objects.message)
  return {
    content: content.filter(({ objects }) => objects.length > 0),
    failed,
    ask: answers.filter(({ objects }) => objects === undefined).map(({ ref }) => ({ ref, namespace })),
  }
}

/** The whole of it at once where its server can do that. */
function removals(outside: Outside, { ref, objects }: Content, namespace: string): readonly Write[] {
  const far = { ref, outside: true, harmless: ['NotFound', 'MethodNotAllowed'] } as const
  const verbs = outside.resources().find(one => groupResource(one) === groupResource(ref))?.verbs
  if (verbs?.includes('deletecollection') === true) return [{ ...far, op: 'deletecollection', namespace }]
  return objects.filter(isLeft).map(object => ({ ...far, op: 'delete', key: keyOf(object), propagation: 'Background' }))
}

function finalized(namespace: Namespace, finalizers: readonly string[]): Decision {
  const spec = { ...namespace.spec, finalizers: finalizers.filter(one => one !== finalizer) }
  const body: Namespace = { ...namespace, spec }
  return {
    writes: [[{ op: 'update', ref: namespaces, body, subresource: 'finalize', harmless: ['NotFound'] }]],
  }
}

/** Milliseconds: of what other servers have, no change is seen. */
const lookAgain = 5000

function decide(everything: Everything, key: string, { read, refused, asked, now }: Input<unknown>): Decision {
  const { known, outside } = everything
  const namespace = read.get(namespaces, key)
  if (namespace === undefined || !terminating(namespace)) return nothing
  const finalizers = namespace.spec?.finalizers ?? []
  if (!finalizers.includes(finalizer)) return nothing
  const own = contents(known, read, key)
  const pods = own.filter(content => groupResource(content.ref) === 'pods')
  // Pods go before what they stand on: a service, policy or volume claim that vanishes first would change how they end.
  const turn = pods.length > 0 ? pods : own
  const deletions = turn
    .flatMap(({ ref, objects }) => objects.filter(isLeft).map(object => remove(ref, object)))
    .slice(0, most)
  // Others are asked once nothing of ours is left to be told to go: each change of ours would be a question to them.
  const far = deletions.length > 0 || pods.length > 0 ? undefined : elsewhere(outside, key, asked)
  if (far !== undefined && far.ask.length > 0) return { writes: [], ask: far.ask }
  const all = [...own, ...(far?.content ?? [])]
  const lost = outside.lost()
  const conditions = report(namespace, { all, refused, lost, failed: far?.failed ?? [], now })
  const next = { ...namespace.status, phase: 'Terminating' as const, conditions }
  const status: Write[] = sameStatus(next, namespace.status)
    ? []
    : [updateStatus(namespaces, { ...namespace, status: next })]
  const away = (far?.content ?? []).flatMap(content => removals(outside, content, key))
  if (all.length > 0 || lost.length > 0 || (far?.failed.length ?? 0) > 0)
    return {
      writes: [deletions, status, away].filter(group => group.length > 0),
      again: deletions.length === most ? 1 : away.length > 0 ? soon : lookAgain,
    }
  return status.length > 0 ? { writes: [status], again: lookAgain } : finalized(namespace, finalizers)
}

const isLeft = (object: KObject): boolean => object.metadata.deletionTimestamp === undefined

interface Found {
  readonly all: readonly Content[]
  readonly refused: readonly Refused[]
  /** `group/version` of those of which nobody knows what they serve. */
  readonly lost: readonly string[]
  /** What could not be read, in words. */
  readonly failed: readonly string[]
  readonly now: number
}

type Say = Pick<NamespaceCondition, 'type' | 'status' | 'reason' | 'message'>

const fine = (type: string, reason: string, message: string): Say => ({ type, status: 'False', reason, message })
const trouble = (type: string, reason: string, message: string): Say => ({ type, status: 'True', reason, message })

const isDeletion = ({ write }: Refused): boolean => write.op === 'delete' || write.op === 'deletecollection'

/** As upstream's client tells of servers whose part of the API it could not find out. */
function discovery(lost: readonly string[]): Say {
  const type = 'NamespaceDeletionDiscoveryFailure'
  if (lost.length === 0) return fine(type, 'ResourcesDiscovered', 'All resources successfully discovered')
  const list = lost.map(one => `${one}: stale GroupVersion discovery: ${one}`).join(', ')
  return trouble(
    type,
    'DiscoveryFailed',
    `Discovery failed for some groups, ${lost.length} failing: unable to retrieve the complete list of server APIs: ${list}`,
  )
}

function report(
  namespace: Namespace,
  { all, refused, lost, failed: unread, now }: Found,
): readonly NamespaceCondition[] {
  const failed = [...unread, ...refused.filter(isDeletion).map(one => one.error.message)]
  const says: readonly Say[] = [
    discovery(lost),
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
