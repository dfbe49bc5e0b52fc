/** Rights that somebody else knows: a webhook is asked by SubjectAccessReview, its answers are remembered for a while. */
import { parseFieldSelector, parseLabelSelector } from '#api/selector.ts'
import type { Attributes, User } from '#api/request.ts'
import { StatusError } from '#api/status.ts'
import { fromJson } from '#codec/cel/json.ts'
import { reviewType } from '#codec/cel/identity.ts'
import { matchConditionsBudget, perCallLimit } from '#codec/cel/limits.ts'
import { isError } from '#codec/cel/values.ts'
import { type RemoteParts, askRemote } from '#server/authn/remote.ts'
import type { Authorizer, Verdict } from './authorize.ts'
import type { CheckedWebhook, MatchCondition } from './configuration.ts'

interface Requirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

/** What is asked, as the spec of a review in v1. */
interface Question {
  readonly user: string
  readonly groups: readonly string[]
  readonly uid?: string
  readonly extra?: Readonly<Record<string, readonly string[]>>
  readonly resourceAttributes?: Readonly<Record<string, unknown>>
  readonly nonResourceAttributes?: { readonly path: string; readonly verb: string }
}

/** A selector that cannot be read is left out: whoever is asked then answers for all objects. */
function readable(read: () => readonly Requirement[]): { readonly requirements: readonly Requirement[] } | undefined {
  try {
    const requirements = read()
    return requirements.length === 0 ? undefined : { requirements }
  } catch (error) {
    if (error instanceof StatusError) return undefined
    throw error
  }
}

const fields = (text: string) =>
  readable(() =>
    parseFieldSelector(text).map(({ field, value, equal }) => ({
      key: field,
      operator: equal ? 'In' : 'NotIn',
      values: [value],
    })),
  )

const labels = (text: string) =>
  readable(() =>
    parseLabelSelector(text).flatMap(({ key, operator, values }) =>
      operator === 'Gt' || operator === 'Lt'
        ? []
        : [{ key, operator, ...(values.size === 0 ? {} : { values: [...values].toSorted() }) }],
    ),
  )

function questionOf(user: User, asked: Attributes): Question {
  const fieldSelector = fields(asked.fieldSelector ?? '')
  const labelSelector = labels(asked.labelSelector ?? '')
  const { namespace, verb, group, version, resource, subresource, name, path = '' } = asked
  return {
    user: user.name,
    groups: user.groups,
    ...(user.uid === undefined ? {} : { uid: user.uid }),
    ...(user.extra === undefined ? {} : { extra: user.extra }),
    ...(asked.resourceRequest
      ? {
          resourceAttributes: {
            namespace,
            verb,
            group,
            version,
            resource,
            subresource,
            name,
            ...(fieldSelector === undefined ? {} : { fieldSelector }),
            ...(labelSelector === undefined ? {} : { labelSelector }),
          },
        }
      : { nonResourceAttributes: { path, verb } }),
  }
}

/** Empty texts are left out on the way, as upstream's encoder leaves them out. */
const filled = (part: Readonly<Record<string, unknown>> | undefined) =>
  part === undefined ? undefined : Object.fromEntries(Object.entries(part).filter(([, value]) => value !== ''))

function reviewOf(question: Question, version: CheckedWebhook['version']): object {
  const { groups, resourceAttributes, ...rest } = question
  const resource = filled(resourceAttributes)
  const spec = {
    ...rest,
    ...(resource === undefined ? {} : { resourceAttributes: resource }),
    ...(version === 'v1' ? { groups } : { group: groups }),
  }
  return {
    apiVersion: `authorization.k8s.io/${version}`,
    kind: 'SubjectAccessReview',
    metadata: { creationTimestamp: null },
    spec,
    status: { allowed: false },
  }
}

