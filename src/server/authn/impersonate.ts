/**
 * Acting as somebody else: each part of the wanted identity must be allowed to the requestor by the verb `impersonate`.
 * Read from the raw headers, in which a repeated header is not yet joined and no group name can pose as two.
 */
import type { Attributes, User } from '#api/request.ts'
import { badRequest } from '#api/status.ts'
import { identified } from './user.ts'
import { extraKeyOf } from './extra-key.ts'

interface Wanted {
  readonly name: string
  readonly uid: string | undefined
  readonly groups: readonly string[]
  readonly extra: ReadonlyMap<string, readonly string[]>
}

/** Throws when the user may not. */
export type Ask = (user: User, asked: Attributes) => unknown

const prefix = 'impersonate-'
const extraPrefix = 'impersonate-extra-'
/** Each value is a question to the authorizers. */
const most = 1000

const account = /^system:serviceaccount:([^:]+):([^:]+)$/
const anonymous = 'system:anonymous'
const everybody = ['system:authenticated', 'system:unauthenticated']

const single = (values: readonly string[], what: string): string | undefined => {
  if (values.length > 1) throw badRequest(`the header ${what} may be given once`)
  return values[0] === '' ? undefined : values[0]
}

/** @param raw names and values in turn, as node gives them. @throws StatusError BadRequest */
function wantedBy(raw: readonly string[]): Wanted | undefined {
  const found = new Map<string, string[]>()
  let count = 0
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]?.toLowerCase() ?? ''
    if (!name.startsWith(prefix)) continue
    if (++count > most) throw badRequest('too many impersonation headers')
    const values = found.get(name)
    if (values === undefined) found.set(name, [raw[at + 1] ?? ''])
    else values.push(raw[at + 1] ?? '')
  }
  if (found.size === 0) return undefined
  const name = single(found.get('impersonate-user') ?? [], 'Impersonate-User')
  const uid = single(found.get('impersonate-uid') ?? [], 'Impersonate-Uid')
  const groups = found.get('impersonate-group') ?? []
  const extras = [...found].filter(([header]) => header.startsWith(extraPrefix))
  if (name === undefined) {
    if (uid === undefined && groups.length === 0 && extras.length === 0) return undefined
    throw badRequest('requested impersonation without impersonating a user name')
  }
  return {
    name,
    uid,
    groups,
    extra: new Map(extras.map(([header, values]) => [extraKeyOf(header, extraPrefix), values])),
  }
}

const question = (asked: Partial<Attributes>): Attributes => ({
  verb: 'impersonate',
  resourceRequest: true,
  group: '',
  version: 'v1',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  ...asked,
})

const authentication = 'authentication.k8s.io'

/** What somebody must be allowed to ask for who makes others a credential of this name and these groups. */
export const rightsToBe = (name: string, groups: readonly string[]): readonly Attributes[] =>
  questions({ name, groups, uid: undefined, extra: new Map() })

function questions({ name, uid, groups, extra }: Wanted): readonly Attributes[] {
  const [, namespace, serviceAccount] = account.exec(name) ?? []
  return [
    namespace === undefined || serviceAccount === undefined
      ? question({ resource: 'users', name })
      : question({ resource: 'serviceaccounts', namespace, name: serviceAccount }),
    ...groups.map(group => question({ resource: 'groups', name: group })),
    ...[...extra].flatMap(([key, values]) =>
      values.map(value => question({ group: authentication, resource: 'userextras', subresource: key, name: value })),
    ),
    ...(uid === undefined ? [] : [question({ group: authentication, resource: 'uids', name: uid })]),
  ]
}

/** Groups that come with the name where none are asked for, and the one that everybody has. */
function groupsOf({ name, groups }: Wanted): readonly string[] {
  const [, namespace] = account.exec(name) ?? []
  const own =
    groups.length > 0 || namespace === undefined
      ? groups
      : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
  if (own.some(group => everybody.includes(group))) return own
  return [...own, name === anonymous ? 'system:unauthenticated' : 'system:authenticated']
}

async function allowed(user: User, wanted: Wanted, ask: Ask): Promise<User> {
  for (const asked of questions(wanted)) await ask(user, asked)
  return identified({
    name: wanted.name,
    groups: groupsOf(wanted),
    ...(wanted.uid === undefined ? {} : { uid: wanted.uid }),
    ...(wanted.extra.size === 0 ? {} : { extra: Object.fromEntries(wanted.extra) }),
    source: `impersonated by ${user.name}`,
  })
}

/**
 * @returns the user as whom the request acts: the same one, at once, where the headers ask for nobody else.
 * @throws StatusError BadRequest, and whatever `ask` throws.
 */
export function impersonate(user: User, raw: readonly string[], ask: Ask): User | Promise<User> {
  const wanted = wantedBy(raw)
  return wanted === undefined ? user : allowed(user, wanted, ask)
}
