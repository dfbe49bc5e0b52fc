/** What a node agent may report of a pod. */
import { isSidecar } from '#kinds/facts/pods.ts'
import { dns1123Subdomain, qualifiedName } from '#api/names.ts'
import type { ContainerStatus, Pod, PodSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { addressProblems } from '../../../addresses.ts'
import type { Place } from '../../../place.ts'

const systemConditions: ReadonlySet<string> = new Set(['PodScheduled', 'Ready', 'Initialized'])
const negative = 'must be a non-negative integer'

type Status = NonNullable<Pod['status']>

function checkConditions(list: Place, status: Status): void {
  list.each(status.conditions, ({ type, observedGeneration = 0 }, at) => {
    if (observedGeneration < 0) at.at('observedGeneration').invalid(observedGeneration, negative)
    if (!systemConditions.has(type)) at.at('Type').format(type, qualifiedName)
  })
}

interface Addresses {
  readonly ips: readonly { readonly ip?: string }[] | undefined
  readonly old: readonly { readonly ip?: string }[] | undefined
}

function checkAddresses(list: Place, { ips = [], old = [] }: Addresses): void {
  const known = new Set(old.map(one => one.ip))
  list.each(ips, ({ ip = '' }, at) => {
    if (!known.has(ip)) at.format(ip, addressProblems)
  })
  const six = ips.filter(one => one.ip?.includes(':') === true).length
  if (six > 1 || ips.length - six > 1) list.invalid(ips, 'may specify no more than one IP for each IP family')
}

/** A container that ended may run again only where the pod, or the container itself, says so. */
function mayRestart(spec: PodSpec, name: string, exitCode: number): boolean {
  const container = [...spec.containers, ...(spec.initContainers ?? [])].find(one => one.name === name)
  if (container === undefined) return false
  const all = [...spec.containers, ...(spec.initContainers ?? [])]
  if (all.some(one => one.restartPolicyRules?.some(rule => rule.action === 'RestartAllContainers') === true))
    return true
  if (isSidecar(container)) return true
  if (container.restartPolicy !== undefined || (container.restartPolicyRules?.length ?? 0) > 0) {
    for (const { exitCodes, action } of container.restartPolicyRules ?? []) {
      const among = exitCodes?.values?.includes(exitCode) === true
      if (action === 'Restart' && among === (exitCodes?.operator === 'In')) return true
    }
  }
  const policy = container.restartPolicy ?? spec.restartPolicy
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
}

type Statuses = readonly ContainerStatus[] | undefined
type MayRestart = (name: string, exitCode: number) => boolean

function checkTransitions(
  list: Place,
  pair: { readonly next: Statuses; readonly old: Statuses },
  may: MayRestart,
): void {
  const { next = [], old = [] } = pair
  old.forEach((before, index) => {
    const ended = before.state?.terminated
    if (ended === undefined) return
    const now = next.find(one => one.name === before.name)
    if (now !== undefined && now.state?.terminated === undefined && !may(before.name, ended.exitCode))
      list.item(index).at('state').forbidden('may not be transitioned to non-terminated state')
  })
}

const lists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const

export function checkPodStatus(place: Place, pod: Pod, old: Pod): void {
  const [status, before] = [pod.status ?? {}, old.status ?? {}]
  checkConditions(place.at('conditions'), status)
  const { nominatedNodeName: nominated = '', observedGeneration = 0, qosClass } = status
  if (nominated !== '' && nominated !== before.nominatedNodeName) {
    place.at('nominatedNodeName').format(nominated, dns1123Subdomain)
    if (old.spec.nodeName)
      place.at('nominatedNodeName').forbidden('may not be set on pods that are already bound to a node')
  }
  if (observedGeneration < 0) place.at('observedGeneration').invalid(observedGeneration, negative)
  if (qosClass !== before.qosClass) place.at('qosClass').immutable(qosClass)
  for (const name of lists)
    checkTransitions(
      place.at(name),
      { next: status[name], old: before[name] },
      name === 'ephemeralContainerStatuses' ? () => false : (one, code) => mayRestart(old.spec, one, code),
    )
  checkAddresses(place.at('podIPs'), { ips: status.podIPs, old: before.podIPs })
  checkAddresses(place.at('hostIPs'), { ips: status.hostIPs, old: before.hostIPs })
  const [first] = status.hostIPs ?? []
  if (first !== undefined && first.ip !== status.hostIP)
    place.at('hostIPs').item(0).at('ip').invalid(first.ip, 'must be equal to `hostIP`')
}
