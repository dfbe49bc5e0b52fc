/** AuthorizationConfiguration: who is asked about a right, and in which order. Checked with upstream's messages. */
import type {
  AuthorizationConfiguration,
  AuthorizerConfiguration,
  WebhookConfiguration,
} from '#kinds/facts/generated/types/apiserver_v1.ts'
import { typeSchema } from '#kinds/facts/read.ts'
import { dns1123Subdomain } from '#api/names.ts'
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  notOneOf,
  notSupported,
  required,
  tooMany,
} from '#api/validation.ts'
import { parseDuration } from '#codec/cel/time.ts'
import { isError } from '#codec/cel/values.ts'
import { type Program, compile } from '#codec/cel/compile.ts'
import { reviewEnvironment } from '#codec/cel/identity.ts'
import { readConfiguration, refuse } from '#codec/configuration.ts'

export interface MatchCondition {
  readonly expression: string
  readonly program: Program
}

export interface CheckedWebhook {
  readonly name: string
  /** Absolute. */
  readonly kubeConfigFile: string
  readonly version: 'v1' | 'v1beta1'
  /** Milliseconds. */
  readonly timeout: number
  /** Milliseconds that an answer counts; 0: it is asked for each time. */
  readonly allowedFor: number
  readonly refusedFor: number
  /** What it counts as when it cannot be asked. */
  readonly onFailure: 'Deny' | 'NoOpinion'
  readonly conditions: readonly MatchCondition[]
}

export type CheckedAuthorizer =
  | { readonly type: 'AlwaysAllow' | 'AlwaysDeny' | 'Node' | 'RBAC' }
  | { readonly type: 'Webhook'; readonly webhook: CheckedWebhook }

export interface AuthorizationLimits {
  /** Somebody said on the command line that everybody may do everything. */
  readonly everythingAllowed: boolean
}

const known = ['AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'] as const
type Known = (typeof known)[number]
const mostConditions = 64
const longestTimeout = 30_000

type Report = (error: FieldError) => void

interface Place {
  readonly path: string
  readonly report: Report
}

const within = ({ path, report }: Place, name: string): Place => ({ path: `${path}.${name}`, report })

/** Milliseconds; 0 for none. */
function milliseconds(text: string | undefined): number {
  const duration = text === undefined || text === '' ? undefined : parseDuration(text)
  return duration === undefined || isError(duration) ? 0 : Number(duration.nanos / 1_000_000n)
}

interface Time {
  readonly path: string
  readonly text: string | undefined
  readonly most?: number
}

function time({ path, text, most = Number.POSITIVE_INFINITY }: Time, report: Report): number {
  const value = milliseconds(text)
  if (value === 0) report(required(path))
  else if (value < 0 || value > most)
    report(invalidValue(path, text, most === longestTimeout ? 'must be > 0s and <= 30s' : 'must be > 0s'))
  return value
}

function conditionsOf(
  list: WebhookConfiguration['matchConditions'],
  path: string,
  report: Report,
): readonly MatchCondition[] {
  const place = `${path}.matchConditions`
  if (list.length > mostConditions) {
    report(tooMany(place, list.length, mostConditions))
    return []
  }
  const seen = new Set<string>()
  return list.flatMap(({ expression }, index) => {
    const at = `${place}[${index}].expression`
    if (expression.trim() === '') report(required(at))
    else if (seen.has(expression)) report(duplicate(at, expression))
    else {
      seen.add(expression)
      const made = compile(expression, reviewEnvironment())
      if (!made.ok) report(invalidValue(at, expression, `compilation failed: ${made.text}`))
      else if (made.type.kind !== 'bool') report(invalidValue(at, expression, 'must evaluate to bool'))
      else return [{ expression, program: made.program }]
    }
    return []
  })
}

function connection({ connectionInfo }: Partial<WebhookConfiguration>, path: string, report: Report): string {
  const { type = '', kubeConfigFile = '' } = connectionInfo ?? {}
  const file = `${path}.connectionInfo.kubeConfigFile`
  if (type === '') report(required(`${path}.connectionInfo.type`))
  else if (type !== 'KubeConfigFile') report(notOneOf(`${path}.connectionInfo.type`, type, ['KubeConfigFile']))
  else if (kubeConfigFile === '') report(required(file))
  else if (!kubeConfigFile.startsWith('/')) report(invalidValue(file, kubeConfigFile, 'must be an absolute path'))
  return kubeConfigFile
}

/** One of a few words, the first where something else was reported. */
function word<W extends string>(given: string | undefined, words: readonly [W, ...W[]], at: Place): W {
  if (given === undefined || given === '') at.report(required(at.path))
  else if (!words.some(one => one === given)) at.report(notOneOf(at.path, given, words))
  return words.find(one => one === given) ?? words[0]
}

