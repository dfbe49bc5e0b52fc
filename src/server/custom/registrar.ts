/** Definitions become kinds as they are accepted, and kinds go with their definitions. */
import type { Clock } from '#base/clock.ts'
import { equal } from '#base/equal.ts'
import type { Log } from '#base/log.ts'
import type { Kind } from '#api/kind.ts'
import { pause } from '#base/breaks.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import { apiVersionOf, groupResource } from '#api/metadata.ts'
import type { Converter } from '#kinds/custom/converting.ts'
import { customKind } from '#kinds/custom/kind.ts'
import type { ChangingScheme } from '#kinds/scheme.ts'
import type { CustomResourceDefinition as Definition } from '#kinds/facts/generated/types/apiextensions_v1.ts'
import { copy } from '#server/registry/build.ts'
import type { Store } from '#server/store/contract.ts'
import { defaulted } from '#server/stored.ts'
import { isTrue } from './conditions.ts'

export const definitionsResource = 'customresourcedefinitions.apiextensions.k8s.io'

/** Milliseconds. */
const migrateAgain = 1000

export interface RegistrarOptions {
  readonly store: Store
  readonly scheme: ChangingScheme
  readonly clock: Clock
  readonly log: Log
  /** Who converts between the versions of a definition; undefined where nobody needs to be asked. */
  readonly converter: (definition: Definition) => Converter | undefined
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
  /** Definitions that are served, or will be when their objects are converted. */
  readonly #wanted = new Map<string, Definition>()
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
    this.#wanted.clear()
  }

  #put(definition: Definition): void {
    const name = definition.metadata.name ?? ''
    if (definition.metadata.deletionTimestamp !== undefined) this.#retiring.add(definition.metadata.uid ?? '')
    const before = this.#installed.get(name)
    if (!isServed(definition) || overlaps(this.#options.scheme, definition)) return this.#remove(definition)
    const wanted = this.#wanted.get(name) ?? before?.definition
    if (wanted !== undefined && same(wanted, definition)) return undefined
    const uid = definition.metadata.uid ?? ''
    const kind = customKind(definition, {
      generation: ++this.#generation,
      retiring: () => this.#retiring.has(uid),
      converter: this.#options.converter(definition),
      pause,
    })
    if (kind === undefined) return this.#remove(definition)
    this.#wanted.set(name, definition)
    this.#install({ kind, definition }, new Map())
    return undefined
  }

  /** @param converted by a webhook, by what they were made of. */
  #install(wanted: Installed, converted: ReadonlyMap<KObject, KObject>): void {
    const { kind, definition } = wanted
    const { store, scheme, onChange } = this.#options
    const resource = groupResource({ group: kind.group, resource: kind.plural })
    const stale = this.#stale(wanted, resource).filter(object => !converted.has(object))
    if (stale.length > 0) return void this.#migrate(wanted, stale, converted)
    this.#installed.set(definition.metadata.name ?? '', wanted)
    scheme.set(kind)
    // What a webhook made of an object is all there is to go on; otherwise new rules apply to what was once written.
    const from = kind.convert === undefined ? 'written' : 'shown'
    store.revise(resource, object => revised(kind, converted.get(object) ?? object), from)
    onChange()
    return undefined
  }

  /** Kept in another version than the hub of now, which only a webhook can make of them. */
  #stale({ kind, definition }: Installed, resource: string): readonly KObject[] {
    if (kind.convert === undefined || (definition.status?.storedVersions ?? []).length < 2) return []
    const hub = apiVersionOf({ group: kind.group, version: kind.hub })
    return Array.from(this.#options.store.snapshot(resource).range(), kept => kept.object).filter(
      object => object.apiVersion !== hub,
    )
  }

  /** Until the webhook has answered, what was served before is. */
  async #migrate(wanted: Installed, stale: readonly KObject[], before: ReadonlyMap<KObject, KObject>): Promise<void> {
    const { kind, definition } = wanted
    const { clock, log } = this.#options
    const name = definition.metadata.name ?? ''
    try {
      const made = await kind.convert?.(stale, kind.hub)
      if (this.#wanted.get(name) !== definition) return
      const now = stale.map((object, at): [KObject, KObject] => [object, made?.[at] ?? object])
      this.#install(wanted, new Map([...before, ...now]))
    } catch (error) {
      log.warn('stored objects cannot be converted', { definition: name, error: String(error) })
      clock.after(migrateAgain, () => {
        if (this.#wanted.get(name) === definition) this.#install(wanted, before)
      })
    }
  }

  #remove({ metadata }: Definition): void {
    const name = metadata.name ?? ''
    this.#wanted.delete(name)
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
