/** Everything that makes several servers one API, as one value for who joins a server together. */
import { labelText } from '#base/metrics.ts'
import type { Client } from '#client/client.ts'
import { startChecking } from './checking.ts'
import type { Registered } from './catalog.ts'
import type { DialParts } from './dial.ts'
import { type Authorities, startPublishing } from './publishing.ts'
import { type RemoteParts, type RunningRemotes, makeRemotes } from './remotes.ts'

export interface AggregationParts extends Omit<RemoteParts, 'directory'> {
  readonly client: Client
  readonly authorities: Authorities
}

export interface Aggregation {
  readonly remotes: RunningRemotes
  /** Resolves when what this server serves is published and found to be there. */
  begin(): Promise<void>
  /** Lines in Prometheus' text format. */
  metrics(): Iterable<string>
  /** To be called when kinds came or went. */
  look(): void
  stop(): void
}

function* lines(all: readonly Registered[]): Generator<string> {
  const name = 'aggregator_unavailable_apiservice'
  if (all.length > 0) yield `# TYPE ${name} gauge`
  for (const one of all) yield `${name}{${labelText([['name', one.name]])}} ${one.available ? 0 : 1}`
}

/** Connections are opened by `opener`, which belongs to the caller. */
export function makeAggregation(parts: AggregationParts): Aggregation {
  const { store } = parts
  const directory: DialParts['directory'] = {
    get: (resource, key) => store.snapshot(resource).get(key)?.object,
    list: function* (resource, namespace) {
      const where = namespace === undefined ? {} : { prefix: `${namespace}/` }
      for (const kept of store.snapshot(resource).range(where)) yield kept.object
    },
  }
  const remotes = makeRemotes({ ...parts, directory })
  const publishing = startPublishing(parts)
  const checking = startChecking({ ...parts, directory })
  return {
    remotes,
    begin: async () => {
      await publishing.round()
      await checking.round()
    },
    metrics: () => lines(remotes.all()),
    look: () => publishing.look(),
    stop: () => {
      publishing.stop()
      checking.stop()
      remotes.close()
    },
  }
}
