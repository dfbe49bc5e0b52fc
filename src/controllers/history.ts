/** Kept templates of DaemonSets and StatefulSets, as ControllerRevisions. */
import { controllerRevisions } from '#kinds/facts/generated/refs.ts'
import type { ControllerRevision } from '#kinds/facts/generated/types/apps_v1.ts'
import type { PodTemplateSpec } from '#kinds/facts/generated/types/core_v1.ts'
import type { Json, KObject, ResourceRef } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import type { Write } from '#client/controller.ts'
import { thaw } from '#client/thaw.ts'
import { templateHash } from './deployment/template.ts'
import { same } from './equal.ts'
import { controlledBy, controllerRef } from './owners.ts'
import { create, remove, update } from './writes.ts'

export const revisionLabel = 'controller-revision-hash'

export interface Owned extends KObject {
  readonly spec: { readonly template: PodTemplateSpec; readonly revisionHistoryLimit?: number }
  readonly status?: { readonly collisionCount?: number }
}

/** Templates are JSON by construction; their interfaces only lack the index signature that says so. */
const asJson = (value: unknown): Json => thaw(value) as Json

export interface History {
  /** Of the present template; it may yet have to be created. */
  readonly current: ControllerRevision
  /** Oldest first, the current one included when it exists. */
  readonly all: readonly ControllerRevision[]
  readonly writes: readonly Write[]
}

export const hashOf = (revision: ControllerRevision): string => revision.metadata.labels?.[revisionLabel] ?? ''

/** What `rollout undo` patches the owner with. */
const dataOf = (owner: Owned) => {
  const template = { ...owner.spec.template, $patch: 'replace' }
  return { spec: { template } }
}

export function historyOf<O extends Owned>(read: Reader, ref: ResourceRef<O>, owner: O): History {
  const all = [...controlledBy(read, controllerRevisions, owner)].sort(
    (a, b) => a.revision - b.revision || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1),
  )
  const data = dataOf(owner)
  const latest = all.at(-1)
  const found = all.findLast(one => same(one.data, data))
  const next = (latest?.revision ?? 0) + 1
  if (found !== undefined && found === latest) return { current: found, all, writes: [] }
  if (found !== undefined) {
    const current = { ...found, revision: next }
    return { current, all, writes: [update(controllerRevisions, current)] }
  }
  const hash = templateHash(owner.spec.template, owner.status?.collisionCount)
  const current: ControllerRevision = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${owner.metadata.name ?? ''}-${hash}`,
      namespace: owner.metadata.namespace ?? '',
      labels: { ...owner.spec.template.metadata?.labels, [revisionLabel]: hash },
      annotations: { ...owner.metadata.annotations },
      ownerReferences: [controllerRef(ref, owner)],
    },
    data: asJson(data),
    revision: next,
  }
  return { current, all, writes: [create(controllerRevisions, current)] }
}

/** Deletes the oldest revisions beyond the limit that nothing uses any more. */
export function forget(owner: Owned, { all, current }: History, inUse: ReadonlySet<string>): readonly Write[] {
  const idle = all.filter(
    one =>
      one.metadata.name !== current.metadata.name && !inUse.has(hashOf(one)) && !inUse.has(one.metadata.name ?? ''),
  )
  const excess = idle.length - (owner.spec.revisionHistoryLimit ?? 10)
  return idle.slice(0, Math.max(0, excess)).map(one => remove(controllerRevisions, one))
}

/** The template that a revision keeps. */
export function templateOf(revision: ControllerRevision, owner: Owned): PodTemplateSpec {
  const { data } = revision
  const spec: unknown = isFields(data) ? data['spec'] : undefined
  const template = isFields(spec) ? spec['template'] : undefined
  if (!isTemplate(template)) return owner.spec.template
  const { $patch: _, ...rest } = template
  return rest
}

const isFields = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
/** Revisions are written by this controller alone; one that somebody else has mangled lacks a spec. */
const isTemplate = (value: unknown): value is PodTemplateSpec & { readonly $patch?: string } =>
  isFields(value) && isFields(value['spec'])
