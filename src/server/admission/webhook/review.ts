/** What is asked of a webhook and what it may answer. */
import type { WriteOptions, DeleteOptions } from '#api/door.ts'
import type { Served } from '#api/kind.ts'
import type { Draft, JsonObject, KObject } from '#api/metadata.ts'
import { copy } from '#server/registry/build.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { HookError } from '#server/outbound/hooks.ts'
import type { Invocation } from './match.ts'

export type ReviewVersion = 'v1' | 'v1beta1'

/** @throws HookError */
export function reviewVersion({ hook }: Invocation): ReviewVersion {
  for (const version of hook.webhook.admissionReviewVersions)
    if (version === 'v1' || version === 'v1beta1') return version
  throw new HookError(
    'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
  )
}

const kindOf = ({ kind, version }: Served): object => ({
  group: kind.group,
  version: version.name,
  kind: kind.kind,
})

/** To another version and back. What is given belongs to nobody else; what is answered may belong to everybody. */
export interface Versions {
  shown(object: Draft<KObject>, served: Served): KObject | Promise<KObject>
  toHub(object: Draft<KObject>, served: Served): Draft<KObject> | Promise<Draft<KObject>>
}

function withoutMetadata(object: KObject): object {
  const { metadata: _, ...rest } = object
  return rest
}

/** The object in the version that the webhook asked for. */
export async function shownAs(
  versions: Versions,
  { served }: Pick<Invocation, 'served'>,
  { request, object }: { readonly request: AdmissionRequest; readonly object: KObject | undefined },
): Promise<object | null> {
  if (object === undefined) return null
  // The options of a stream have none.
  if (request.operation === 'CONNECT') return withoutMetadata(object)
  const asKept = served.version.fromHub === undefined && served.version.name === served.kind.hub
  if (request.body !== undefined || asKept) return object
  return versions.shown(copy(object), served)
}

const optionKinds = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions', CONNECT: '' } as const

function optionsOf(request: AdmissionRequest): object | null {
  const kind = optionKinds[request.operation]
  if (kind === '') return null
  const { dryRun: _, timeout: _t, ...options }: WriteOptions | DeleteOptions = request.options
  return { kind, apiVersion: 'meta.k8s.io/v1', ...options, ...(request.dryRun ? { dryRun: ['All'] } : {}) }
}

/** Of the request all but its uid and its objects. */
export function requestPart(called: Invocation, request: AdmissionRequest): object {
  const { permit, subresource } = request
  const { group, resource } = permit
  const { name, groups, uid, extra } = permit.user
  // A namespace lies in itself, as it is told here.
  const namespace = group === '' && resource === 'namespaces' ? request.name : request.namespace
  return {
    kind: kindOf(called.served),
    resource: called.resource,
    requestKind: kindOf(request.body ?? request.served),
    requestResource: { group, version: permit.version, resource },
    ...(subresource === '' ? {} : { subResource: subresource, requestSubResource: subresource }),
    ...(request.name === '' ? {} : { name: request.name }),
    ...(namespace === '' ? {} : { namespace }),
    operation: request.operation,
    userInfo: {
      username: name,
      ...(uid === undefined || uid === '' ? {} : { uid }),
      groups,
      ...(extra === undefined ? {} : { extra }),
    },
    dryRun: request.dryRun,
    options: optionsOf(request),
  }
}

export async function review(
  versions: Versions,
  called: Invocation,
  { request, uid, version }: Call & { readonly request: AdmissionRequest },
): Promise<object> {
  return {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: {
      uid,
      ...requestPart(called, request),
      object: await shownAs(versions, called, { request, object: request.object }),
      oldObject: await shownAs(versions, called, { request, object: request.old }),
    },
  }
}

export interface Call {
  /** Of this one call; the answer must repeat it. */
  readonly uid: string
  readonly version: ReviewVersion
}

export interface Verdict {
  readonly allowed: boolean
  /** `status` of a refusal, as the webhook wrote it. */
  readonly result: JsonObject
  /** Base64 of a JSON patch, '' for none. */
  readonly patch: string
  readonly patchType: string
  readonly warnings: readonly string[]
  readonly annotations: ReadonlyMap<string, string>
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const own = (value: JsonObject, name: string): unknown => (Object.hasOwn(value, name) ? value[name] : undefined)
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const wrong = (what: string): never => {
  throw new HookError(`received invalid webhook response: ${what}`)
}

function patchOf(
  response: JsonObject,
  version: ReviewVersion,
  mutating: boolean,
): { patch: string; patchType: string } {
  const patch = textOf(own(response, 'patch'))
  const type = own(response, 'patchType') ?? undefined
  if (version === 'v1beta1')
    return mutating && patch !== '' ? { patch, patchType: 'JSONPatch' } : { patch: '', patchType: '' }
  if (!mutating) {
    if (patch !== '') wrong('validating webhook may not return response.patch')
    if (type !== undefined) wrong('validating webhook may not return response.patchType')
    return { patch: '', patchType: '' }
  }
  if (patch !== '' && type === undefined) wrong('webhook returned response.patch but not response.patchType')
  if (patch === '' && type !== undefined) wrong('webhook returned response.patchType but not response.patch')
  if (type === '') wrong('webhook returned invalid response.patchType of ""')
  return { patch, patchType: textOf(type) }
}

function identified(answer: JsonObject, response: JsonObject, { uid, version }: Call): void {
  // v1beta1 never asked for either.
  if (version === 'v1beta1') return
  const got = textOf(own(response, 'uid'))
  if (got !== uid) wrong(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(got)}`)
  const [apiVersion, kind] = [textOf(own(answer, 'apiVersion')), textOf(own(answer, 'kind'))]
  if (apiVersion !== 'admission.k8s.io/v1' || kind !== 'AdmissionReview')
    wrong(
      `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${apiVersion === '' ? '/' : apiVersion}, Kind=${kind}`,
    )
}

/** @throws HookError for an answer that is none. */
export function verified(answer: unknown, call: Call, mutating: boolean): Verdict {
  if (!isObject(answer)) return wrong('webhook response was absent')
  const response = own(answer, 'response')
  if (!isObject(response)) return wrong('webhook response was absent')
  identified(answer, response, call)
  const allowed = own(response, 'allowed') ?? false
  if (typeof allowed !== 'boolean') return wrong('response.allowed is no boolean')
  const status = own(response, 'status')
  const [warnings, annotations] = [own(response, 'warnings'), own(response, 'auditAnnotations')]
  return {
    allowed,
    result: isObject(status) ? status : {},
    ...patchOf(response, call.version, mutating),
    warnings: Array.isArray(warnings) ? warnings.filter(one => typeof one === 'string').slice(0, 100) : [],
    annotations: new Map(
      isObject(annotations)
        ? Object.entries(annotations).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : []))
        : [],
    ),
  }
}
