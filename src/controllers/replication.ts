import { replicationControllers } from '#kinds/facts/generated/refs.ts'
import type { ReplicationController } from '#kinds/facts/generated/types/core_v1.ts'
import type { KObject } from '#api/metadata.ts'
import { fromLabelSelector } from '#api/selector.ts'
import { replicaController } from './replicas.ts'
import { podWriter, rule } from './rules.ts'

const isController = (object: KObject): object is ReplicationController => object.kind === 'ReplicationController'

export const replication = replicaController({
  ref: replicationControllers,
  name: 'replication-controller',
  // An empty selector of a ReplicationController selects nothing.
  selector: object => {
    const labels = isController(object) ? object.spec.selector : undefined
    return labels === undefined || Object.keys(labels).length === 0
      ? undefined
      : fromLabelSelector({ matchLabels: labels })
  },
  countsTerminating: false,
  rules: [
    rule('', ['replicationcontrollers'], ['get', 'list', 'watch', 'update']),
    rule('', ['replicationcontrollers/status', 'replicationcontrollers/finalizers'], ['update']),
    ...podWriter,
  ],
})
