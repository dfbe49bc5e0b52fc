/** Which addresses and ports services get, as the command line says it; the flags have upstream's names. */
import type { ClusterConfig } from '#processes/config.ts'
import { dnsAddress, inRange, parseRange, rangeText } from '#network/ip.ts'
import { UsageError } from './place.ts'

export interface NetworkFlags {
  readonly serviceClusterIpRange?: string
  readonly serviceNodePortRange?: string
}

/** A cluster that was told nothing. */
export const usualServiceCIDR = '10.96.0.0/16'
export const usualNodePorts = [30_000, 32_767] as const
export const podCIDR = '10.244.0.0/24'

/** Room for DNS and some more; no more than is looked through when it is almost full. */
const [longest, shortest] = [28, 12] as const

function serviceCIDR(text: string): string {
  const range = text.includes('/') ? parseRange(text) : undefined
  if (range === undefined || range.bits < shortest || range.bits > longest)
    throw new UsageError(
      `--service-cluster-ip-range must be an IPv4 range from /${shortest} to /${longest}, such as ${usualServiceCIDR}, not ${JSON.stringify(text)}`,
    )
  const pods = parseRange(podCIDR)
  if (pods !== undefined && (inRange(pods.base, range) || inRange(range.base, pods)))
    throw new UsageError(`--service-cluster-ip-range must not overlap with the addresses of pods, ${podCIDR}`)
  return rangeText(range)
}

/** `FIRST-LAST`, `FIRST+MORE`, or one port. */
function nodePorts(text: string): readonly [number, number] {
  const [, first = '', sign = '-', more = ''] = /^(\d{1,5})(?:([-+])(\d{1,5}))?$/.exec(text) ?? []
  const low = Number(first)
  const high = more === '' ? low : Number(more) + (sign === '+' ? low : 0)
  if (first === '' || low < 1 || high < low || high > 65_535)
    throw new UsageError(
      `--service-node-port-range must be a range of ports such as 30000-32767, not ${JSON.stringify(text)}`,
    )
  return [low, high]
}

/** What is given, and nothing else. @throws UsageError */
export function networkOf(flags: NetworkFlags): Partial<Pick<ClusterConfig, 'serviceCIDR' | 'dns' | 'nodePorts'>> {
  const { serviceClusterIpRange, serviceNodePortRange } = flags
  const range = serviceClusterIpRange === undefined ? undefined : serviceCIDR(serviceClusterIpRange)
  return {
    ...(range === undefined ? {} : { serviceCIDR: range, dns: dnsAddress(range) }),
    ...(serviceNodePortRange === undefined ? {} : { nodePorts: nodePorts(serviceNodePortRange) }),
  }
}
