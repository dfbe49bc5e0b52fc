/** Where a cluster's own services are found. */
import type { ClusterConfig } from './config.ts'

export const clusterDomain = 'cluster.local'

/** Addresses on which the API listens. */
export const serverHosts = ({ serverAddress }: Pick<ClusterConfig, 'serverAddress'>): readonly string[] => [
  ...new Set(['127.0.0.1', serverAddress]),
]
