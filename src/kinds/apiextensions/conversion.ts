/** How a definition says that its versions are converted. */
import { X509Certificate } from 'node:crypto'
import { dns1035Label, dns1123Subdomain, portNumber } from '#api/names.ts'
import type {
  CustomResourceConversion as Conversion,
  WebhookClientConfig as Config,
} from '#kinds/facts/generated/types/apiextensions_v1.ts'
import type { Place } from '../place.ts'

const strategies = ['None', 'Webhook']
/** Forms of ConversionReview that we speak. */
const reviews = ['v1', 'v1beta1']

/** @param strict whether a bundle of certificates that cannot be read is refused: not before the definition is established. */
export function checkConversion(place: Place, conversion: Conversion | undefined, strict: boolean): void {
  if (conversion === undefined) return
  place.at('strategy').oneOf(conversion.strategy, strategies)
  const { webhook } = conversion
  const config = place.at('webhookClientConfig')
  if (conversion.strategy !== 'Webhook') {
    if (webhook?.clientConfig !== undefined) config.forbidden('should not be set when strategy is not set to Webhook')
    if ((webhook?.conversionReviewVersions ?? []).length > 0)
      place.at('conversionReviewVersions').forbidden('should not be set when strategy is not set to Webhook')
    return
  }
  if (webhook?.clientConfig === undefined) config.required('required when strategy is set to Webhook')
  else checkClient(config, webhook.clientConfig, strict)
  checkReviews(place.at('conversionReviewVersions'), webhook?.conversionReviewVersions ?? [])
}

function checkReviews(place: Place, versions: readonly string[]): void {
  if (versions.length === 0) return place.required()
  const seen = new Set<string>()
  place.each(versions, (version, at) => {
    if (seen.has(version)) return at.invalid(version, 'duplicate version')
    seen.add(version)
    return at.format(version, dns1035Label)
  })
  if (!versions.some(version => reviews.includes(version)))
    place.invalid(versions, `must include at least one of ${reviews.join(', ')}`)
  return undefined
}

export function checkClient(place: Place, config: Config, strict: boolean): void {
  const { url, service, caBundle = '' } = config
  if ((url === undefined) === (service === undefined)) place.required('exactly one of url or service is required')
  else if (url !== undefined) checkUrl(place.at('url'), url)
  else if (service !== undefined) checkService(place.at('service'), service)
  if (caBundle !== '' && strict && !isBundle(caBundle))
    place.at('caBundle').invalid(caBundle, 'unable to load root certificates: unable to parse bytes as PEM block')
}

function isBundle(base64: string): boolean {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).subject !== ''
  } catch {
    return false
  }
}

const form = '; desired format: https://host[/path]'

function checkUrl(place: Place, text: string): void {
  if (!URL.canParse(text)) return place.required(`url must be a valid URL: ${JSON.stringify(text)}${form}`)
  const url = new URL(text)
  const scheme = url.protocol.slice(0, -1)
  if (scheme !== 'https') place.invalid(scheme, `'https' is the only allowed URL scheme${form}`)
  if (url.host === '') place.invalid('', `host must be specified${form}`)
  if (url.username !== '' || url.password !== '')
    place.invalid(`${url.username}:${url.password}`, 'user information is not permitted in the URL')
  if (url.hash !== '') place.invalid(url.hash.slice(1), 'fragments are not permitted in the URL')
  if (url.search !== '') place.invalid(url.search.slice(1), 'query parameters are not permitted in the URL')
  return undefined
}

function checkService(place: Place, { name, namespace, path, port }: NonNullable<Config['service']>): void {
  if (!name) place.at('name').required()
  if (!namespace) place.at('namespace').required()
  for (const problem of portNumber(port ?? 443)) place.at('port').invalid(port, `port is not valid: ${problem}`)
  if (path === undefined || path === '' || path === '/') return
  const at = place.at('path')
  if (path === '//') return at.invalid(path, 'segment[0] may not be empty')
  if (!path.startsWith('/')) at.invalid(path, "must start with a '/'")
  for (const [index, step] of path.slice(1).replace(/\/$/, '').split('/').entries())
    if (step === '') at.invalid(path, `segment[${index}] may not be empty`)
    else for (const problem of dns1123Subdomain(step)) at.invalid(path, `segment[${index}]: ${problem}`)
  return undefined
}
