/** Objects in, a ruleset out. What did not change since the last time is the same value, so that comparing is cheap. */
import { keyOf } from '#api/metadata.ts'
import type { Service } from '#kinds/facts/generated/types/core_v1.ts'
import type { EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import { type Fragment, type Ruleset, makeRuleset, tableName } from './ruleset.ts'
import { type Here, isProxied, serviceNameLabel } from './services/backends.ts'
import { type ServiceRules, compileService } from './services/compile.ts'
import { type Frame, flowsOf, frameFragment } from './services/table.ts'

export interface Objects {
  /** In key order. */
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
}

export interface Compiled {
  readonly ruleset: Ruleset
  /** See flowsOf. */
  readonly flows: ReadonlyMap<string, ReadonlySet<string>>
}

export interface Compiler {
  compile(objects: Objects, frame: Frame, here: Here): Compiled
}

/** Slices by `namespace/service`. */
export function slicesByService(slices: readonly EndpointSlice[]): ReadonlyMap<string, readonly EndpointSlice[]> {
  const all = new Map<string, EndpointSlice[]>()
  for (const slice of slices) {
    const key = `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`
    const list = all.get(key)
    if (list === undefined) all.set(key, [slice])
    else list.push(slice)
  }
  return all
}

interface Memory {
  readonly service: Service
  readonly slices: readonly EndpointSlice[]
  readonly rules: ServiceRules
}

const none: readonly EndpointSlice[] = []
const sameList = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((one, at) => one === b[at])

/** Services at the address of cluster DNS are served by this node's own. */
const servedHere = (service: Service, { dnsIP }: Frame): boolean =>
  dnsIP !== undefined && service.spec?.clusterIP === dnsIP

/**
 * @param cluster names the table
 * @param more what other concerns add to the table
 */
export function makeCompiler(cluster: string, more: (frame: Frame) => readonly Fragment[] = () => []): Compiler {
  let memory = new Map<string, Memory>()
  let place = ''
  return {
    compile: ({ services, slices }, frame, here) => {
      const bySlice = slicesByService(slices)
      const now = `${here.nodeName} ${here.zone}`
      const before = now === place ? memory : new Map<string, Memory>()
      place = now
      memory = new Map()
      for (const service of services) {
        if (!isProxied(service) || servedHere(service, frame)) continue
        const key = keyOf(service)
        const own = bySlice.get(key) ?? none
        const known = before.get(key)
        const rules =
          known !== undefined && known.service === service && sameList(known.slices, own)
            ? known.rules
            : compileService(service, own, here)
        memory.set(key, { service, slices: own, rules })
      }
      const all = [...memory.values()].map(one => one.rules)
      const fragments = [frameFragment(frame, all), ...all, ...more(frame)]
      return { ruleset: makeRuleset(tableName(cluster), fragments), flows: flowsOf(all) }
    },
  }
}
