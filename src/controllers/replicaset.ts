import { replicaSets } from '#kinds/facts/generated/refs.ts'
import type { ReplicaSet } from '#kinds/facts/generated/types/apps_v1.ts'
import type { KObject } from '#api/metadata.ts'
import { fromLabelSelector } from '#api/selector.ts'
import { replicaController } from './replicas.ts'
import { podWriter, rule } from './rules.ts'

const isReplicaSet = (object: KObject): object is ReplicaSet => object.kind === 'ReplicaSet'

export const replicaSet = replicaController({
  ref: replicaSets,
  name: 'replicaset-controller',
  selector: object => (isReplicaSet(object) ? fromLabelSelector(object.spec.selector) : undefined),
  countsTerminating: true,
  rules: [
    rule('apps', ['replicasets'], ['get', 'list', 'watch', 'update']),
    rule('apps', ['replicasets/status', 'replicasets/finalizers'], ['update']),
    ...podWriter,
  ],
})
