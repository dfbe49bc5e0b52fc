/** What a node needs beside the table: forwarding, routes, and the address of cluster DNS. All of it bears our mark. */
import type { Log } from '#base/log.ts'
import type { Tool } from './tool.ts'

export interface HostNetwork {
  readonly nodeIPs: readonly string[]
  readonly serviceCIDR: string
  readonly dnsIP?: string
  /** Other nodes' pods, by the address of their node. */
  readonly peers: ReadonlyMap<string, string>
}

/** Routes with this protocol number are ours. */
const protocol = '98'
/** The name under which the DNS address stands on the loopback interface. */
const label = 'lo:bulwark'

const sysctls: readonly (readonly [string, string])[] = [['net/ipv4/ip_forward', '1']]

/** By programs, as all else here: these files show the network namespace of whoever opens them. */
async function setSysctls(tool: Tool): Promise<void> {
  for (const [name, value] of sysctls) {
    const file = `/proc/sys/${name}`
    if ((await tool(['cat', file])).trim() !== value) await tool(['tee', file], value)
  }
}

const lines = (text: string): readonly string[] => text.split('\n').filter(line => line.trim() !== '')

/** The interface that has one of the addresses; loopback is no way out, and refusals of it would not come back. */
async function interfaceOf(tool: Tool, addresses: readonly string[]): Promise<readonly [string, string] | undefined> {
  for (const line of lines(await tool(['ip', '-4', '-o', 'addr', 'show']))) {
    const [, name = '', , range = ''] = line.trim().split(/\s+/)
    const address = range.split('/')[0] ?? ''
    if (name !== 'lo' && addresses.includes(address)) return [name.split('@')[0] ?? name, address]
  }
  return undefined
}

/** Destination to the whole line, of routes that are ours. */
async function ourRoutes(tool: Tool): Promise<ReadonlyMap<string, string>> {
  const found = lines(await tool(['ip', '-4', 'route', 'show', 'proto', protocol]))
  return new Map(found.map(line => [line.trim().split(/\s+/)[0] ?? '', line.trim()]))
}

async function wantedRoutes(tool: Tool, network: HostNetwork): Promise<ReadonlyMap<string, readonly string[]>> {
  const routes = new Map<string, readonly string[]>()
  const way = await interfaceOf(tool, network.nodeIPs)
  // Nothing leaves by it: the address is translated or refused before. Without a route there is not even an attempt.
  if (way !== undefined) routes.set(network.serviceCIDR, ['dev', way[0], 'src', way[1]])
  for (const [range, via] of network.peers) routes.set(range, ['via', via])
  return routes
}

const plain = (destination: string): string => destination.replace(/\/32$/, '')

async function setRoutes(tool: Tool, log: Log, network: HostNetwork): Promise<void> {
  const [wanted, present] = [await wantedRoutes(tool, network), await ourRoutes(tool)]
  const names = new Set([...wanted.keys()].map(plain))
  for (const [destination, line] of present)
    if (!names.has(destination))
      await tool(['ip', '-4', 'route', 'del', destination, 'proto', protocol]).catch(failed(log, line))
  for (const [destination, how] of wanted) {
    const line = ` ${present.get(plain(destination)) ?? ''} `
    if (line.includes(` ${how.slice(0, 2).join(' ')} `)) continue
    await tool(['ip', '-4', 'route', 'replace', destination, ...how, 'proto', protocol]).catch(failed(log, destination))
  }
}

const failed = (log: Log, route: string) => (error: unknown) =>
  log.warn('cannot change a route', { route, error: String(error) })

async function dnsAddresses(tool: Tool): Promise<readonly string[]> {
  const found = lines(await tool(['ip', '-4', '-o', 'addr', 'show', 'dev', 'lo', 'label', label]))
  return found.map(line => line.trim().split(/\s+/)[3]?.split('/')[0] ?? '')
}

async function setAddress(tool: Tool, dnsIP: string | undefined): Promise<void> {
  const present = await dnsAddresses(tool)
  for (const address of present) if (address !== dnsIP) await tool(['ip', 'addr', 'del', `${address}/32`, 'dev', 'lo'])
  if (dnsIP !== undefined && !present.includes(dnsIP))
    await tool(['ip', 'addr', 'add', `${dnsIP}/32`, 'dev', 'lo', 'label', label])
}

/** Changes only what differs. @throws ToolError where the machine does not answer or has no room for the DNS address */
export async function prepareHost(tool: Tool, log: Log, network: HostNetwork): Promise<void> {
  await setSysctls(tool)
  await setAddress(tool, network.dnsIP)
  await setRoutes(tool, log, network)
}

/** Takes away routes and addresses that bear our mark; forwarding stays, others may need it. */
export async function clearHost(tool: Tool): Promise<void> {
  for (const destination of (await ourRoutes(tool)).keys())
    await tool(['ip', '-4', 'route', 'del', destination, 'proto', protocol])
  for (const address of await dnsAddresses(tool)) await tool(['ip', 'addr', 'del', `${address}/32`, 'dev', 'lo'])
}