/** undefined: one of them does not hold, whatever became of the others. @throws Error where one could not be evaluated */
function applies(conditions: readonly MatchCondition[], question: Question): boolean {
  const shown = { uid: '', extra: {}, ...question }
  const values = new Map([['request', () => fromJson(shown, reviewType)]])
  const errors: string[] = []
  let budget = matchConditionsBudget
  for (const { expression, program } of conditions) {
    const { value, cost } = program.evaluate(values, { budget: Math.min(budget, perCallLimit) })
    budget -= cost
    if (value === false) return false
    if (isError(value))
      errors.push(`cel evaluation error: expression '${expression}' resulted in error: ${value.message}`)
    else if (value !== true) errors.push(`expression '${expression}' gave no bool`)
  }
  if (errors.length > 0) throw new Error(errors.join(', '))
  return true
}

interface Remembered {
  readonly verdict: Verdict
  readonly until: number
}

const remembered = 8192
/** Characters of what the requestor wrote: longer questions are not kept. */
const longestKept = 10_000

const sizeOf = ({ namespace, verb, group, version, resource, subresource, name, path = '' }: Attributes): number =>
  [namespace, verb, group, version, resource, subresource, name, path].reduce((sum, text) => sum + text.length, 0)

export interface AuthorizingWebhook extends Omit<RemoteParts, 'patience'> {
  readonly webhook: CheckedWebhook
  /** Told why it could not be asked. */
  readonly failed: (name: string, error: unknown) => void
}

class Webhook {
  readonly #parts: AuthorizingWebhook
  readonly #known = new Map<string, Remembered>()
  readonly #asking = new Map<string, Promise<Verdict>>()
  constructor(parts: AuthorizingWebhook) {
    this.#parts = parts
  }

  readonly authorizer: Authorizer = (user, asked) => {
    const { conditions } = this.#parts.webhook
    const question = questionOf(user, asked)
    if (conditions.length > 0)
      try {
        if (!applies(conditions, question)) return { opinion: 'no opinion' }
      } catch (error) {
        return this.#failed(error)
      }
    const key = JSON.stringify(question)
    const had = this.#known.get(key)
    if (had !== undefined && had.until > this.#parts.clock.monotonic()) return had.verdict
    const underWay = this.#asking.get(key)
    if (underWay !== undefined) return underWay
    const said = this.#ask(question, key, asked).finally(() => this.#asking.delete(key))
    this.#asking.set(key, said)
    return said
  }

  async #ask(question: Question, key: string, asked: Attributes): Promise<Verdict> {
    const { webhook } = this.#parts
    try {
      const status = await askRemote({ ...this.#parts, patience: webhook.timeout }, reviewOf(question, webhook.version))
      const [allowed, denied] = [status['allowed'] === true, status['denied'] === true]
      const reason = typeof status['reason'] === 'string' ? { reason: status['reason'] } : {}
      const opinion = denied ? 'deny' : allowed ? 'allow' : 'no opinion'
      if (denied && allowed) this.#parts.failed(webhook.name, new Error('it both allowed and denied'))
      const verdict: Verdict = { opinion, ...reason }
      if (sizeOf(asked) < longestKept) this.#remember(key, verdict, allowed ? webhook.allowedFor : webhook.refusedFor)
      return verdict
    } catch (error) {
      return this.#failed(error)
    }
  }

  #failed(error: unknown): Verdict {
    const { webhook, failed } = this.#parts
    failed(webhook.name, error)
    // What went wrong is for the log: the requestor learns that nobody could say.
    return webhook.onFailure === 'Deny'
      ? { opinion: 'deny', reason: `authorizer ${webhook.name} could not be asked` }
      : { opinion: 'no opinion' }
  }

  #remember(key: string, verdict: Verdict, milliseconds: number): void {
    if (milliseconds <= 0) return
    const [oldest] = this.#known.keys()
    if (this.#known.size >= remembered && oldest !== undefined) this.#known.delete(oldest)
    this.#known.set(key, { verdict, until: this.#parts.clock.monotonic() + milliseconds })
  }
}

export const webhookAuthorizer = (parts: AuthorizingWebhook): Authorizer => new Webhook(parts).authorizer
