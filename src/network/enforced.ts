/** Whether the kernel of a node keeps to NetworkPolicies: asked of the kernel, not of the agent. */
import { localPods, policyChains } from './policies/names.ts'
import { tableName } from './ruleset.ts'
import { type Tool, runTool } from './tool.ts'
import { listTable } from './writer.ts'

export interface Enforcement {
  readonly enforced: boolean
  /** What was found, and where. */
  readonly says: string
}

/**
 * The bridge that pods of this node share, if they do. They meet there past all rules unless the kernel is told to show
 * them; and even then one speaks in another's name, which no rule can tell, or in link-local IPv6.
 */
async function sharedBridge(tool: Tool, table: string): Promise<string | undefined> {
  const known = await tool(['nft', 'list', 'set', 'inet', table, localPods])
  const [address] = known.match(/(?:\d+\.){3}\d+/) ?? []
  if (address === undefined) return undefined
  const [, device] = (await tool(['ip', '-4', '-o', 'route', 'get', address])).match(/ dev (\S+)/) ?? []
  const bridges = (await tool(['ip', '-o', 'link', 'show', 'type', 'bridge'])).matchAll(/^\d+: ([^:@\s]+)/gm)
  return [...bridges].map(([, name]) => name).find(name => name === device)
}

/** @param netns of the node, where it has one of its own */
export async function enforcement(cluster: string, netns?: string, tool: Tool = runTool): Promise<Enforcement> {
  const inside: Tool = argv => tool(netns === undefined ? argv : ['nsenter', `--net=${netns}`, '--', ...argv])
  const table = tableName(cluster)
  try {
    const present = new Set((await listTable(inside, table))?.chains ?? [])
    const missing = policyChains.filter(name => !present.has(name))
    if (missing.length > 0)
      return { enforced: false, says: `table inet ${table} of the kernel lacks ${missing.join(', ')}` }
    const bridge = await sharedBridge(inside, table)
    if (bridge !== undefined)
      return {
        enforced: false,
        says: `pods share the bridge ${bridge}, where one can speak in another's name: their CNI plugin has to give each a link of its own, as ptp does`,
      }
    return { enforced: true, says: `table inet ${table} of the kernel has ${policyChains.join(', ')}` }
  } catch (error) {
    return {
      enforced: false,
      says: `the kernel cannot be asked: ${error instanceof Error ? error.message : String(error)}`,
    }
  }
}
