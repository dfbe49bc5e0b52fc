/** What the verbs give, and what they share. */
import type { DoorRequest } from '#api/door.ts'
import type { Served } from '#api/kind.ts'
import type { Permit } from '#api/request.ts'
import type { Authorize } from '#server/authz/authorize.ts'
import type { Patching } from './patching-contract.ts'
import type { RegistryDeps } from '#server/registry/deps.ts'
import type { Listed } from '#server/registry/list.ts'
import type { WatchSink, Watching } from '#server/registry/watch.ts'
import type { Decisions } from './answers/decisions.ts'
import type { Kept } from '#server/store/contract.ts'

export type Outcome =
  | {
      readonly type: 'kept'
      readonly code: number
      readonly kept: Kept
      readonly served: Served
      readonly warnings: readonly string[]
    }
  | { readonly type: 'made'; readonly code: number; readonly object: object; readonly warnings: readonly string[] }
  | { readonly type: 'list'; readonly listed: Listed; readonly served: Served }
  | { readonly type: 'watch'; readonly served: Served; readonly start: (sink: WatchSink) => Promise<Watching> }

/** A subresource or a kind that is answered, not kept: reviews, tokens, bindings, scale… */
export type Special = (special: SpecialRequest) => Promise<Outcome>
export interface SpecialRequest {
  readonly permit: Permit
  readonly request: DoorRequest
  readonly served: Served
  readonly serving: Serving
  readonly warn: (text: string) => void
  readonly warnings: readonly string[]
}

export interface Serving {
  readonly registry: RegistryDeps
  readonly authorize: Authorize
  readonly patching: Patching
  /** Numbers refusals, and knows why. */
  readonly decisions: Decisions
  /** By `resource.group/subresource`, or `resource.group` for kinds that are not kept. */
  readonly specials: ReadonlyMap<string, Special>
}

export const got = (input: SpecialRequest, kept: Kept, code = 200): Outcome => ({
  type: 'kept',
  code,
  kept,
  served: input.served,
  warnings: input.warnings,
})

export const managerOf = (permit: Permit, asked: string | undefined): string =>
  asked === undefined || asked === '' ? permit.user.name : asked

/** A write that creates needs the right to create as well. @throws StatusError Forbidden */
export async function mayCreate(authorize: Authorize, permit: Permit): Promise<void> {
  const { user, ...asked } = permit
  await authorize(user, { ...asked, verb: 'create' })
}
