/** Questions about a pod's spec that several deciders ask. */
import { isSidecar } from '#kinds/facts/pods.ts'
import type { Container, EphemeralContainer, Pod, PodSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { type Amounts, bytesOf, milliOf, quantityOf } from './amounts.ts'

export const initContainers = (pod: Pod): readonly Container[] => pod.spec.initContainers ?? []
export const ephemeralContainers = (pod: Pod): readonly EphemeralContainer[] => pod.spec.ephemeralContainers ?? []

export function findContainer(pod: Pod, name: string): Container | EphemeralContainer | undefined {
  return [...pod.spec.containers, ...initContainers(pod), ...ephemeralContainers(pod)].find(one => one.name === name)
}

/** Whether a container that ended with this code is started again. Rules of the container go before the pod's policy. */
export function shouldRestart(spec: PodSpec, container: Container, exitCode: number): boolean {
  if (container.restartPolicy !== undefined && !isSidecar(container)) {
    const rule = container.restartPolicyRules?.find(one => {
      const codes = one.exitCodes
      const listed = codes?.values?.includes(exitCode) ?? false
      return codes !== undefined && (codes.operator === 'In' ? listed : !listed)
    })
    if (rule !== undefined) return rule.action === 'Restart'
  }
  const policy = container.restartPolicy ?? spec.restartPolicy ?? 'Always'
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
}

/** Whether a running container that had to be ended is started again. */
export const restartsAfterKill = (spec: PodSpec, container: Container): boolean =>
  (container.restartPolicy ?? spec.restartPolicy ?? 'Always') !== 'Never'

const positive = (list: Amounts, name: string): bigint => quantityOf(list, name).nanos

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

export function qosClass(pod: Pod): QosClass {
  const containers = [...pod.spec.containers, ...initContainers(pod)]
  const asked = pod.spec.resources === undefined ? containers.map(one => one.resources) : [pod.spec.resources]
  let [any, all] = [false, true]
  for (const resources of asked)
    for (const name of ['cpu', 'memory']) {
      const limit = positive(resources?.limits, name)
      const request = resources?.requests?.[name] === undefined ? limit : positive(resources.requests, name)
      any ||= limit > 0n || request > 0n
      all &&= limit > 0n && request === limit
    }
  return !any ? 'BestEffort' : all ? 'Guaranteed' : 'Burstable'
}

export interface PodResources {
  /** Thousandths of a CPU. */
  readonly cpuRequest: number
  /** Absent where one container has none. */
  readonly cpuLimit?: number
  /** Bytes. */
  readonly memoryLimit?: number
}

const amount = { cpu: milliOf, memory: bytesOf } as const

/** The most that the pod uses at one time: containers and sidecars together, or an init container with earlier sidecars. */
function most(pod: Pod, name: 'cpu' | 'memory', of: 'requests' | 'limits'): number | undefined {
  const own = pod.spec.resources?.[of]
  if (own?.[name] !== undefined) return amount[name](own)
  const value = (container: Container): number => {
    const { requests, limits } = container.resources ?? {}
    const list = of === 'requests' && requests?.[name] !== undefined ? requests : limits
    return list?.[name] === undefined ? (of === 'limits' ? Infinity : 0) : amount[name](list)
  }
  let [sidecars, peak] = [0, 0]
  for (const container of initContainers(pod)) {
    peak = Math.max(peak, sidecars + value(container))
    if (isSidecar(container)) sidecars += value(container)
  }
  const running = pod.spec.containers.reduce((sum, container) => sum + value(container), sidecars)
  const total = Math.max(peak, running) + amount[name](pod.spec.overhead)
  return Number.isFinite(total) ? total : undefined
}

export function podResources(pod: Pod): PodResources {
  const cpuLimit = most(pod, 'cpu', 'limits')
  const memoryLimit = most(pod, 'memory', 'limits')
  return {
    cpuRequest: most(pod, 'cpu', 'requests') ?? 0,
    ...(cpuLimit === undefined ? {} : { cpuLimit }),
    ...(memoryLimit === undefined ? {} : { memoryLimit }),
  }
}
