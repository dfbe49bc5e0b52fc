/** Whoever reads what a Secret once held must be allowed to read that Secret: no role that names versions alone is enough. */
import { secretOf, secretVersions } from '#kinds/facts/secrets.ts'
import type { Attributes, User, Verb } from '#api/request.ts'
import { type Authorizer, type Verdict, verdict } from './authorize.ts'

/** What has to be allowed on the Secret. Deletions answer what they delete. */
const reading: Readonly<Partial<Record<Verb, Verb>>> = {
  get: 'get',
  list: 'list',
  watch: 'watch',
  delete: 'get',
  deletecollection: 'list',
}

type Asked = Pick<Attributes, 'verb' | 'resourceRequest' | 'group' | 'resource' | 'name'>

/** What must be allowed as well where versions of a Secret are asked for; undefined: nothing. */
export function secretRight<A extends Asked>(asked: A): A | undefined {
  if (asked.resource !== secretVersions.resource || asked.group !== secretVersions.group) return undefined
  const verb = reading[asked.verb]
  if (verb === undefined || !asked.resourceRequest) return undefined
  return { ...asked, verb, group: '', resource: 'secrets', name: secretOf(asked.name) }
}

const silent: Verdict = { opinion: 'no opinion' }

/** To be asked before the others. @param others who say whether the Secret may be read */
export function secretVersionsGuard(others: readonly Authorizer[]): Authorizer {
  const judge = async (user: User, secret: Attributes): Promise<Verdict> => {
    const { notes: _, fieldSelector: _f, labelSelector: _l, ...place } = secret
    const said = await verdict(others, user, { ...place, version: 'v1' })
    return said.opinion === 'allow'
      ? silent
      : { opinion: 'deny', reason: `versions of a Secret are for those who may ${secret.verb} the Secret itself` }
  }
  return (user, asked) => {
    const secret = secretRight(asked)
    return secret === undefined ? silent : judge(user, secret)
  }
}
