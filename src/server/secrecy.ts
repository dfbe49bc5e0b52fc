/**
 * Errors about a Secret name places, never what stands there. Upstream's messages may quote a value that a patch copied to
 * another field, or the whole object: from those of Secrets every value is taken out again, of the Secret that is kept and of
 * what was sent. Answers go to whoever asked, but messages go on record, and from there to others.
 */
import { masking } from '#base/mask.ts'
import { type KObject, groupResource, objectKey } from '#api/metadata.ts'
import type { DoorRequest, Patch } from '#api/door.ts'
import type { Permit } from '#api/request.ts'
import { type StatusDetails, StatusError } from '#api/status.ts'
import type { Store } from '#server/store/contract.ts'
import type { Outcome } from './outcome.ts'

const secretive: ReadonlySet<string> = new Set(['secrets', 'secretversions.bulwark.dev'])

export const isSecretive = (ref: { readonly group: string; readonly resource: string }): boolean =>
  (ref.group === '' || ref.group === 'bulwark.dev') && secretive.has(groupResource(ref))

/** Leaves of what was sent that are looked at. */
const mostLeaves = 10_000

/** All strings of a value, at most so many. */
function* leaves(value: unknown, left = { count: mostLeaves }): Generator<string> {
  if (left.count-- <= 0) return
  if (typeof value === 'string') yield value
  else if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) yield* leaves(inner, left)
}

const fields = ['data', 'stringData'] as const

function* ofObject(object: unknown): Generator<string> {
  if (typeof object !== 'object' || object === null) return
  for (const field of fields) yield* leaves(Reflect.get(object, field))
}

const isBelow = (path: unknown): boolean => typeof path === 'string' && /^$|^\/(?:data|stringData)(?:\/|$)/.test(path)

function* ofPatch({ content }: Patch): Generator<string> {
  if (!Array.isArray(content)) return yield* ofObject(content)
  for (const operation of content as readonly unknown[]) {
    if (typeof operation !== 'object' || operation === null || !isBelow(Reflect.get(operation, 'path'))) continue
    const value: unknown = Reflect.get(operation, 'value')
    yield* Reflect.get(operation, 'path') === '' ? ofObject(value) : leaves(value)
  }
}

function* valuesOf(request: DoorRequest, kept: KObject | undefined): Generator<string> {
  yield* ofObject(kept)
  if (request.verb === 'create' || request.verb === 'update') yield* ofObject(request.body)
  if (request.verb === 'patch') yield* ofPatch(request.patch)
}

function detailsOf(details: StatusDetails, hide: (text: string) => string): StatusDetails {
  const { name, causes } = details
  return {
    ...details,
    ...(name === undefined ? {} : { name: hide(name) }),
    ...(causes === undefined
      ? {}
      : {
          causes: causes.map(cause =>
            cause.message === undefined ? cause : { ...cause, message: hide(cause.message) },
          ),
        }),
  }
}

function discreet(error: StatusError, hide: (text: string) => string): StatusError {
  const { reason, code, message, details, blame } = error
  const shown = hide(message)
  const parts = details === undefined ? undefined : detailsOf(details, hide)
  if (shown === message && JSON.stringify(parts) === JSON.stringify(details)) return error
  const token = error.continue === undefined ? {} : { continue: error.continue }
  const about = parts === undefined ? {} : { details: parts }
  const next = new StatusError({ reason, code, message: shown, ...about, ...token })
  return blame === undefined ? next : next.blamed(blame)
}

interface Asked {
  readonly permit: Permit
  readonly request: DoorRequest
  readonly store: Store
}

/** What policies and webhooks say of it, in warnings and in the record, whether it is refused or not. */
function quieten(
  outcome: Outcome | undefined,
  { notes }: Permit,
  hide: () => (text: string) => string,
): Outcome | undefined {
  for (const [key, value] of notes?.annotations ?? []) notes?.annotations.set(key, hide()(value))
  if (outcome === undefined || !('warnings' in outcome) || outcome.warnings === undefined) return outcome
  return outcome.warnings.length === 0 ? outcome : { ...outcome, warnings: outcome.warnings.map(text => hide()(text)) }
}

/** Does it, and takes values out of what is said about it. @throws StatusError and whatever `run` throws */
export async function discreetly({ permit, request, store }: Asked, run: () => Promise<Outcome>): Promise<Outcome> {
  const kept =
    permit.name === '' ? undefined : store.snapshot(groupResource(permit)).get(objectKey(permit.namespace, permit.name))
  let made: ((text: string) => string) | undefined
  // Made only where there is something to be said: most requests end without a word.
  const hide = (): ((text: string) => string) => (made ??= masking(valuesOf(request, kept?.object)))
  try {
    const outcome = await run()
    return quieten(outcome, permit, hide) ?? outcome
  } catch (error) {
    quieten(undefined, permit, hide)
    throw error instanceof StatusError ? discreet(error, hide()) : error
  }
}
