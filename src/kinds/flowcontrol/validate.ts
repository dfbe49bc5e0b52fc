import { dns1123Label, dns1123Subdomain } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import { equal } from '#base/equal.ts'
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  QueuingConfiguration,
  ResourcePolicyRule,
  Subject,
} from '#kinds/facts/generated/types/flowcontrol_v1.ts'
import { Place } from '../place.ts'
import { suggested } from './suggested.ts'

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']
const subjectKinds = ['Group', 'ServiceAccount', 'User']
const mostPrecedence = 10_000
const mostQueues = 10_000_000
/** Bits of a flow's hash that dealing may use up. */
const hashBits = 60

const fixedSpec = (kind: string, name: string | undefined): unknown =>
  suggested.find(one => one.mandatory && one.object.kind === kind && one.object.metadata.name === name)?.object.spec

/** @param what in upstream's words, or undefined where only the wildcard's company is checked */
function checkWild(place: Place, list: readonly string[], what: string): void {
  if (list.length > 1 && list.includes('*')) place.invalid(list, `if '*' is present, must not specify other ${what}`)
}

function checkVerbs(place: Place, given: readonly string[]): void {
  if (given.length === 0) place.required('verbs must contain at least one value')
  else if (given.includes('*')) checkWild(place, given, 'verbs')
  else if (given.some(verb => !verbs.includes(verb))) place.unsupported(given, verbs)
}

function checkPath(place: Place, path: string): void {
  if (path === '') place.invalid(path, 'must not be empty')
  else if (path === '/') return
  else if (!path.startsWith('/')) place.invalid(path, 'must start with slash')
  else if (path.includes(' ')) place.invalid(path, 'must not contain white-space')
  else if (path.includes('//')) place.invalid(path, 'must not contain double slash')
  else if (path.split('*').length > 2 || (path.includes('*') && !path.endsWith('/*')))
    place.invalid(path, 'wildcard can only do suffix matching')
}

function checkNonResource(place: Place, { verbs: given, nonResourceURLs: urls }: NonResourcePolicyRule): void {
  checkVerbs(place.at('verbs'), given)
  const at = place.at('nonResourceURLs')
  if (urls.length === 0) at.required('nonResourceURLs must contain at least one value')
  else if (urls.includes('*')) checkWild(at, urls, 'non-resource URLs')
  else at.each(urls, (url, one) => checkPath(one, url))
}

function checkResource(place: Place, rule: ResourcePolicyRule): void {
  const { apiGroups, resources, namespaces, clusterScope = false } = rule
  checkVerbs(place.at('verbs'), rule.verbs)
  if (apiGroups.length === 0) place.at('apiGroups').required('resource rules must supply at least one api group')
  else checkWild(place.at('apiGroups'), apiGroups, 'api groups')
  if (resources.length === 0) place.at('resources').required('resource rules must supply at least one resource')
  else checkWild(place.at('resources'), resources, 'resources')
  const at = place.at('namespaces')
  if (namespaces.length === 0 && !clusterScope)
    at.required('resource rules that are not cluster scoped must supply at least one namespace')
  else if (namespaces.includes('*')) checkWild(at, namespaces, 'namespaces')
  else
    at.each(namespaces, (name, one) => {
      for (const problem of dns1123Label(name))
        one.invalid(name, `each member of this list must be '*' or a DNS-1123 label; ${problem}`)
    })
}

const parts = [
  ['ServiceAccount', 'serviceAccount'],
  ['User', 'user'],
  ['Group', 'group'],
] as const

function checkSubject(place: Place, subject: Subject): void {
  if (!subjectKinds.includes(subject.kind)) return place.at('kind').unsupported(subject.kind, subjectKinds)
  for (const [kind, name] of parts) {
    const [at, part] = [place.at(name), subject[name]]
    if (kind !== subject.kind) {
      if (part !== undefined) at.forbidden(`${name} is forbidden when subject kind is not '${kind}'`)
    } else if (part === undefined) at.required(`${name} is required when subject kind is '${kind}'`)
    else if (part.name === '') at.at('name').required()
  }
  const account = subject.kind === 'ServiceAccount' ? subject.serviceAccount : undefined
  if (account === undefined) return
  const at = place.at('serviceAccount')
  if (account.name !== '' && account.name !== '*') at.at('name').format(account.name, dns1123Subdomain)
  if (account.namespace === '') at.at('namespace').required('must specify namespace for service account')
  else at.at('namespace').format(account.namespace, dns1123Label)
}

