/**
 * MutatingAdmissionWebhook: one after the other, each sees what those before it have made. One that asks for it is called a
 * second time when others have changed the object after it.
 */
import { parseJson } from '#codec/json.ts'
import type { MutatingWebhook } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import { internalError } from '#api/status.ts'
import { HookError } from '#server/outbound/hooks.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Asked, Rounds } from '../rounds.ts'
import { type Round, type Step, derived } from '../step.ts'
import { type Webhooks, ask, failure, wanted } from './call.ts'
import { type Hook, mutatingHooks } from './hook.ts'
import { type Invocation, isExempt } from './match.ts'
import { type DecodePatched, patch } from './patch.ts'

const resource = 'mutatingwebhookconfigurations.admissionregistration.k8s.io'

export interface Mutating extends Webhooks {
  readonly decode: DecodePatched
}

export function mutatingWebhooks(parts: Mutating): Step {
  const hooks = derived(parts.lookup, resource, mutatingHooks)
  const rounds = new Rounds()
  return {
    name: 'MutatingAdmissionWebhook',
    handles: request => hooks().length > 0 && !isExempt(request),
    change: (request, round) => change(parts, hooks(), { request, round, asked: rounds.of(request) }),
    again: request => rounds.again(request),
  }
}

interface Changing {
  readonly request: AdmissionRequest
  readonly round: Round
  readonly asked: Asked
}

async function change(
  parts: Mutating,
  hooks: readonly Hook<MutatingWebhook>[],
  { request, round, asked }: Changing,
): Promise<void> {
  asked.begin(request, round)
  let some = false
  for (const [at, hook] of hooks.entries()) {
    const called = await wanted(parts, hook, request)
    if (called === undefined || !asked.isDue(hook.id, round)) continue
    some = true
    const changed = await changedBy(parts, called, { request, at, round })
    asked.tell(hook.id, { changed, waits: hook.webhook.reinvocationPolicy === 'IfNeeded' })
  }
  if (some) asked.end(request)
}

interface Turn {
  readonly request: AdmissionRequest
  readonly at: number
  readonly round: Round
}

/** What a webhook has made is a body like any other: on record where bodies are. */
function notePatch({ hook }: Invocation, { request, at, round }: Turn, text: string): void {
  if (request.permit.notes?.bodies !== true) return
  const { configuration, webhook } = hook
  const operations = parseJson(Buffer.from(text, 'base64')).value
  if (Array.isArray(operations) && operations.length === 0) return
  const value = { configuration, webhook: webhook.name, patch: operations, patchType: 'JSONPatch' }
  request.annotations.set(`patch.webhook.admission.k8s.io/round_${round}_index_${at}`, JSON.stringify(value))
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
    notePatch(called, { request, at, round }, verdict.patch)
    return changed
  } catch (error) {
    if (!(error instanceof HookError)) throw error
    const refused = failure({ hook, request, key: `failed-open.${key}` }, error)
    if (refused !== undefined) throw refused
    return false
  }
}
