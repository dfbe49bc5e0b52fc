/** Asks a definition's conversion webhook, by URL or by service, and reads what it says. */
import type { Converter } from '#kinds/custom/converting.ts'
import type { CustomResourceDefinition as Definition } from '#kinds/facts/generated/types/apiextensions_v1.ts'
import type { HookLimits, Hooks } from '#server/outbound/hooks.ts'

export interface WebhookOptions {
  readonly hooks: Pick<Hooks, 'call'>
  readonly uid: () => string
  readonly limits: HookLimits
}

/** As upstream has it for webhooks; an answer holds at most 500 objects. */
export const usualLimits: HookLimits = { milliseconds: 30_000, bytes: 64 * 1024 * 1024 }

const reviewVersions = ['v1', 'v1beta1']

/** @returns undefined where versions differ in their names alone. */
export function webhookConverter(definition: Definition, options: WebhookOptions): Converter | undefined {
  const { conversion } = definition.spec
  const config = conversion?.webhook?.clientConfig
  if (conversion?.strategy !== 'Webhook' || config === undefined) return undefined
  const version = conversion.webhook?.conversionReviewVersions.find(one => reviewVersions.includes(one))
  return async (objects, desiredAPIVersion) => {
    if (version === undefined) throw new Error('no supported conversion review versions')
    const uid = options.uid()
    const apiVersion = `apiextensions.k8s.io/${version}`
    const review = { kind: 'ConversionReview', apiVersion, request: { uid, desiredAPIVersion, objects } }
    const answer = await options.hooks.call(config, review, options.limits)
    return read(answer, { uid, apiVersion })
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** @throws Error */
function read(review: unknown, expected: { readonly uid: string; readonly apiVersion: string }): readonly unknown[] {
  if (!isObject(review)) throw new Error('the answer is no ConversionReview')
  const { kind, apiVersion, response } = review
  if (kind !== 'ConversionReview' || apiVersion !== expected.apiVersion)
    throw new Error(
      `expected webhook response of ${expected.apiVersion}, Kind=ConversionReview, got ${String(apiVersion)}, Kind=${String(kind)}`,
    )
  if (!isObject(response)) throw new Error('no response provided')
  if (response['uid'] !== expected.uid && apiVersion.endsWith('/v1'))
    throw new Error(
      `expected response.uid=${JSON.stringify(expected.uid)}, got ${JSON.stringify(response['uid'] ?? '')}`,
    )
  const { result, convertedObjects } = response
  const { status, message }: { status?: unknown; message?: unknown } = isObject(result) ? result : {}
  if (status !== 'Success')
    throw new Error(
      typeof message === 'string' && message !== ''
        ? message.slice(0, 4096)
        : `response.result.status was '${typeof status === 'string' ? status : ''}', not 'Success'`,
    )
  return Array.isArray(convertedObjects) ? convertedObjects : []
}
