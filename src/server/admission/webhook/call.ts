/** One question to one webhook: in its time, with its failure policy. */
import type { Clock } from '#base/clock.ts'
import type { Scheme } from '#api/kind.ts'
import {
  type Reason,
  type Status,
  type StatusCause,
  StatusError,
  badRequest,
  codes,
  internalError,
} from '#api/status.ts'
import type { JsonObject } from '#api/metadata.ts'
import { HookError, type Hooks } from '#server/outbound/hooks.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { fromOutside } from '#server/registry/newest.ts'
import { type Lookup, deny } from '../step.ts'
import type { Conditions } from './conditions.ts'
import { type Hook, blameOf } from './hook.ts'
import { type Invocation, invocation } from './match.ts'
import type { HookMetrics, Seen } from './metrics.ts'
import { type Verdict, type Versions, review, reviewVersion, verified } from './review.ts'

export interface Webhooks {
  readonly lookup: Lookup
  readonly scheme: Scheme
  readonly hooks: Hooks
  readonly versions: Versions
  readonly conditions: Conditions
  readonly clock: Clock
  readonly metrics: HookMetrics
  readonly uid: () => string
}

/** @returns undefined when it is not to be asked. @throws StatusError */
export async function wanted<H extends Hook>(
  parts: Webhooks,
  hook: H,
  request: AdmissionRequest,
): Promise<Invocation<H> | undefined> {
  const called = invocation(parts, hook, request)
  const { matchConditions = [], failurePolicy } = hook.webhook
  if (called === undefined || matchConditions.length === 0) return called
  const matched = await parts.conditions(matchConditions, called, request)
  if (typeof matched === 'boolean') return matched ? called : undefined
  if (failurePolicy === 'Ignore') return undefined
  return deny(request, matched.error, {
    ...blameOf(hook),
    line: `matchConditions of ${JSON.stringify(hook.webhook.name)}`,
  })
}

const defaultSeconds = 10
const withoutEffects = new Set(['None', 'NoneOnDryRun'])

interface Question {
  readonly request: AdmissionRequest
  readonly mutating: boolean
}

/** @throws HookError; StatusError where the failure policy has no say. */
export async function ask(parts: Webhooks, called: Invocation, question: Question): Promise<Verdict> {
  const started = parts.clock.monotonic()
  const { name, failurePolicy } = called.hook.webhook
  const tell = (end: Seen['end'], code: number): void =>
    parts.metrics.observe({
      name,
      type: question.mutating ? 'admit' : 'validating',
      operation: question.request.operation,
      seconds: (parts.clock.monotonic() - started) / 1000,
      end,
      code,
    })
  try {
    const verdict = await put(parts, called, question)
    tell('allowed', 200)
    return verdict
  } catch (error) {
    if (error instanceof StatusError) tell('refused', error.blamed(blameOf(called.hook)).code)
    else tell(failurePolicy === 'Ignore' ? 'failed open' : 'failed', 503)
    throw error
  }
}

async function put(parts: Webhooks, called: Invocation, { request, mutating }: Question): Promise<Verdict> {
  const { webhook } = called.hook
  if (request.dryRun && !withoutEffects.has(webhook.sideEffects))
    throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`)
  const call = { uid: parts.uid(), version: reviewVersion(called) }
  const left = request.deadline - parts.clock.monotonic()
  const own = (webhook.timeoutSeconds ?? defaultSeconds) * 1000
  if (left <= 0) throw new OutOfTime('failed to call webhook: context deadline exceeded')
  const asked = await review(parts.versions, called, { request, ...call })
  const calling = parts.hooks.call(webhook.clientConfig, asked, { milliseconds: Math.min(own, left) })
  const answer = await answered(calling, left < own)
  const verdict = verified(answer, call, mutating)
  for (const [key, value] of verdict.annotations) request.annotations.set(`${webhook.name}/${key}`, value)
  verdict.warnings.forEach(request.warn)
  if (!verdict.allowed) throw fromOutside(refusal(webhook.name, verdict))
  return verdict
}

/** Nobody waits for the answer any more: there is nothing to pass over. */
class OutOfTime extends HookError {}

async function answered(calling: Promise<unknown>, last: boolean): Promise<unknown> {
  try {
    return await calling
  } catch (error) {
    if (!(error instanceof HookError)) throw error
    const message = `failed to call webhook: ${error.message}`
    throw last && message.endsWith('context deadline exceeded') ? new OutOfTime(message) : new HookError(message)
  }
}

const isReason = (text: string): text is Reason => Object.hasOwn(codes, text)

/** A refusal whose reason is the webhook's own word. */
class WebhookRefusal extends StatusError {
  readonly #reason: string
  constructor(code: number, message: string, given: JsonObject) {
    const reason = typeof given['reason'] === 'string' ? given['reason'] : ''
    const details = detailsOf(given['details'])
    super({ reason: isReason(reason) ? reason : '', message, code, ...(details === undefined ? {} : { details }) })
    this.#reason = reason
  }
  override status(): Status {
    const status = super.status()
    return this.#reason === '' ? status : { ...status, reason: this.#reason }
  }
}

const isPlain = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const texts = (value: JsonObject, names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.flatMap(name => (typeof value[name] === 'string' ? [[name, value[name]]] : [])))

/** Only what a Status has; the rest of what a webhook wrote goes nowhere. */
function detailsOf(value: unknown): StatusError['details'] {
  if (!isPlain(value)) return undefined
  const seconds = value['retryAfterSeconds']
  const given = Array.isArray(value['causes']) ? value['causes'].filter(isPlain).slice(0, 100) : []
  const causes: readonly StatusCause[] = given.map(one => texts(one, ['reason', 'message', 'field']))
  return {
    ...texts(value, ['name', 'group', 'kind', 'uid']),
    ...(causes.length === 0 ? {} : { causes }),
    ...(typeof seconds === 'number' ? { retryAfterSeconds: seconds } : {}),
  }
}

/** @returns what the client is told when a webhook says no. */
function refusal(name: string, { result }: Verdict): StatusError {
  const { code, message, reason } = result
  const by = `admission webhook ${JSON.stringify(name)} denied the request`
  const said = [message, reason].find((text): text is string => typeof text === 'string' && text !== '')
  const fits = typeof code === 'number' && Number.isInteger(code) && code >= 400 && code <= 599
  return new WebhookRefusal(
    fits ? code : 400,
    said === undefined ? `${by} without explanation` : `${by}: ${said}`,
    result,
  )
}

/**
 * What becomes of a call that failed: nothing where the policy ignores it, else what the client is told.
 * @param key of the audit annotation that says that it was ignored.
 */
export function failure(failed: { hook: Hook; request: AdmissionRequest; key: string }, error: HookError) {
  const { webhook } = failed.hook
  const text = `failed calling webhook ${JSON.stringify(webhook.name)}: ${error.message}`
  if (webhook.failurePolicy !== 'Ignore')
    return fromOutside(
      internalError(text).blamed({
        ...blameOf(failed.hook),
        fix: 'a webhook that answers in time, or failurePolicy: Ignore',
      }),
    )
  failed.request.annotations.set(failed.key, webhook.name)
  if (!(error instanceof OutOfTime)) return undefined
  return new StatusError({
    reason: 'Timeout',
    message: 'Timeout: request did not complete within requested timeout',
    details: {},
  })
}