function checkRules(
  place: Place,
  { subjects, resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects,
): void {
  if (subjects.length === 0) place.at('subjects').required('subjects must contain at least one value')
  place.at('subjects').each(subjects, (subject, at) => checkSubject(at, subject))
  if (resourceRules.length + nonResourceRules.length === 0)
    place.required('at least one of resourceRules and nonResourceRules has to be non-empty')
  place.at('resourceRules').each(resourceRules, (rule, at) => checkResource(at, rule))
  place.at('nonResourceRules').each(nonResourceRules, (rule, at) => checkNonResource(at, rule))
}

function checkConditions(place: Place, conditions: readonly { readonly type?: string }[] = []): void {
  const known = new Set<string>()
  place.each(conditions, ({ type = '' }, at) => {
    if (known.has(type)) at.at('type').duplicate(type)
    known.add(type)
    if (type === '') at.at('type').required()
  })
}

export function checkFlowSchema({ metadata, spec, status }: FlowSchema): readonly FieldError[] {
  const root = new Place('')
  const place = root.at('spec')
  const [precedence, at] = [spec.matchingPrecedence, place.at('matchingPrecedence')]
  if (precedence <= 0) at.invalid(precedence, 'must be a positive value')
  if (precedence > mostPrecedence) at.invalid(precedence, `must not be greater than ${mostPrecedence}`)
  if (precedence === 1 && metadata.name !== 'exempt')
    at.invalid(precedence, "only the schema named 'exempt' may have matchingPrecedence 1")
  const method = spec.distinguisherMethod
  if (method !== undefined && !['ByNamespace', 'ByUser'].includes(method.type))
    place.at('distinguisherMethod.type').unsupported(method, ['ByNamespace', 'ByUser'])
  const { name: level } = spec.priorityLevelConfiguration
  if (level === '') place.at('priorityLevelConfiguration.name').required('must reference a priority level')
  else place.at('priorityLevelConfiguration.name').format(level, dns1123Subdomain)
  place.at('rules').each(spec.rules, (rules, one) => checkRules(one, rules))
  const fixed = fixedSpec('FlowSchema', metadata.name)
  if (fixed !== undefined && !equal(fixed, spec))
    place.invalid(spec, `spec of '${metadata.name}' must equal the fixed value`)
  checkConditions(root.at('status.conditions'), status?.conditions)
  return root.errors
}

function checkQueuing(place: Place, { queues, handSize, queueLengthLimit }: QueuingConfiguration): void {
  if (queueLengthLimit <= 0) place.at('queueLengthLimit').invalid(queueLengthLimit, 'must be positive')
  if (queues <= 0) place.at('queues').invalid(queues, 'must be positive')
  else if (queues > mostQueues) place.at('queues').invalid(queues, `must not be greater than ${mostQueues}`)
  const hand = place.at('handSize')
  if (handSize <= 0) hand.invalid(handSize, 'must be positive')
  else if (handSize > queues) hand.invalid(handSize, `should not be greater than queues (${queues})`)
  else if (Math.ceil(Math.log2(queues) * handSize) > hashBits)
    hand.invalid(
      handSize,
      `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${hashBits}`,
    )
}

interface Shares {
  readonly nominalConcurrencyShares?: number
  readonly lendablePercent?: number
}

function checkShares(place: Place, { nominalConcurrencyShares: shares = 0, lendablePercent: lent = 0 }: Shares): void {
  if (shares < 0) place.at('nominalConcurrencyShares').invalid(shares, 'must be a non-negative integer')
  if (lent < 0 || lent > 100) place.at('lendablePercent').invalid(lent, 'must be between 0 and 100, inclusive')
}

function checkLimited(place: Place, limited: NonNullable<PriorityLevelConfiguration['spec']['limited']>): void {
  checkShares(place, limited)
  const { borrowingLimitPercent: borrowed = 0, limitResponse } = limited
  if (borrowed < 0) place.at('borrowingLimitPercent').invalid(borrowed, 'if specified, must be a non-negative integer')
  const [at, { type, queuing }] = [place.at('limitResponse'), limitResponse]
  if (type === 'Reject') {
    if (queuing !== undefined) at.at('queuing').forbidden('must be nil if limited.limitResponse.type is not Limited')
  } else if (type !== 'Queue') at.at('type').unsupported(type, ['Queue', 'Reject'])
  else if (queuing === undefined)
    at.at('queuing').required('must not be empty if limited.limitResponse.type is Limited')
  else checkQueuing(at.at('queuing'), queuing)
}

function checkFixed(place: Place, { metadata: { name }, spec }: PriorityLevelConfiguration): void {
  const fixed = fixedSpec('PriorityLevelConfiguration', name)
  if (fixed === undefined) return
  if (name !== 'exempt') {
    if (!equal(fixed, spec)) place.invalid(spec, `spec of '${name}' must equal the fixed value`)
  } else if (spec.type !== 'Exempt' || spec.limited !== undefined)
    place.invalid(spec, `spec of '${name}' except the 'spec.exempt' field must equal the fixed value`)
}

export function checkPriorityLevel(level: PriorityLevelConfiguration): readonly FieldError[] {
  const root = new Place('')
  const place = root.at('spec')
  const { metadata, spec, status } = level
  if ((metadata.name === 'exempt') !== (spec.type === 'Exempt'))
    place.at('type').invalid(spec.type, "must be 'Exempt' if and only if `name` is 'exempt'")
  if (spec.type === 'Exempt') {
    if (spec.limited !== undefined) place.at('limited').forbidden('must be nil if the type is not Limited')
    checkShares(place.at('exempt'), spec.exempt ?? {})
  } else if (spec.type === 'Limited') {
    if (spec.exempt !== undefined) place.at('exempt').forbidden('must be nil if the type is Limited')
    if (spec.limited === undefined) place.at('limited').required('must not be empty when type is Limited')
    else checkLimited(place.at('limited'), spec.limited)
  } else place.at('type').unsupported(spec.type, ['Exempt', 'Limited'])
  checkFixed(place, level)
  checkConditions(root.at('status.conditions'), status?.conditions)
  return root.errors
}
