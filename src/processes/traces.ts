/** What a node leaves in the kernel beyond its containers: rules and routes of services. */
import type { ClusterConfig } from './config.ts'

export async function removeTraces(config: ClusterConfig): Promise<void> {
  void config
  await Promise.resolve()
}
