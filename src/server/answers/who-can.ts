/** whocanreviews: everybody who can do something, and how. */
import { badRequest } from '#api/status.ts'
import { timestamp } from '#base/clock.ts'
import { type Bulwark, bulwarkGroup, whoCanReviews } from '#kinds/facts/bulwark.ts'
import type { Objects } from '#server/authz/whocan/holders.ts'
import { type Facts, type Found, type Question, type Step, whoCan } from '#server/authz/whocan/search.ts'
import type { Store } from '#server/store/contract.ts'
import type { Special } from '../outcome.ts'
import { made, posted } from '../subresources/reading.ts'
import { attributesOf } from '../subresources/reviews.ts'
import { grantOf } from './places.ts'

type Review = Bulwark['WhoCanReview']

const rbac = 'rbac.authorization.k8s.io'

/** As they are in the store now. */
export function rbacObjects(store: Store): Objects {
  const all = <O>(resource: string): readonly O[] =>
    [...store.snapshot(`${resource}.${rbac}`).range()].map(kept => kept.object as O)
  return {
    roles: all('roles'),
    clusterRoles: all('clusterroles'),
    roleBindings: all('rolebindings'),
    clusterRoleBindings: all('clusterrolebindings'),
  }
}

const accountName = 'kubernetes.io/service-account.name'
const tokenType = 'kubernetes.io/service-account-token'

function* tokensIn(store: Store): Generator<NonNullable<Facts['tokens']> extends Iterable<infer T> ? T : never> {
  for (const { object } of store.snapshot('secrets').range()) {
    const { namespace = '', name: secret = '', annotations = {} } = object.metadata
    const account = annotations[accountName]
    if (Reflect.get(object, 'type') === tokenType && account !== undefined) yield { namespace, account, secret }
  }
}

function questionOf({ spec }: Review): Question {
  const asked = attributesOf(spec)
  if ((asked.verb as string) === '') throw badRequest('a verb must be specified')
  return asked
}

const stepOf = ({ text, grants, becomes }: Step) => ({
  text,
  ...(becomes === undefined ? {} : { becomes }),
  grants: grants.map(grantOf),
})

const foundOf = ({ subject, path }: Found) => ({ subject, path: path.map(stepOf) })

export const whoCanReview =
  (store: Store): Special =>
  async special => {
    const review = posted<Review>(special, whoCanReviews.kind) as Review
    const found = whoCan({ ...rbacObjects(store), tokens: tokensIn(store) }, questionOf(review))
    return made({
      kind: whoCanReviews.kind,
      apiVersion: `${bulwarkGroup}/${whoCanReviews.version}`,
      metadata: { creationTimestamp: timestamp(special.serving.registry.clock.now()) },
      spec: review.spec,
      status: { subjects: found.map(foundOf) },
    })
  }
