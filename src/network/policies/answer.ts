/** What stands behind a refused packet's number, out of what the API keeps. */
import type { KObject } from '#api/metadata.ts'
import type { Contact } from '#kinds/facts/contact.ts'
import type { Node, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { NetworkPolicy } from '#kinds/facts/generated/types/networking_v1.ts'
import { type ContactAnswer, explainContact } from './explain.ts'
import { type PodView, viewOf } from './pods.ts'

export interface KeptWorld {
  readonly pod: Pod
  readonly pods: readonly Pod[]
  readonly nodes: readonly Node[]
  readonly namespaces: readonly KObject[]
  readonly policies: readonly NetworkPolicy[]
}

export function answerContact(contact: Contact, world: KeptWorld): ContactAnswer {
  const ranges = new Map(world.nodes.map(({ metadata, spec }) => [metadata.name ?? '', spec.podCIDR]))
  const labels = new Map(world.namespaces.map(({ metadata }) => [metadata.name ?? '', metadata.labels]))
  const where = { nodeName: '', given: () => undefined, range: (node: string) => ranges.get(node) }
  const pod = viewOf(world.pod, { ...where, ended: true })
  if (pod === undefined) return { allowedNow: true, message: 'the pod has no address of its own any more' }
  const at = (ended: boolean): readonly PodView[] =>
    world.pods.flatMap(one => viewOf(one, { ...where, ended }) ?? []).filter(one => one.address === contact.peer)
  // Whoever has the address now, else whoever had it.
  const live = at(false)
  const [peer, second] = live.length > 0 ? live : at(true)
  return explainContact(contact, {
    pod,
    ...(peer !== undefined && second === undefined && { peer }),
    labels: name => labels.get(name),
    policies: world.policies,
  })
}
