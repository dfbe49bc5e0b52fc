/** A rollout under decision: the ReplicaSets as they will be, and the writes that make them so. */
import { deployments, replicaSets } from '#kinds/facts/generated/refs.ts'
import type { Deployment, ReplicaSet } from '#kinds/facts/generated/types/apps_v1.ts'
import type { Write } from '#client/controller.ts'
import { same } from '../equal.ts'
import { controllerRef } from '../owners.ts'
import { remove } from '../writes.ts'
import { revisionOf, rolloutAnnotations, withSizes } from './annotations.ts'
import { newSize, sizeOf, total } from './size.ts'
import { byCreation, hashLabel, newestRollout, replicaSetName, templateHash } from './template.ts'

export class Plan {
  readonly deployment: Deployment
  /** Undefined until it is made. */
  current: ReplicaSet | undefined
  old: readonly ReplicaSet[]
  /** Whether `current` does not exist yet. */
  created = false
  /** A ReplicaSet is created, or its annotations or size changed: the rest waits until that is seen. */
  readonly writes: Write[] = []
  readonly revision: bigint

  constructor(deployment: Deployment, sets: readonly ReplicaSet[]) {
    this.deployment = deployment
    this.current = newestRollout(deployment, sets)
    this.old = byCreation(sets.filter(set => set !== this.current))
    this.revision = this.old.map(revisionOf).reduce((most, one) => (one > most ? one : most), 0n) + 1n
  }

  all(): readonly ReplicaSet[] {
    return this.current === undefined ? this.old : [...this.old, this.current]
  }

  activeOld(): readonly ReplicaSet[] {
    return this.old.filter(set => sizeOf(set) > 0)
  }

  /** Brings the existing current ReplicaSet's annotations and minReadySeconds up to date. True when that is a write. */
  refresh(): boolean {
    const set = this.current
    if (set === undefined) return false
    const annotations = rolloutAnnotations(this.deployment, set.metadata.annotations ?? {}, this.revision)
    const minReadySeconds = this.deployment.spec.minReadySeconds ?? 0
    if (same(annotations, set.metadata.annotations) && minReadySeconds === (set.spec.minReadySeconds ?? 0)) return false
    this.#update(set, { ...set, metadata: { ...set.metadata, annotations }, spec: { ...set.spec, minReadySeconds } })
    return true
  }

  create(): void {
    const { deployment } = this
    const { name = '', namespace = '' } = deployment.metadata
    const hash = templateHash(deployment.spec.template, deployment.status?.collisionCount)
    const labels = { ...deployment.spec.template.metadata?.labels, [hashLabel]: hash }
    const { selector, template } = deployment.spec
    const replicas = newSize(deployment, this.old, 0)
    const set: ReplicaSet = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: replicaSetName(name, hash),
        namespace,
        labels,
        annotations: withSizes(deployment, rolloutAnnotations(deployment, {}, this.revision)),
        ownerReferences: [controllerRef(deployments, deployment)],
      },
      spec: {
        replicas,
        minReadySeconds: deployment.spec.minReadySeconds ?? 0,
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    }
    this.current = set
    this.created = true
    this.writes.push({
      op: 'create',
      ref: replicaSets,
      body: set,
      ...(replicas > 0 ? { says: this.#scaling('up', set, `from 0 to ${replicas}`) } : {}),
    })
  }

  /** True when its size changes. Sizes annotated for later scaling are kept up to date along the way. */
  resize(set: ReplicaSet, size: number, force = false): boolean {
    const before = sizeOf(set)
    if (!force && before === size) return false
    const annotations = withSizes(this.deployment, set.metadata.annotations ?? {})
    if (before === size && same(annotations, set.metadata.annotations)) return false
    const next = { ...set, metadata: { ...set.metadata, annotations }, spec: { ...set.spec, replicas: size } }
    const way = before < size ? 'up' : 'down'
    this.#update(set, next, before === size ? undefined : this.#scaling(way, set, `from ${before} to ${size}`))
    return before !== size
  }

  /** Deletes the oldest revisions beyond the limit that are scaled to nothing. */
  cleanUp(): void {
    const limit = this.deployment.spec.revisionHistoryLimit
    if (limit === undefined || limit === 2 ** 31 - 1) return
    const alive = this.old.filter(set => set.metadata.deletionTimestamp === undefined)
    const excess = [...alive]
      .sort((a, b) => Number(revisionOf(a) - revisionOf(b)))
      .slice(0, Math.max(0, alive.length - limit))
    for (const set of excess) {
      const observed = (set.status?.observedGeneration ?? 0) >= (set.metadata.generation ?? 0)
      if (sizeOf(set) !== 0 || (set.status?.replicas ?? 0) !== 0 || !observed) continue
      this.writes.push(remove(replicaSets, set))
    }
  }

  totalSize(): number {
    return total(this.all(), sizeOf)
  }

  #scaling(way: 'up' | 'down', set: ReplicaSet, sizes: string): NonNullable<Write['says']> {
    const message = `Scaled ${way} replica set ${set.metadata.name ?? ''} ${sizes}`
    return { about: this.deployment, type: 'Normal', reason: 'ScalingReplicaSet', message }
  }

  #update(set: ReplicaSet, next: ReplicaSet, says?: NonNullable<Write['says']>): void {
    // One write for each ReplicaSet: a second change of the same one joins the first.
    const pending = this.writes.findIndex(write => write.op !== 'delete' && 'body' in write && write.body === set)
    if (pending >= 0) {
      const write = this.writes[pending]
      if (write !== undefined && (write.op === 'update' || write.op === 'create'))
        this.writes[pending] = { ...write, body: next, ...(says === undefined ? {} : { says }) }
    } else this.writes.push({ op: 'update', ref: replicaSets, body: next, ...(says === undefined ? {} : { says }) })
    if (this.current === set) this.current = next
    else this.old = this.old.map(one => (one === set ? next : one))
  }
}
