/** Asks a definition's conversion webhook, by URL or by service, and reads what it says. */
import { JsonError } from '#codec/errors.ts'
import { parseJson, stringifyJson } from '#codec/json.ts'
import type { Converter } from '#kinds/custom/converting.ts'
import type {
  CustomResourceDefinition as Definition,
  WebhookClientConfig as Config,
} from '#kinds/facts/generated/types/apiextensions_v1.ts'
import type { EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import type { Service } from '#kinds/facts/generated/types/core_v1.ts'
import type { Store } from '#server/store/contract.ts'
import { type Call, type CallLimits, call } from '#wire/call.ts'

export interface WebhookOptions {
  readonly store: Store
  readonly uid: () => string
  /** From 0 to 1. */
  readonly random: () => number
  readonly limits: CallLimits
}

/** As upstream has it for webhooks; an answer holds at most 500 objects. */
export const usualLimits: CallLimits = { time: 30_000, size: 64 * 1024 * 1024 }

type Address = Pick<Call, 'host' | 'port' | 'name' | 'path'>

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
    const answer = await call({
      ...addressOf(config, options),
      ...(config.caBundle === undefined || config.caBundle === ''
        ? {}
        : { authority: Buffer.from(config.caBundle, 'base64').toString() }),
      body: stringifyJson(review),
      limits: options.limits,
    })
    return read(answer, { uid, apiVersion })
  }
}

/** @throws Error */
function addressOf({ url, service }: Config, options: WebhookOptions): Address {
  if (service !== undefined) {
    const { name, namespace, path = '/', port = 443 } = service
    const wanted = { name, namespace, port }
    return { ...resolve(wanted, options), name: `${name}.${namespace}.svc`, path: path === '' ? '/' : path }
  }
  const at = new URL(url ?? '')
  const host = at.hostname.replace(/^\[|\]$/g, '')
  return { host, name: host, port: at.port === '' ? 443 : Number(at.port), path: at.pathname }
}

interface Wanted {
  readonly name: string
  readonly namespace: string
  readonly port: number
}

/** A ready endpoint of the service; the server itself may stand outside of the service network. @throws Error */
function resolve({ name, namespace, port }: Wanted, { store, random }: WebhookOptions): { host: string; port: number } {
  const service = store.snapshot('services').get(`${namespace}/${name}`)?.object as Service | undefined
  if (service === undefined) throw new Error(`service ${JSON.stringify(name)} not found`)
  const { spec } = service
  if (spec?.type === 'ExternalName') return { host: spec.externalName ?? '', port }
  const found = spec?.ports?.find(one => one.port === port)
  if (found === undefined) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`)
  const slices = Array.from(
    store.snapshot('endpointslices.discovery.k8s.io').range({ prefix: `${namespace}/` }),
    kept => kept.object as EndpointSlice,
  ).filter(slice => slice.metadata.labels?.['kubernetes.io/service-name'] === name)
  const places = slices.flatMap(slice => {
    const target = slice.ports?.find(one => (one.name ?? '') === (found.name ?? ''))?.port
    const ready = slice.endpoints.filter(endpoint => endpoint.conditions?.ready !== false)
    return target === undefined ? [] : ready.flatMap(one => one.addresses.map(host => ({ host, port: target })))
  })
  const place = places[Math.floor(random() * places.length)]
  if (place === undefined) throw new Error(`no endpoints available for service ${JSON.stringify(name)}`)
  return place
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes).value
  } catch (error) {
    throw error instanceof JsonError ? new Error(`the answer is no JSON: ${error.message}`) : error
  }
}

/** @throws Error */
function read(bytes: Uint8Array, expected: { readonly uid: string; readonly apiVersion: string }): readonly unknown[] {
  const review = parsed(bytes)
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
