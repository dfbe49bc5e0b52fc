/** Whether a rule allows one contact, asked of the object itself: for what is decided when rules are written, and for answers. */
import { fromLabelSelector, matches, selects, type Labels } from '#api/selector.ts'
import type { NetworkPolicyPeer, NetworkPolicyPort } from '#kinds/facts/generated/types/networking_v1.ts'
import type { DirectedRule } from './compile.ts'
import type { PodView } from './pods.ts'
import { inBlock } from './ranges.ts'

export interface Contact {
  /** The other side, as seen from the pod that the policy is about. */
  readonly address: string
  /** Whose address that is, with the labels of its namespace. */
  readonly pod?: PodView
  readonly namespace?: Labels
  readonly proto: string
  readonly port: number
  /** Where the packet goes, for names of ports. */
  readonly target?: PodView
}

function isPeer(peer: NetworkPolicyPeer, own: string, { address, pod, namespace }: Contact): boolean {
  const { ipBlock, namespaceSelector, podSelector } = peer
  if (ipBlock !== undefined) return inBlock(address, ipBlock)
  if (pod === undefined || !selects(podSelector ?? {}, pod.labels)) return false
  if (namespaceSelector === undefined) return pod.namespace === own
  const parsed = fromLabelSelector(namespaceSelector)
  return parsed !== undefined && matches(parsed, namespace)
}

function isPort({ protocol = 'TCP', port, endPort }: NetworkPolicyPort, contact: Contact): boolean {
  if (protocol.toLowerCase() !== contact.proto) return false
  if (port === undefined) return true
  if (typeof port === 'number') return contact.port >= port && contact.port <= (endPort ?? port)
  const ports = contact.target?.ports ?? []
  return ports.some(one => one.name === port && one.proto === contact.proto && one.port === contact.port)
}

/** @param own the namespace of the policy */
export const allows = ({ peers, ports }: DirectedRule, own: string, contact: Contact): boolean =>
  (peers.length === 0 || peers.some(peer => isPeer(peer, own, contact))) &&
  (ports.length === 0 || ports.some(port => isPort(port, contact)))
