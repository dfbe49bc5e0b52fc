/** The parameters that a binding gives to its policy: objects of any kind, custom ones too. */
import type { Served } from '#api/kind.ts'
import { type KObject, objectKey } from '#api/metadata.ts'
import { selects } from '#api/selector.ts'
import type { ParamKind, ParamRef } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import { copy } from '#server/registry/build.ts'
import { storageOf } from '#server/registry/create.ts'
import type { Versions } from '../webhook/review.ts'
import { type Matching, PolicyFailure } from './matching.ts'

export interface ParamParts extends Matching {
  readonly versions: Versions
}

export function groupVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/')
  return { group: apiVersion.slice(0, Math.max(slash, 0)), version: apiVersion.slice(slash + 1) }
}

/** What a policy takes parameters of; undefined: nothing of that kind is served. */
export function paramsServed({ scheme }: Pick<Matching, 'scheme'>, { apiVersion = '', kind = '' }: ParamKind) {
  const { group, version } = groupVersion(apiVersion)
  return scheme.byKind(group, version, kind)
}

/** @throws PolicyFailure for a kind that is not there. */
export function requireParams(parts: Matching, paramKind: ParamKind | undefined): Served | undefined {
  if (paramKind === undefined) return undefined
  const served = paramsServed(parts, paramKind)
  if (served !== undefined) return served
  const { apiVersion = '', kind = '' } = paramKind
  throw new PolicyFailure(`failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`)
}

function namespaceOf({ kind }: Served, { namespace = '' }: ParamRef, own: string): string {
  if (kind.scope === 'Cluster') {
    if (namespace === '') return ''
    throw new PolicyFailure('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
  }
  const place = namespace === '' ? own : namespace
  if (place === '')
    throw new PolicyFailure('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources')
  return place
}

interface Asked {
  readonly served: Served | undefined
  readonly ref: ParamRef | undefined
  /** Of the request. */
  readonly namespace: string
}

const none: readonly undefined[] = [undefined]

/**
 * One evaluation for each: undefined is one without parameters. Empty when there are none and that is no fault.
 * @throws PolicyFailure
 */
export async function collectParams(
  parts: ParamParts,
  { served, ref, namespace }: Asked,
): Promise<readonly (KObject | undefined)[]> {
  if (served === undefined || ref === undefined) return none
  const place = namespaceOf(served, ref, namespace)
  const resource = storageOf(served.kind)
  const found = ref.name
    ? [parts.lookup.get(resource, objectKey(place, ref.name))]
    : selected(parts, resource, { place, ref })
  const objects = found.filter(object => object !== undefined)
  if (objects.length === 0 && ref.parameterNotFoundAction === 'Deny')
    throw new PolicyFailure('no params found for policy binding with `Deny` parameterNotFoundAction')
  return Promise.all(objects.map(object => shown(parts, served, object)))
}

function selected(
  { lookup }: ParamParts,
  resource: string,
  { place, ref }: { readonly place: string; readonly ref: ParamRef },
): readonly KObject[] {
  const all = place === '' ? lookup.list(resource) : lookup.list(resource, place)
  return [...all].filter(object => selects(ref.selector, object.metadata.labels))
}

async function shown({ versions }: ParamParts, served: Served, object: KObject): Promise<KObject> {
  const isKept = served.version.fromHub === undefined && served.version.name === served.kind.hub
  return isKept ? object : versions.shown(copy(object), served)
}
