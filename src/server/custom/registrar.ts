/** Definitions become kinds as they are accepted, and kinds go with their definitions. */
import { equal } from '#base/equal.ts'
import type { Kind } from '#api/kind.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import { groupResource } from '#api/metadata.ts'
import { customKind } from '#kinds/custom/kind.ts'
import type { ChangingScheme } from '#kinds/scheme.ts'
import type { CustomResourceDefinition as Definition } from '#kinds/facts/generated/types/apiextensions_v1.ts'
import { copy } from '#server/registry/build.ts'
import type { Store } from '#server/store/contract.ts'
import { defaulted } from '#server/stored.ts'
import { isTrue } from './conditions.ts'

export const definitionsResource = 'customresourcedefinitions.apiextensions.k8s.io'

export interface RegistrarOptions {
  readonly store: Store
  readonly scheme: ChangingScheme
  /** Kinds have come, gone or changed. */
  readonly onChange: () => void
}

interface Installed {
  readonly kind: Kind
  readonly definition: Definition
}

/** Whether a built-in kind has what the definition asks for; those are never replaced. */
export const overlaps = (scheme: ChangingScheme, { spec }: Definition): boolean =>
  scheme
    .kinds()
    .some(
      kind =>
        !kind.custom &&
        kind.group === spec.group &&
        (kind.plural === spec.names.plural || kind.kind === spec.names.kind),
    )

/** As upstream: names that were accepted once are served, and so is what was established before they changed. */
const isServed = (definition: Definition): boolean =>
  isTrue(definition, 'NamesAccepted') || isTrue(definition, 'Established')

const same = (one: Definition, other: Definition): boolean =>
  one.metadata.uid === other.metadata.uid &&
  equal(one.spec, other.spec) &&
  equal(one.status?.acceptedNames, other.status?.acceptedNames)

export class Registrar {
  readonly #options: RegistrarOptions
  readonly #installed = new Map<string, Installed>()
  readonly #retiring = new Set<string>()
  #generation = 0
  readonly #stop: () => void

  /** Everything that is accepted by now is served when this returns; later changes are as soon as they are durable. */
  constructor(options: RegistrarOptions) {
    this.#options = options
    const { store } = options
    const snapshot = store.snapshot(definitionsResource)
    for (const kept of snapshot.range()) this.#put(kept.object as Definition)
    this.#stop = store.watch([definitionsResource], snapshot.revision, {
      onEvents: events => {
        for (const event of events) {
          const definition = event.kept.object as Definition
          if (event.type === 'put') this.#put(definition)
          else {
            this.#retiring.delete(definition.metadata.uid ?? '')
            this.#remove(definition)
          }
        }
      },
      onEnd: () => undefined,
    })
  }

  close(): void {
    this.#stop()
  }

  #put(definition: Definition): void {
    const name = definition.metadata.name ?? ''
    if (definition.metadata.deletionTimestamp !== undefined) this.#retiring.add(definition.metadata.uid ?? '')
    const before = this.#installed.get(name)
    if (!isServed(definition) || overlaps(this.#options.scheme, definition)) return this.#remove(definition)
    if (before !== undefined && same(before.definition, definition)) return undefined
    const uid = definition.metadata.uid ?? ''
    const kind = customKind(definition, { generation: ++this.#generation, retiring: () => this.#retiring.has(uid) })
    if (kind === undefined) return this.#remove(definition)
    this.#installed.set(name, { kind, definition })
    this.#options.scheme.set(kind)
    this.#options.store.revise(groupResource({ group: kind.group, resource: kind.plural }), object =>
      revised(kind, object),
    )
    this.#options.onChange()
    return undefined
  }

  #remove({ metadata }: Definition): void {
    const name = metadata.name ?? ''
    const before = this.#installed.get(name)
    if (before === undefined) return
    this.#installed.delete(name)
    this.#options.scheme.remove(before.kind.group, before.kind.plural)
    this.#options.onChange()
  }
}

/** What is kept was read or written by an older definition. */
function revised(kind: Kind, object: KObject): KObject {
  const draft: Draft<KObject> = copy(object)
  return defaulted(kind, draft)
}
