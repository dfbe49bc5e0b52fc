/** From stored text to the object as its kind has it today: new defaults appear on what was stored before them. */
import { type Draft, type KObject, apiVersionOf } from '#api/metadata.ts'
import type { Kind, Scheme } from '#api/kind.ts'
import { hubOf } from '#api/served.ts'
import { applyDefaults } from '#codec/defaults.ts'
import { parseOwnJson } from '#codec/json.ts'
import { storageOf } from '#server/registry/create.ts'
import type { Decode } from '#server/store/contract.ts'

/** Defaults of the schema, then those that are computed. Idempotent. */
export function defaulted(kind: Kind, draft: Draft<KObject>): Draft<KObject> {
  // Kept in another version than today's: only its webhook knows what it is in this one.
  if (kind.convert !== undefined && draft.apiVersion !== apiVersionOf({ group: kind.group, version: kind.hub }))
    return draft
  const hub = hubOf(kind)
  if (hub !== undefined) applyDefaults(hub.schema(), draft)
  kind.defaults?.(draft)
  return draft
}

/** Kinds by the resource that they are kept under. */
export function storedKinds(scheme: Scheme): (resource: string) => Kind | undefined {
  let generation = -1
  let kinds = new Map<string, Kind>()
  return resource => {
    if (generation !== scheme.generation()) {
      const own = scheme.kinds().filter(kind => kind.storedAs === undefined)
      kinds = new Map(own.map(kind => [storageOf(kind), kind]))
      generation = scheme.generation()
    }
    return kinds.get(resource)
  }
}

export function decodeStored(scheme: Scheme): Decode {
  const kindOf = storedKinds(scheme)
  return (resource, text) => {
    const object = parseOwnJson(text) as Draft<KObject>
    const kind = kindOf(resource)
    return kind === undefined ? object : defaulted(kind, object)
  }
}