const usualAllowed = '5m'
const usualRefused = '30s'

/** @param at the authorizer, under whose path upstream tells of its webhook's fields */
function webhookOf(name: string, given: Partial<WebhookConfiguration>, at: Place): CheckedWebhook {
  const { path, report } = at
  const text = (value: string | undefined, usual: string): string => (milliseconds(value) === 0 ? usual : (value ?? ''))
  const timeout = time({ path: `${path}.timeout`, text: given.timeout, most: longestTimeout }, report)
  const allowed = time({ path: `${path}.authorizedTTL`, text: text(given.authorizedTTL, usualAllowed) }, report)
  const refused = time({ path: `${path}.unauthorizedTTL`, text: text(given.unauthorizedTTL, usualRefused) }, report)
  const { matchConditions = [], matchConditionSubjectAccessReviewVersion: spoken = '' } = given
  const spokenPath = `${path}.matchConditionSubjectAccessReviewVersion`
  if (spoken === '' && matchConditions.length > 0)
    report(required(spokenPath, 'required if match conditions are specified'))
  if (spoken !== '' && spoken !== 'v1') report(notSupported(spokenPath, spoken, ['v1']))
  return {
    name,
    timeout,
    version: word(given.subjectAccessReviewVersion, ['v1', 'v1beta1'], within(at, 'subjectAccessReviewVersion')),
    allowedFor: given.cacheAuthorizedRequests === false ? 0 : allowed,
    refusedFor: given.cacheUnauthorizedRequests === false ? 0 : refused,
    onFailure: word(given.failurePolicy, ['Deny', 'NoOpinion'], within(at, 'failurePolicy')),
    kubeConfigFile: connection(given, path, report),
    conditions: conditionsOf(matchConditions, path, report),
  }
}

function checkName(name: string, seen: Set<string>, { path, report }: Place): void {
  const problems = dns1123Subdomain(name)
  if (name === '') report(required(path))
  else if (seen.has(name)) report(duplicate(path, name))
  else if (problems.length > 0) report(invalidValue(path, name, `authorizer name is invalid: ${problems.join(', ')}`))
  seen.add(name)
}

interface Seen {
  readonly types: Set<string>
  readonly names: Set<string>
  readonly limits: AuthorizationLimits
}

function authorizerOf(
  given: Partial<AuthorizerConfiguration>,
  { path, seen }: { readonly path: string; readonly seen: Seen },
  report: Report,
): CheckedAuthorizer | undefined {
  const { name = '', webhook } = given
  const type = known.find(one => one === given.type)
  if (type === undefined) {
    const said = given.type ?? ''
    report(said === '' ? required(`${path}.type`) : notSupported(`${path}.type`, said, known))
    return undefined
  }
  if (seen.types.has(type) && type !== 'Webhook') {
    report(duplicate(`${path}.type`, type))
    return undefined
  }
  seen.types.add(type)
  if (type === 'AlwaysAllow' && !seen.limits.everythingAllowed) report(forbiddenField(`${path}.type`, everything))
  checkName(name, seen.names, { path: `${path}.name`, report })
  if (type !== 'Webhook') {
    if (webhook !== undefined)
      report(invalidValue(`${path}.webhook`, 'non-null', 'may only be specified when type=Webhook'))
    return { type }
  }
  if (webhook === undefined) report(required(`${path}.webhook`, 'required when type=Webhook'))
  else return { type, webhook: webhookOf(name, webhook, { path, report }) }
  return undefined
}

export const everything = 'AlwaysAllow gives everybody every right: it is taken with --insecure-allow-everything alone'

/** @throws ConfigurationError */
export function checkAuthorization(
  { authorizers = [] }: Partial<AuthorizationConfiguration>,
  limits: AuthorizationLimits,
): readonly CheckedAuthorizer[] {
  const problems: FieldError[] = []
  const report: Report = error => void problems.push(error)
  const seen: Seen = { types: new Set(), names: new Set(), limits }
  if (authorizers.length === 0) report(required('authorizers', 'at least one authorization mode must be defined'))
  const checked = authorizers.map((one, index) => authorizerOf(one, { path: `authorizers[${index}]`, seen }, report))
  refuse(problems)
  return checked.filter(one => one !== undefined)
}

/** @throws ConfigurationError */
export function readAuthorization(text: string, limits: AuthorizationLimits): readonly CheckedAuthorizer[] {
  const value = readConfiguration(text, {
    kind: 'AuthorizationConfiguration',
    group: 'apiserver.config.k8s.io',
    versions: ['v1', 'v1beta1'],
    schema: typeSchema('apiserver_v1.AuthorizationConfiguration'),
  })
  return checkAuthorization(value as Partial<AuthorizationConfiguration>, limits)
}

export type Mode = Known
