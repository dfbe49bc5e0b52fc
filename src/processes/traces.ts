/** What a node leaves in the kernel beyond its containers: rules, routes and addresses of services. */
import { removeNetwork } from '#network/network.ts'
import type { ClusterConfig } from './config.ts'

/** A network namespace of the node's own takes everything along when it goes. */
export async function removeTraces(config: ClusterConfig): Promise<void> {
  if (config.netns === undefined) await removeNetwork(config.name)
}
