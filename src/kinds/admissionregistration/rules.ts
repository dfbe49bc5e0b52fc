/** Checks of what webhooks are asked about. */
import type { RuleWithOperations } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import type { Place } from '../place.ts'

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
const scopes = ['*', 'Cluster', 'Namespaced']

/** A list that names something, and nothing else beside everything. */
function checkList(place: Place, list: readonly string[], others: string): void {
  if (list.length === 0) place.required()
  if (list.length > 1 && list.includes('*')) place.invalid(list, `if '*' is present, must not specify other ${others}`)
}

function checkResources(place: Place, resources: readonly string[]): void {
  if (resources.length === 0) place.required()
  const allSubs = new Set<string>()
  const everywhere = new Set<string>()
  place.each(resources, (text, at) => {
    if (text === '') return at.required()
    const slash = text.indexOf('/')
    if (slash < 0) return undefined
    const [resource, sub] = [text.slice(0, slash), text.slice(slash + 1)]
    if (allSubs.has(resource)) at.invalid(text, `if '${resource}/*' is present, must not specify ${text}`)
    if (everywhere.has(sub)) at.invalid(text, `if '*/${sub}' is present, must not specify ${text}`)
    if (sub === '*') allSubs.add(resource)
    if (resource === '*') everywhere.add(sub)
    return undefined
  })
  if (resources.length > 1 && resources.includes('*/*'))
    place.invalid(resources, "if '*/*' is present, must not specify other resources")
  if (resources.includes('*') && endsPlain(resources))
    place.invalid(resources, "if '*' is present, must not specify other resources without subresources")
}

/** Upstream looks at the last of those without a subresource alone. */
function endsPlain(resources: readonly string[]): boolean {
  const last = resources.filter(text => text !== '' && !text.includes('/')).at(-1)
  return last !== undefined && last !== '*'
}

export function checkRule(place: Place, rule: RuleWithOperations): void {
  checkList(place.at('operations'), rule.operations ?? [], 'operations')
  place.at('operations').each(rule.operations, (one, at) => {
    if (!operations.includes(one)) at.unsupported(one, operations)
  })
  checkList(place.at('apiGroups'), rule.apiGroups ?? [], 'API groups')
  checkList(place.at('apiVersions'), rule.apiVersions ?? [], 'API versions')
  place.at('apiVersions').each<string>(rule.apiVersions, (version, at) => {
    if (version === '') at.required()
  })
  checkResources(place.at('resources'), rule.resources ?? [])
  if (rule.scope !== undefined && !scopes.includes(rule.scope)) place.at('scope').unsupported(rule.scope, scopes)
}
