/** What of an object can be owned at all, and by whom: never what the server sets, on each path only what that path writes. */
import type { Draft, KObject } from '#api/metadata.ts'
import type { KindVersion, Served } from '#api/kind.ts'
import { hasStatus } from '#api/served.ts'
import { type Fields, isObject, own, put } from '../patch/tree.ts'
import { type Shape, shapeOf } from './shape.ts'

export interface Scope {
  /** Whether a field at the top can be owned. */
  owns(name: string): boolean
}

const unownedMetadata: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'generation',
  'managedFields',
  'resourceVersion',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
])

/** A write of the main resource does not own the status, one of the status owns nothing of the spec. */
export function scopeOf(served: Served, subresource: string): Scope {
  if (subresource === 'status')
    return { owns: name => name === 'status' || (name === 'metadata' && !served.kind.custom) }
  const keepsStatus = hasStatus(served) && subresource === ''
  return { owns: name => name !== 'apiVersion' && name !== 'kind' && !(keepsStatus && name === 'status') }
}

/** The part of an object that can be owned; shares everything below. */
export function visible(object: object, scope: Scope): Fields {
  const result: Fields = {}
  for (const [name, value] of Object.entries(object)) {
    if (!scope.owns(name)) continue
    const shown = name === 'metadata' && isObject(value) ? withoutSystemFields(value) : value
    if (shown !== undefined) put(result, name, shown)
  }
  return result
}

function withoutSystemFields(metadata: Fields): Fields | undefined {
  const result: Fields = {}
  let some = false
  for (const name of Object.keys(metadata)) {
    if (unownedMetadata.has(name)) continue
    put(result, name, own(metadata, name))
    some = true
  }
  return some ? result : undefined
}

export const apiVersionOf = (served: Served, version: KindVersion = served.version): string =>
  served.kind.group === '' ? version.name : `${served.kind.group}/${version.name}`

/** An object of the hub in another version; the hub's own is shared. */
export function inVersion(version: KindVersion, object: KObject): KObject {
  return version.fromHub === undefined ? object : version.fromHub(structuredClone(object) as Draft<KObject>)
}

/** The version of this kind that an entry speaks of; undefined for one that is not served any more. */
export const versionNamed = (served: Served, apiVersion: string): KindVersion | undefined =>
  served.kind.versions.find(version => apiVersionOf(served, version) === apiVersion)

export const rootShape = (version: KindVersion): Shape => shapeOf(version.schema())
