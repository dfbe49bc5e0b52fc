/** All subresources and kinds that are answered by a function of their own. */
import type { Special } from '../outcome.ts'
import { approval } from './approval.ts'
import { binding } from './binding.ts'
import { eviction } from './eviction.ts'
import { finalize } from './finalize.ts'
import { type SignClient, credentials } from './credentials.ts'
import { admitPosted } from './reading.ts'
import { type ReviewDeps, reviews } from './reviews.ts'
import { scale } from './scale.ts'
import { type TokenIssuer, token } from './token.ts'

const admittedFirst =
  (review: Special): Special =>
  async special => {
    if (special.request.verb === 'create') await admitPosted(special, special.request.body)
    return review(special)
  }

export const specials = (
  deps: ReviewDeps & { readonly issuer: TokenIssuer; readonly signClient: SignClient },
): ReadonlyMap<string, Special> =>
  new Map<string, Special>([
    ...[...reviews(deps)].map(([name, review]) => [name, admittedFirst(review)] as const),
    ['pods/binding', binding],
    ['pods/eviction', eviction],
    ['serviceaccounts/token', token(deps.issuer)],
    ['users.bulwark.dev/credentials', credentials(deps.signClient)],
    ['namespaces/finalize', finalize],
    ['certificatesigningrequests.certificates.k8s.io/approval', approval],
    ['*/scale', scale],
  ])
