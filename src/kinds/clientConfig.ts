/** How the server reaches what a configuration names: webhooks of admission and of conversion. */
import { dns1123Subdomain } from '#api/names.ts'
import type { WebhookClientConfig } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import type { Place } from './place.ts'

const form = '; desired format: https://host[/path]'
/** Scheme, user, host, query, fragment. */
const grammar = /^([a-zA-Z][a-zA-Z0-9+.-]*):(?:\/\/(?:([^/?#@]*)@)?([^/?#@]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/

export function checkWebhookUrl(place: Place, url: string): void {
  // oxlint-disable-next-line no-control-regex -- these are what must not be in it
  const found = /[\x00-\x20\x7f]/.test(url) ? null : grammar.exec(url)
  if (found === null) {
    // A text without a scheme is a path to upstream.
    if (!/^[^\s:]*$/.test(url))
      return place.required(`url must be a valid URL: parse ${JSON.stringify(url)}: invalid URL${form}`)
    place.invalid('', `'https' is the only allowed URL scheme${form}`)
    return place.invalid('', `host must be specified${form}`)
  }
  const [, scheme = '', user, host = '', query = '', fragment = ''] = found
  if (scheme.toLowerCase() !== 'https') place.invalid(scheme, `'https' is the only allowed URL scheme${form}`)
  if (host === '') place.invalid('', `host must be specified${form}`)
  if (user !== undefined) place.invalid(user, 'user information is not permitted in the URL')
  if (fragment !== '') place.invalid(fragment, 'fragments are not permitted in the URL')
  if (query !== '') place.invalid(query, 'query parameters are not permitted in the URL')
  return undefined
}

function checkPath(place: Place, path: string): void {
  if (path === '' || path === '/') return undefined
  if (path === '//') return place.invalid(path, 'segment[0] may not be empty')
  if (!path.startsWith('/')) place.invalid(path, "must start with a '/'")
  const steps = path.slice(1).replace(/\/$/, '').split('/')
  for (const [at, step] of steps.entries())
    if (step === '') place.invalid(path, `segment[${at}] may not be empty`)
    else for (const problem of dns1123Subdomain(step)) place.invalid(path, `segment[${at}]: ${problem}`)
  return undefined
}

type Service = NonNullable<WebhookClientConfig['service']>

export function checkWebhookService(place: Place, { name, namespace, path, port = 443 }: Service): void {
  if (name === '') place.at('name').required()
  if (namespace === '') place.at('namespace').required()
  if (!(port >= 1 && port <= 65_535))
    place.at('port').invalid(port, 'port is not valid: must be between 1 and 65535, inclusive')
  if (path !== undefined) checkPath(place.at('path'), path)
}

export function checkClientConfig(place: Place, { url, service }: WebhookClientConfig): void {
  if ((url === undefined) === (service === undefined)) place.required('exactly one of url or service is required')
  else if (url !== undefined) checkWebhookUrl(place.at('url'), url)
  else if (service !== undefined) checkWebhookService(place.at('service'), service)
}
