/**
 * MutatingAdmissionWebhook: one after the other, each sees what those before it have made. One that asks for it is called a
 * second time when others have changed the object after it.
 */
import type { MutatingWebhook } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import { equal } from '#base/equal.ts'
import type { KObject } from '#api/metadata.ts'
import { internalError } from '#api/status.ts'
import { copy } from '#server/registry/build.ts'
import { HookError } from '#server/outbound/hooks.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Step, derived } from '../step.ts'
import { type Webhooks, ask, failure, wanted } from './call.ts'
import { type Hook, mutatingHooks } from './hook.ts'
import { type Invocation, isExempt } from './match.ts'
import { type DecodePatched, patch } from './patch.ts'

const resource = 'mutatingwebhookconfigurations.admissionregistration.k8s.io'

/** What the first round leaves for the second. */
interface Round {
  readonly number: 0 | 1
  /** Hooks that want to be asked again when something changes after them. */
  readonly asked: Set<string>
  readonly due: Set<string>
  again: boolean
  /** The object when the last webhook was through. */
  last: KObject | undefined
}

export interface Mutating extends Webhooks {
  readonly decode: DecodePatched
}

export function mutatingWebhooks(parts: Mutating): Step {
  const hooks = derived(parts.lookup, resource, mutatingHooks)
  const rounds = new WeakMap<AdmissionRequest, Round>()
  const roundOf = (request: AdmissionRequest): Round => {
    const known = rounds.get(request)
    if (known !== undefined) return known
    const first: Round = { number: 0, asked: new Set(), due: new Set(), again: false, last: undefined }
    rounds.set(request, first)
    return first
  }
  return {
    name: 'MutatingAdmissionWebhook',
    handles: request => hooks().length > 0 && !isExempt(request),
    change: request => change(parts, hooks(), { request, round: roundOf(request) }),
    again: request => {
      const round = rounds.get(request)
      if (round?.number !== 0 || !round.again) return false
      rounds.set(request, { ...round, number: 1 })
      return true
    },
  }
}

/** All that were asked before are to be asked again. */
function disturb({ asked, due }: Round): void {
  for (const id of asked) due.add(id)
  asked.clear()
}

async function change(
  parts: Mutating,
  hooks: readonly Hook<MutatingWebhook>[],
  { request, round }: { request: AdmissionRequest; round: Round },
): Promise<void> {
  if (round.number === 1 && !equal(round.last, request.object)) disturb(round)
  let asked = false
  for (const [at, hook] of hooks.entries()) {
    const called = await wanted(parts, hook, request)
    if (called === undefined || (round.number === 1 && !round.due.has(hook.id))) continue
    asked = true
    if (await changedBy(parts, called, { request, at, round: round.number })) {
      disturb(round)
      round.again = true
    }
    if (hook.webhook.reinvocationPolicy === 'IfNeeded') round.asked.add(hook.id)
  }
  if (asked) round.last = request.object === undefined ? undefined : copy(request.object)
}

interface Turn {
  readonly request: AdmissionRequest
  readonly at: number
  readonly round: number
}

/** @throws StatusError */
async function changedBy(parts: Mutating, called: Invocation, { request, at, round }: Turn): Promise<boolean> {
  const { hook } = called
  const key = `mutation.webhook.admission.k8s.io/round_${round}_index_${at}`
  const note = (mutated: boolean): void => {
    const value = { configuration: hook.configuration, webhook: hook.webhook.name, mutated }
    request.annotations.set(key, JSON.stringify(value))
  }
  note(false)
  try {
    const verdict = await ask(parts, called, { request, mutating: true })
    if (verdict.patch === '') return false
    if (request.object === undefined)
      throw internalError(
        `admission webhook ${JSON.stringify(hook.webhook.name)} attempted to modify the object, which is not supported for this operation`,
      )
    const changed = await patch(parts, called, { request, object: request.object, verdict })
    note(changed)
    return changed
  } catch (error) {
    if (!(error instanceof HookError)) throw error
    const refused = failure({ hook, request, key: `failed-open.${key}` }, error)
    if (refused !== undefined) throw refused
    return false
  }
}
