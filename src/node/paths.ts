/** Where a node keeps what belongs to pods. */
import { join } from 'node:path'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'

export interface NodePaths {
  readonly pods: string
  readonly logs: string
  /** The node's own seccomp profiles. */
  readonly seccomp: string
}

/** @param dir the node's directory */
export const nodePaths = (dir: string): NodePaths => ({
  pods: join(dir, 'pods'),
  logs: join(dir, 'log/pods'),
  seccomp: join(dir, 'seccomp'),
})

export const podDirectory = (paths: NodePaths, uid: string): string => join(paths.pods, uid)

/** As /var/log/pods is laid out. */
export const logDirectory = (paths: NodePaths, pod: Pod): string =>
  join(paths.logs, `${pod.metadata.namespace}_${pod.metadata.name}_${pod.metadata.uid}`)

/** Below the log directory. */
export const logFile = (container: string, attempt: number): string => `${container}/${attempt}.log`

/** What a container says when it ends. */
export const messageFile = (paths: NodePaths, uid: string, container: { name: string; attempt: number }): string =>
  join(podDirectory(paths, uid), 'containers', container.name, String(container.attempt))

export const hostsPath = (paths: NodePaths, uid: string): string => join(podDirectory(paths, uid), 'etc-hosts')
