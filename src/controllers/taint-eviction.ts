/** Ends pods on nodes with NoExecute taints, when or as long as they do not tolerate them. */
import { nodes, pods } from '#kinds/facts/generated/refs.ts'
import type { Node, Pod, Taint } from '#kinds/facts/generated/types/core_v1.ts'
import { type KObject, keyOf } from '#api/metadata.ts'
import {
  type Controller,
  type Decision,
  type Input,
  type Notice,
  type Watch,
  nothing,
  selfKey,
} from '#client/controller.ts'
import { at } from './conditions.ts'
import { same } from './equal.ts'
import { deletePod, disrupt, nodeIndex, podsOn } from './node-pods.ts'
import { isDeleting } from './pods.ts'
import { eventWriter, reading, rule } from './rules.ts'
import { tolerates } from './taints.ts'

const isNode = (object: KObject): object is Node => object.kind === 'Node'
const executing = (node: Node | undefined): readonly Taint[] =>
  (node?.spec.taints ?? []).filter(taint => taint.effect === 'NoExecute')

const podsOfNode: Watch['keys'] = ({ object, previous }, read) => {
  if (!isNode(object)) return []
  const before = previous !== undefined && isNode(previous) ? executing(previous) : []
  return same(before, executing(object)) ? [] : podsOn(read, object.metadata.name ?? '').map(keyOf)
}

/** When the tolerated time began, in milliseconds since the epoch. */
type Since = number

export const taintEviction: Controller<Since> = {
  name: 'taint-eviction-controller',
  watches: [
    { ref: pods, keys: selfKey },
    { ref: nodes, keys: podsOfNode },
  ],
  indexes: [nodeIndex],
  rules: [
    rule('', ['pods'], ['delete', ...reading]),
    rule('', ['nodes'], reading),
    rule('', ['pods/status'], ['patch']),
    eventWriter,
  ],
  decide,
}

/** Milliseconds that the pod tolerates these taints: 0 none, Infinity for ever. */
function toleratedFor(pod: Pod, taints: readonly Taint[]): number {
  let least = Infinity
  for (const taint of taints) {
    const fitting = (pod.spec.tolerations ?? []).filter(one => tolerates(one, taint))
    if (fitting.length === 0) return 0
    for (const { tolerationSeconds } of fitting)
      if (tolerationSeconds !== undefined) least = Math.min(least, Math.max(0, Number(tolerationSeconds) * 1000))
  }
  return least
}

function decide(key: string, { read, now, memory }: Input<Since>): Decision<Since> {
  const pod = read.get(pods, key)
  if (pod === undefined || isDeleting(pod) || (pod.spec.nodeName ?? '') === '') return nothing
  const taints = executing(read.get(nodes, pod.spec.nodeName ?? ''))
  if (taints.length === 0) {
    if (memory === undefined) return nothing
    return { writes: [], events: [notice(pod, `Cancelling deletion of Pod ${key}`)] }
  }
  const time = toleratedFor(pod, taints)
  if (time === Infinity) return nothing
  const added = Math.max(...taints.map(taint => at(taint.timeAdded)))
  const since = memory ?? (Number.isNaN(added) ? now : added)
  const left = since + time - now
  if (left > 0) return { writes: [], memory: since, again: left }
  const says = notice(pod, `Marking for deletion Pod ${key}`)
  const message = 'Taint manager: deleting due to NoExecute taint'
  return {
    writes: [[disrupt(pod, { reason: 'DeletionByTaintManager', message, now })], [deletePod(pod, { says })]],
    memory: since,
  }
}

const notice = (pod: Pod, message: string): Notice => ({
  about: pod,
  type: 'Normal',
  reason: 'TaintManagerEviction',
  message,
})
