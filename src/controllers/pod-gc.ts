/** Removes pods that nobody else will: of nodes that are gone, deleted before they were placed, ended long ago. */
import { isTerminal } from '#kinds/facts/pods.ts'
import { nodes, pods } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { keyOf } from '#api/metadata.ts'
import { type Controller, type Decision, type Input, type Watch, nothing } from '#client/controller.ts'
import { deletePod, disrupt, nodeIndex, podsOn } from './node-pods.ts'
import { isDeleting } from './pods.ts'
import { reading, rule } from './rules.ts'

/** Milliseconds for which a missing node may still turn up. */
const quarantine = 40_000
/** How often ended pods are counted. */
const every = 20_000
const ended = '!ended'

const orphanedKeys: Watch['keys'] = ({ type, object }, read) =>
  type === 'delete' ? podsOn(read, object.metadata.name ?? '').map(keyOf) : []

/** Since when its node is missing, in milliseconds since the epoch. */
type Missing = number

/** Ended pods that are kept: upstream's default. */
export const usualThreshold = 12_500

/** @param threshold ended pods that are kept; 0 keeps all */
export const podGarbage = (threshold = usualThreshold): Controller<Missing> => ({
  name: 'pod-garbage-collector',
  watches: [
    { ref: pods, keys: ({ key }) => [key, ended] },
    { ref: nodes, keys: orphanedKeys },
  ],
  indexes: [nodeIndex],
  rules: [
    rule('', ['pods'], ['delete', ...reading]),
    rule('', ['nodes'], ['get', 'list', 'watch']),
    rule('', ['pods/status'], ['patch']),
  ],
  decide: (key, input) => (key === ended ? sweep(threshold, input) : decide(key, input)),
})

function decide(key: string, { read, now, memory, asked }: Input<Missing>): Decision<Missing> {
  const pod = read.get(pods, key)
  if (pod === undefined) return nothing
  const node = pod.spec.nodeName ?? ''
  if (node === '') return isDeleting(pod) ? { writes: [[deletePod(pod, { graceSeconds: 0 })]] } : nothing
  if (read.get(nodes, node) !== undefined) return nothing
  const since = memory ?? now
  const left = since + quarantine - now
  if (left > 0) return { writes: [], memory: since, again: left }
  if (!asked.has(nodes, node)) return { writes: [], ask: [{ ref: nodes, key: node }] }
  if (asked.get(nodes, node) !== undefined) return nothing
  const gone = { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists', now, failed: true }
  const mark = isTerminal(pod) ? [] : [[disrupt(pod, gone)]]
  return { writes: [...mark, [deletePod(pod, { graceSeconds: 0 })]], memory: since }
}

const order = (a: Pod, b: Pod): number =>
  (a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1

/** Deletes the oldest ended pods beyond the threshold. */
function sweep(threshold: number, { read, now, memory = 0 }: Input<Missing>): Decision<Missing> {
  // Every change of a pod asks for this; counting them all is done now and then.
  if (memory + every > now) return { writes: [], memory, again: memory + every - now }
  const done = read.list(pods).filter(pod => isTerminal(pod) && !isDeleting(pod))
  const excess = threshold <= 0 ? [] : done.sort(order).slice(0, Math.max(0, done.length - threshold))
  return {
    writes: [excess.map(pod => deletePod(pod, { graceSeconds: 0 }))].filter(group => group.length > 0),
    memory: now,
  }
}
