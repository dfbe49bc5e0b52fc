/** No socket is opened that whoever reaches it may use: looked at before the first one listens. */
import { statSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { ConfigurationError } from '#codec/configuration.ts'
import type { ClusterConfig, ServerConfig } from './config.ts'
import { serverHosts } from './places.ts'

/** Who listens, and where. */
export type Opening = Pick<ServerConfig, 'nodes' | 'address' | 'serverAddress' | 'port' | 'runtimeSocket'> &
  Partial<Pick<ClusterConfig, 'podCIDR' | 'serviceCIDR' | 'dns'>>

interface Range {
  readonly base: number
  readonly bits: number
}

const numberOf = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

function rangeOf(text: string): Range | undefined {
  const [address = '', length = ''] = text.split('/')
  const bits = Number(length)
  if (!isIPv4(address) || !/^\d{1,2}$/.test(length) || bits > 32) return undefined
  return { base: numberOf(address), bits }
}

function isWithin(part: Range, whole: Range): boolean {
  const size = 2 ** (32 - whole.bits)
  return part.bits >= whole.bits && Math.floor(part.base / size) === Math.floor(whole.base / size)
}

/** Addresses that nobody outside routes: RFC 1918, shared space, link-local. */
const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16'].flatMap(
  text => rangeOf(text) ?? [],
)

const isPrivate = (range: Range): boolean => privateRanges.some(whole => isWithin(range, whole))

/** DNS asks for no credentials: who may ask is told by addresses alone. */
function openDns({ dns = '', podCIDR, serviceCIDR = '' }: Opening): string | undefined {
  const [own, services] = [rangeOf(`${dns}/32`), rangeOf(serviceCIDR)]
  if (own === undefined || services === undefined || !isWithin(own, services))
    return `DNS would listen on ${dns}, which is not in the range of services ${serviceCIDR}: it answers without asking who it is, so it must have an address that only pods reach. Set "dns" in cluster.json to an address of that range`
  if (!isPrivate(services) || !isPrivate(own))
    return `DNS would listen on ${dns}, which is a public address: it answers without asking who it is. Set "serviceCIDR" and "dns" in cluster.json to a private range, such as 10.96.0.0/16`
  const pods = podCIDR === undefined ? undefined : rangeOf(podCIDR)
  if (podCIDR !== undefined && (pods === undefined || !isPrivate(pods)))
    return `DNS would answer whoever is in ${podCIDR}, which is more than pods: set "podCIDR" in cluster.json to a private range, such as 10.244.0.0/24`
  return undefined
}

/** Whoever may write to a runtime's socket is root on this machine. */
function openRuntime({ runtimeSocket }: Opening, modeOf: (file: string) => number | undefined): string | undefined {
  const mode = runtimeSocket === undefined ? undefined : modeOf(runtimeSocket)
  if (mode === undefined || (mode & 0o002) === 0) return undefined
  return `everybody on this machine may use the container runtime at ${runtimeSocket} (mode 0${(mode & 0o777).toString(8)}), which makes them root: run chmod 0660 ${runtimeSocket}`
}

function openApi(config: Opening, anonymous: boolean): string | undefined {
  const wide = serverHosts(config).find(host => host !== '127.0.0.1')
  if (!anonymous || wide === undefined) return undefined
  return `the API would be open to whoever reaches ${wide}:${config.port} without credentials: take anonymous access out of the AuthenticationConfiguration, or let it have conditions (paths such as /livez)`
}

const everywhere = ({ serverAddress, address }: Opening): string | undefined => {
  const wild = [serverAddress, address].find(one => one === '0.0.0.0' || one === '::')
  return wild === undefined
    ? undefined
    : `${wild} means every address of this machine, also those of networks that come later: give the one address at which others reach it (--advertise-address)`
}

export interface Looking {
  /** Whether the API lets in whoever says nothing, to more than its health. */
  readonly anonymous: boolean
  /** Of a file; undefined where there is none. */
  readonly modeOf?: (file: string) => number | undefined
}

const modeOnDisk = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.mode

/** @returns why a start must be refused, undefined where it need not be */
export function openSocket(config: Opening, { anonymous, modeOf = modeOnDisk }: Looking): string | undefined {
  return (
    everywhere(config) ??
    openApi(config, anonymous) ??
    (config.nodes === 'real' ? (openDns(config) ?? openRuntime(config, modeOf)) : undefined)
  )
}

/** @throws ConfigurationError */
export function refuseOpen(config: Opening, looking: Looking): void {
  const why = openSocket(config, looking)
  if (why !== undefined) throw new ConfigurationError(`refusing to start: ${why}`)
}
