/** ValidatingAdmissionWebhook: all that match are asked at once, and each of them may refuse. */
import type { ValidatingWebhook } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import { StatusError } from '#api/status.ts'
import { HookError } from '#server/outbound/hooks.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Step, derived } from '../step.ts'
import { type Webhooks, ask, failure, wanted } from './call.ts'
import { type Hook, validatingHooks } from './hook.ts'
import { type Invocation, isExempt } from './match.ts'

const resource = 'validatingwebhookconfigurations.admissionregistration.k8s.io'

export function validatingWebhooks(parts: Webhooks): Step {
  const hooks = derived(parts.lookup, resource, validatingHooks)
  return {
    name: 'ValidatingAdmissionWebhook',
    handles: request => hooks().length > 0 && !isExempt(request),
    judge: request => judge(parts, hooks(), request),
  }
}

async function judge(
  parts: Webhooks,
  hooks: readonly Hook<ValidatingWebhook>[],
  request: AdmissionRequest,
): Promise<void> {
  const called: Invocation[] = []
  for (const hook of hooks) {
    const one = await wanted(parts, hook, request)
    if (one !== undefined) called.push(one)
  }
  const refusals = await Promise.all(called.map((one, at) => refusalOf(parts, one, { request, at })))
  const first = refusals.find(refusal => refusal !== undefined)
  if (first !== undefined) throw first
}

async function refusalOf(
  parts: Webhooks,
  called: Invocation,
  { request, at }: { request: AdmissionRequest; at: number },
): Promise<StatusError | undefined> {
  try {
    await ask(parts, called, { request, mutating: false })
    return undefined
  } catch (error) {
    if (error instanceof StatusError) return error
    if (!(error instanceof HookError)) throw error
    const key = `failed-open.validating.webhook.admission.k8s.io/round_0_index_${at}`
    return failure({ hook: called.hook, request, key }, error)
  }
}
