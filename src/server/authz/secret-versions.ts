/** Whoever reads what a Secret once held must be allowed to read that Secret: no role that names versions alone is enough. */
import { secretOf, secretVersions } from '#kinds/facts/secrets.ts'
import type { Attributes, Verb } from '#api/request.ts'
import { type Authorizer, type Verdict, verdict } from './authorize.ts'

/** What has to be allowed on the Secret. Deletions answer what they delete. */
const reading: Readonly<Partial<Record<Verb, Verb>>> = {
  get: 'get',
  list: 'list',
  watch: 'watch',
  delete: 'get',
  deletecollection: 'list',
}

const silent: Verdict = { opinion: 'no opinion' }

/** To be asked before the others. @param others who say whether the Secret may be read */
export function secretVersionsGuard(others: readonly Authorizer[]): Authorizer {
  const judge = async (...[user, asked, verb]: [...Parameters<Authorizer>, Verb]): Promise<Verdict> => {
    const { notes: _, fieldSelector: _f, labelSelector: _l, ...place } = asked
    const secret: Attributes = {
      ...place,
      verb,
      group: '',
      version: 'v1',
      resource: 'secrets',
      name: secretOf(asked.name),
    }
    const said = await verdict(others, user, secret)
    return said.opinion === 'allow'
      ? silent
      : { opinion: 'deny', reason: `versions of a Secret are for those who may ${verb} the Secret itself` }
  }
  return (user, asked) => {
    if (asked.resource !== secretVersions.resource || asked.group !== secretVersions.group) return silent
    const verb = reading[asked.verb]
    return verb === undefined || !asked.resourceRequest ? silent : judge(user, asked, verb)
  }
}
