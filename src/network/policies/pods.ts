/** What policies need to know of a pod, and nothing else: most changes of pods change none of it. */
import { isSidecar, isTerminal } from '#kinds/facts/pods.ts'
import type { Labels } from '#api/selector.ts'
import { keyOf } from '#api/metadata.ts'
import type { Container, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { addressNumber, within } from '../ip.ts'

export interface NamedPort {
  readonly name: string
  readonly proto: string
  readonly port: number
}

export interface PodView {
  /** `namespace/name`. */
  readonly key: string
  readonly uid: string
  readonly namespace: string
  readonly labels: Labels
  readonly address: string
  /** It runs on this node. */
  readonly here: boolean
  /** Its node's agent said so in this process, before anything else could. */
  readonly sure: boolean
  readonly ports: readonly NamedPort[]
}

const serving = (pod: Pod): readonly Container[] => [
  ...(pod.spec.initContainers ?? []).filter(isSidecar),
  ...pod.spec.containers,
]

const namedPorts = (pod: Pod): readonly NamedPort[] =>
  serving(pod).flatMap(({ ports = [] }) =>
    ports.flatMap(({ name = '', protocol = 'TCP', containerPort }) =>
      name === '' ? [] : [{ name, proto: protocol.toLowerCase(), port: containerPort }],
    ),
  )

const isAddress = (text: string): boolean => addressNumber(text) !== undefined

export interface Whereabouts {
  readonly nodeName: string
  /** Addresses that the runtime gave, by the pod's uid. */
  readonly given: (uid: string) => readonly string[] | undefined
  /** Of the node's pods; undefined where that is not known. */
  readonly range: (node: string) => string | undefined
  /** Also pods that have ended, at the address that they had. */
  readonly ended?: boolean
}

/**
 * undefined for a pod that has no address of its own: on the network of its node, not started, or ended. A pod of
 * another node whose address is none of that node's is not believed: nobody speaks for pods elsewhere.
 */
export function viewOf(pod: Pod, where: Whereabouts): PodView | undefined {
  const { nodeName = '', hostNetwork = false } = pod.spec
  if (hostNetwork || nodeName === '' || (isTerminal(pod) && where.ended !== true)) return undefined
  const here = nodeName === where.nodeName
  const { uid = '', namespace = '', labels } = pod.metadata
  const given = here ? where.given(uid) : undefined
  const told = pod.status?.podIPs?.map(one => one.ip) ?? [pod.status?.podIP ?? '']
  const address = (given ?? told).find(isAddress)
  if (address === undefined) return undefined
  const range = where.range(nodeName)
  if (given === undefined && range !== undefined && !within(address, [range])) return undefined
  return { key: keyOf(pod), uid, namespace, labels, address, here, sure: given !== undefined, ports: namedPorts(pod) }
}

/** Equal texts: nothing has changed that policies ask for. */
export const viewText = (view: PodView | undefined): string =>
  view === undefined ? '' : JSON.stringify([view.uid, view.labels, view.address, view.here, view.sure, view.ports])
