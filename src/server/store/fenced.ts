/** A store through which one leader writes: each of its transactions holds only while its term does. */
import type { Check, Store } from './contract.ts'

export function fencedStore(store: Store, checks: () => readonly Check[]): Store {
  return {
    revision: () => store.revision(),
    oldest: () => store.oldest(),
    fresh: () => store.fresh(),
    reached: (revision, milliseconds) => store.reached(revision, milliseconds),
    snapshot: resource => store.snapshot(resource),
    snapshotAt: (resource, revision) => store.snapshotAt(resource, revision),
    watch: (resources, since, watcher) => store.watch(resources, since, watcher),
    resources: () => store.resources(),
    healthy: () => store.healthy?.() ?? true,
    compact: revision => store.compact(revision),
    close: () => store.close(),
    revise: (resource, change, from) => store.revise(resource, change, from),
    commit: async operations => {
      const result = await store.commit([...operations, ...checks()])
      if (result.ok || result.reason !== 'conflict' || result.at < operations.length) return result
      return {
        ok: false,
        reason: 'failed',
        message: 'this server no longer leads, another one does; nothing was written',
      }
    },
  }
}
