/** `acme.io/foo`: names of controllers. */
import { dns1123Subdomain } from '#api/names.ts'
import type { Place } from './place.ts'

const pattern = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/

export function checkDomainPath(place: Place, value: string): void {
  if (value === '') return place.required()
  const slash = value.indexOf('/')
  const [domain, path] = [value.slice(0, slash), value.slice(slash + 1)]
  if (slash < 0 || domain === '' || path === '')
    return place.invalid(value, 'must be a domain-prefixed path (such as "acme.io/foo")')
  for (const problem of dns1123Subdomain(domain)) place.invalid(domain, problem)
  if (!pattern.test(path))
    place.invalid(path, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')")
  return undefined
}
