/** Whether the kernel of a node keeps to NetworkPolicies: asked of the kernel, not of the agent. */
import { policyChains } from './policies/names.ts'
import { tableName } from './ruleset.ts'
import { type Tool, runTool } from './tool.ts'
import { listTable } from './writer.ts'

export interface Enforcement {
  readonly enforced: boolean
  /** What was found, and where. */
  readonly says: string
}

const bridged = '/proc/sys/net/bridge/bridge-nf-call-iptables'

/** Pods of one bridge meet each other past all rules, unless the kernel is told to show them. */
async function passedBy(tool: Tool): Promise<boolean> {
  const links = await tool(['ip', '-o', 'link', 'show', 'type', 'bridge_slave'])
  if (!/^\d+: veth/m.test(links)) return false
  return (await tool(['cat', bridged]).catch(() => '')).trim() !== '1'
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
    if (await passedBy(inside))
      return {
        enforced: false,
        says: `pods share a bridge, and ${bridged} is not 1: sysctl -w net.bridge.bridge-nf-call-iptables=1`,
      }
    return { enforced: true, says: `table inet ${table} of the kernel has ${policyChains.join(', ')}` }
  } catch (error) {
    return {
      enforced: false,
      says: `the kernel cannot be asked: ${error instanceof Error ? error.message : String(error)}`,
    }
  }
}
