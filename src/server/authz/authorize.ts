/** The only maker of permits: the first authorizer with an opinion decides, silence is a no. */
import type { Attributes, Permit, User } from '#api/request.ts'
import { type Right, StatusError } from '#api/status.ts'

export type Opinion = 'allow' | 'deny' | 'no opinion'

export interface Verdict {
  readonly opinion: Opinion
  readonly reason?: string
}

/** Authorizers may answer later (webhooks). */
export type Authorizer = (user: User, asked: Attributes) => Verdict | Promise<Verdict>

export type Authorize = (user: User, asked: Attributes) => Permit | Promise<Permit>

/** What a chain of authorizers says, for access reviews. */
export async function verdict(authorizers: readonly Authorizer[], user: User, asked: Attributes): Promise<Verdict> {
  const reasons: string[] = []
  for (const authorizer of authorizers) {
    const said = await authorizer(user, asked)
    if (said.opinion !== 'no opinion') return said
    if (said.reason !== undefined) reasons.push(said.reason)
  }
  return silence(reasons)
}

/** Several authorizers as one, which may become others. Answers at once where none has to wait. */
export function chained(list: () => readonly Authorizer[]): Authorizer {
  return (user, asked) => {
    const all = list()
    const reasons: string[] = []
    for (let at = 0; at < all.length; at++) {
      const said = all[at]?.(user, asked)
      if (said === undefined) continue
      if (said instanceof Promise) {
        const rest: readonly Authorizer[] = [() => said, ...all.slice(at + 1)]
        return verdict(rest, user, asked).then(later =>
          later.opinion === 'no opinion' ? silence([...reasons, later.reason ?? '']) : later,
        )
      }
      if (said.opinion !== 'no opinion') return said
      if (said.reason !== undefined) reasons.push(said.reason)
    }
    return silence(reasons)
  }
}

/** What those without an opinion said, as upstream joins it. */
const together = (reasons: readonly string[]): string => reasons.filter(reason => reason !== '').join('\n')

function silence(reasons: readonly string[]): Verdict {
  const reason = together(reasons)
  return reason === '' ? { opinion: 'no opinion' } : { opinion: 'no opinion', reason }
}

const permit = (user: User, asked: Attributes): Permit => ({ ...asked, user }) as Permit

/** Answers at once where no authorizer has to wait: the hot path does not yield. @throws StatusError Forbidden */
export function makeAuthorize(authorizers: readonly Authorizer[]): Authorize {
  const judge = (user: User, asked: Attributes, before: readonly string[] = []): Permit | Promise<Permit> => {
    let reasons = before
    for (let at = reasons.length; at < authorizers.length; at++) {
      const said = authorizers[at]?.(user, asked)
      if (said === undefined) continue
      if (said instanceof Promise) {
        const so = reasons
        return said.then(later => conclude(user, asked, later) ?? judge(user, asked, [...so, later.reason ?? '']))
      }
      const concluded = conclude(user, asked, said)
      if (concluded !== undefined) return concluded
      reasons = [...reasons, said.reason ?? '']
    }
    const reason = together(reasons)
    note(asked, 'forbid', reason)
    throw refusal(user, asked, reason)
  }
  return (user, asked) => judge(user, asked)
}

/** As upstream puts it on record. */
function note({ notes }: Attributes, decision: 'allow' | 'forbid', reason = ''): void {
  notes?.note('authorization.k8s.io/decision', decision)
  notes?.note('authorization.k8s.io/reason', reason)
}

function conclude(user: User, asked: Attributes, said: Verdict): Permit | undefined {
  if (said.opinion !== 'no opinion') note(asked, said.opinion === 'allow' ? 'allow' : 'forbid', said.reason)
  if (said.opinion === 'allow') return permit(user, asked)
  if (said.opinion === 'deny') throw refusal(user, asked, said.reason)
  return undefined
}

/** Upstream's sentence, which clients match. */
export const refusal = (user: User, asked: Attributes, reason?: string): StatusError =>
  refused(user, asked, reason).blamed({ by: authorization, right: rightOf(asked) })

/** What is asked for, without what concerns the answer alone. */
export const rightOf = ({
  verb,
  resourceRequest,
  group,
  resource,
  subresource,
  namespace,
  name,
  path,
}: Attributes): Right => ({
  verb,
  resourceRequest,
  group,
  resource,
  subresource,
  namespace,
  name,
  ...(path === undefined ? {} : { path }),
})

/** Blamed where no authorizer allows something: `explain` tells more. */
export const authorization = 'authorization'

function refused(user: User, asked: Attributes, reason: string | undefined): StatusError {
  const tail = reason === undefined || reason === '' ? '' : `: ${reason}`
  if (!asked.resourceRequest)
    return new StatusError({
      reason: 'Forbidden',
      message: `forbidden: User ${JSON.stringify(user.name)} cannot ${asked.verb} path ${JSON.stringify(asked.path ?? '')}${tail}`,
      details: {},
    })
  const resource = asked.subresource === '' ? asked.resource : `${asked.resource}/${asked.subresource}`
  const scope =
    asked.namespace === '' ? ' at the cluster scope' : ` in the namespace ${JSON.stringify(asked.namespace)}`
  const subject = `${asked.resource}${asked.group === '' ? '' : `.${asked.group}`}`
  const name = asked.name === '' ? '' : ` ${JSON.stringify(asked.name)}`
  return new StatusError({
    reason: 'Forbidden',
    message: `${subject}${name} is forbidden: User ${JSON.stringify(user.name)} cannot ${asked.verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(asked.group)}${scope}${tail}`,
    details: {
      ...(asked.name === '' ? {} : { name: asked.name }),
      ...(asked.group === '' ? {} : { group: asked.group }),
      kind: asked.resource,
    },
  })
}
