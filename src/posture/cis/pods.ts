/** Section 5.2: what pods are let in. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { type Control, type Proof, noneOf } from '../control.ts'
import type { Facts } from '../facts.ts'
import { looked, podPlace, switchedOff, unguarded, untold, violating } from '../pods.ts'

const label = 'kubectl label --overwrite namespace NAME pod-security.kubernetes.io/enforce=baseline'
const stricter =
  'change the pod; to refuse such pods, kubectl label --overwrite namespace NAME pod-security.kubernetes.io/enforce=restricted'

/** Pods that are there, and namespaces that would let in more of them. */
const refused =
  (found: (facts: Facts) => readonly Proof[], what: string): Control['check'] =>
  facts =>
    noneOf([...switchedOff(facts), ...unguarded(facts), ...found(facts)], `delete or change the pod, and ${label}`, {
      place: 'Namespaces and Pods',
      says: `every namespace enforces baseline or is exempt, and no pod ${what}`,
    })

/** Beyond baseline: pods that are there, and namespaces in which whoever makes one is not even told. */
const told =
  (found: (facts: Facts) => readonly Proof[], what: string): Control['check'] =>
  facts =>
    noneOf([...switchedOff(facts), ...untold(facts), ...found(facts)], stricter, {
      place: 'Namespaces and Pods',
      says: `every namespace warns of what restricted refuses, and no pod ${what}`,
    })

const having =
  (field: 'hostPID' | 'hostIPC' | 'hostNetwork') =>
  ({ objects }: Facts): readonly Proof[] =>
    objects.pods
      .filter(pod => pod.spec[field] === true)
      .map(pod => ({ place: podPlace(pod), says: `spec.${field}: true` }))

const capable =
  (wrong: (pod: Pod) => string | undefined) =>
  ({ objects }: Facts): readonly Proof[] =>
    objects.pods.flatMap(pod => {
      const says = wrong(pod)
      return says === undefined ? [] : [{ place: podPlace(pod), says }]
    })

const added = (pod: Pod): string | undefined => {
  const found = looked(pod).containers.find(one => (one.securityContext?.capabilities?.add ?? []).length > 0)
  return found === undefined
    ? undefined
    : `container ${found.name}: securityContext.capabilities.add: ${found.securityContext?.capabilities?.add?.join(', ')}`
}

const raw = (pod: Pod): string | undefined => {
  const found = looked(pod).containers.find(one => {
    const { add = [], drop = [] } = one.securityContext?.capabilities ?? {}
    const adds = add.some(name => ['ALL', 'NET_RAW', 'CAP_NET_RAW'].includes(name))
    return adds || !drop.some(name => ['ALL', 'NET_RAW', 'CAP_NET_RAW'].includes(name))
  })
  return found === undefined
    ? undefined
    : `container ${found.name}: securityContext.capabilities.drop has neither ALL nor NET_RAW`
}

export const pods: readonly Control[] = [
  {
    id: '5.2.1',
    title: 'Something judges pods in every namespace',
    check: facts =>
      noneOf([...switchedOff(facts), ...unguarded(facts)], label, {
        place: 'Namespaces',
        says: `all ${facts.objects.namespaces.length} enforce baseline or restricted; exempt: ${[...facts.podSecurity.exemptions.namespaces].join(', ') || 'none'}`,
      }),
  },
  {
    id: '5.2.2',
    title: 'No privileged containers',
    check: refused(facts => violating(facts, 'privileged'), 'is privileged'),
  },
  {
    id: '5.2.3',
    title: "No pods among the node's processes",
    check: refused(having('hostPID'), "is among the node's processes"),
  },
  { id: '5.2.4', title: "No pods in the node's IPC", check: refused(having('hostIPC'), "is in the node's IPC") },
  {
    id: '5.2.5',
    title: "No pods in the node's network",
    check: refused(having('hostNetwork'), "is in the node's network"),
  },
  {
    id: '5.2.6',
    title: 'No processes that gain rights',
    check: told(facts => violating(facts, 'allowPrivilegeEscalation'), 'lets its processes gain rights'),
  },
  {
    id: '5.2.7',
    title: 'No containers run as root',
    check: told(facts => violating(facts, 'runAsNonRoot'), 'may run as root'),
  },
  { id: '5.2.8', title: 'No raw sockets', check: told(capable(raw), 'may open raw sockets') },
  { id: '5.2.9', title: 'No added capabilities', check: told(capable(added), 'has added capabilities') },
  {
    id: '5.2.10',
    title: "No Windows containers that are the node's processes",
    check: refused(facts => violating(facts, 'windowsHostProcess'), 'is a process of a Windows node'),
  },
  {
    id: '5.2.11',
    title: 'No folders of the node',
    check: refused(facts => violating(facts, 'hostPathVolumes'), 'mounts a folder of the node'),
  },
  {
    id: '5.2.12',
    title: 'No ports of the node',
    check: refused(facts => violating(facts, 'hostPorts'), 'takes a port of the node'),
  },
]
