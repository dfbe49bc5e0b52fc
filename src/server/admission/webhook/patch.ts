/** What a mutating webhook wants to be different. */
import { equal } from '#base/equal.ts'
import type { Draft, KObject, ObjectMeta } from '#api/metadata.ts'
import type { Served } from '#api/kind.ts'
import { StatusError, badRequest, internalError } from '#api/status.ts'
import { JsonError } from '#codec/errors.ts'
import { parseJson } from '#codec/json.ts'
import { applyJsonPatch } from '#codec/patch/json.ts'
import { HookError } from '#server/outbound/hooks.ts'
import { withMetadata } from '#server/registry/build.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import type { Invocation } from './match.ts'
import { type Verdict, type Versions, shownAs } from './review.ts'

/** A document as an object of the kind: pruned, defaulted, in that version. @throws StatusError */
export type DecodePatched = (document: unknown, served: Served) => Draft<KObject>

function operationsOf({ patch, patchType }: Verdict): unknown {
  if (patchType !== 'JSONPatch') throw new HookError(`unsupported patch type ${JSON.stringify(patchType)}`)
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(patch.replaceAll(/[\r\n]/g, '')))
    throw new HookError('received undecodable patch in webhook response: illegal base64 data')
  try {
    return parseJson(Buffer.from(patch, 'base64')).value
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new HookError(`received undecodable patch in webhook response: ${error.message}`)
  }
}

/** What the server owns stays as it is, whatever the patch says. */
const owned = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const

function kept(meta: ObjectMeta, before: ObjectMeta): ObjectMeta {
  if ((meta.name ?? '') !== (before.name ?? ''))
    throw badRequest(
      `the name of the object (${meta.name ?? ''}) does not match the name on the URL (${before.name ?? ''})`,
    )
  if ((meta.namespace ?? '') !== (before.namespace ?? ''))
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  const { managedFields: _m, selfLink: _s, ...rest } = meta
  const result: Record<string, unknown> = { ...rest }
  for (const field of owned)
    if (before[field] === undefined) delete result[field]
    else result[field] = before[field]
  return result
}

/** The draft is everybody's who works on this request: it stays the same object and gets another content. */
function refill(draft: Draft<KObject>, from: Draft<KObject>): void {
  for (const key of Object.keys(draft)) Reflect.deleteProperty(draft, key)
  for (const [key, value] of Object.entries(from))
    Object.defineProperty(draft, key, { value, enumerable: true, configurable: true, writable: true })
}

interface Patched {
  readonly request: AdmissionRequest
  readonly object: Draft<KObject>
  readonly verdict: Verdict
}

export interface Patching {
  readonly decode: DecodePatched
  readonly versions: Versions
}

async function applied(parts: Patching, called: Invocation, { request, object, verdict }: Patched) {
  const before = await shownAs(parts.versions, called, { request, object })
  try {
    const decoded = parts.decode(applyJsonPatch(before, operationsOf(verdict)), called.served)
    return request.body === undefined ? await parts.versions.toHub(decoded, called.served) : decoded
  } catch (error) {
    if (error instanceof StatusError) throw internalError(error.message)
    throw error
  }
}

/** Changes the object. @returns whether anything is different. @throws HookError, StatusError InternalError */
export async function patch(parts: Patching, called: Invocation, patched: Patched): Promise<boolean> {
  const { request, object, verdict } = patched
  const operations = operationsOf(verdict)
  if (Array.isArray(operations) && operations.length === 0) return false
  const hub = await applied(parts, called, patched)
  const next = withMetadata(hub, kept(hub.metadata, object.metadata))
  if (request.body === undefined) called.served.kind.defaults?.(next)
  if (equal(next, object)) return false
  refill(object, next)
  return true
}
