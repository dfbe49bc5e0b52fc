/** Custom resources as the server runs them: definitions become kinds, and say so. */
import type { ResourceRef } from '#api/metadata.ts'
import type { RunnerParts, Running } from '#client/runner.ts'
import { run } from '#client/runner.ts'
import type { CustomResourceDefinition as Definition } from '#kinds/facts/generated/types/apiextensions_v1.ts'
import type { ChangingScheme } from '#kinds/scheme.ts'
import type { Hooks } from '#server/outbound/hooks.ts'
import type { Store } from '#server/store/contract.ts'
import { type Instances, definitionController, resourceOf } from './controller.ts'
import { Registrar, overlaps } from './registrar.ts'
import { usualLimits, webhookConverter } from './webhook.ts'

export interface CustomOptions {
  readonly store: Store
  readonly scheme: ChangingScheme
  /** Of the server's own identity. */
  readonly parts: RunnerParts
  readonly hooks: Hooks
  readonly uid: () => string
  readonly onChange: () => void
}

function instancesOf(store: Store, scheme: ChangingScheme): Instances {
  return {
    list: definition => Array.from(store.snapshot(resourceOf(definition)).range(), kept => kept.object),
    overlaps: definition => overlaps(scheme, definition),
    ref: ({ spec }: Definition): ResourceRef | undefined => {
      const kind = scheme.stored(spec.group, spec.names.plural)
      const version = kind?.versions.find(one => one.name === kind.hub) ?? kind?.versions[0]
      if (kind === undefined || version === undefined) return undefined
      return {
        group: kind.group,
        version: version.name,
        resource: kind.plural,
        kind: kind.kind,
        namespaced: kind.scope === 'Namespaced',
      }
    },
  }
}

/** What is established by now is served when this returns. */
export function startCustom({ store, scheme, parts, hooks, uid, onChange }: CustomOptions): Running {
  const { clock, log } = parts
  const calling = { hooks, uid, limits: usualLimits }
  const converter = (definition: Definition) => webhookConverter(definition, calling)
  const registrar = new Registrar({ store, scheme, clock, log, converter, onChange })
  const running = run(definitionController(instancesOf(store, scheme)), parts)
  return {
    name: running.name,
    ready: running.ready,
    meter: () => running.meter(),
    add: key => running.add(key),
    rescan: () => running.rescan(),
    stop: async () => {
      registrar.close()
      await running.stop()
    },
  }
}
