/** What it costs to know who asks and what they may: a thousand roles, five thousand bindings, tokens of service accounts. */
import { generateKeyPairSync } from 'node:crypto'
import type { KObject } from '#api/metadata.ts'
import type { Attributes, Verb } from '#api/request.ts'
import { systemClock } from '#base/clock.ts'
import { makeAuthenticate } from '#server/authn/authenticate.ts'
import { firstOf } from '#server/authn/chain.ts'
import { admittedOnly, storedPeople } from '#server/authn/people.ts'
import { makeTokenAuthenticator, signToken, tokenKeys } from '#server/authn/tokens.ts'
import { makeAuthorize } from '#server/authz/authorize.ts'
import { makeNodeAuthorizer } from '#server/authz/node.ts'
import { makeRbac, masters } from '#server/authz/rbac.ts'
import { whoCan } from '#server/authz/whocan/search.ts'
import { rbacObjects } from '#server/answers/who-can.ts'
import type { Store } from '#server/store/contract.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import type { Figure } from './report.ts'
import { median } from './turns.ts'

const roles = 1000
const bindings = 5000
const accounts = 200
const namespaces = 50
const requests = 200_000

const group = 'rbac.authorization.k8s.io'
const issuer = 'https://bench'
const place = (at: number): string => `ns-${at % namespaces}`

async function fill(store: Store): Promise<void> {
  const put = (resource: string, key: string, rest: object) => {
    const [name = '', namespace] = key.split('/').toReversed()
    const metadata = { name, uid: key, ...(namespace === undefined ? {} : { namespace }) }
    const object = { apiVersion: `${group}/v1`, kind: 'X', metadata, ...rest }
    return { type: 'put' as const, resource, key, managed: '', object }
  }
  for (let at = 0; at < accounts; at++) await store.commit([put('serviceaccounts', `${place(at)}/account-${at}`, {})])
  for (let at = 0; at < roles; at++) {
    const rules = [
      { verbs: ['get', 'list', 'watch'], apiGroups: ['', 'apps'], resources: ['pods', `kind-${at % 20}s`] },
      { verbs: ['update'], apiGroups: [''], resources: ['configmaps'], resourceNames: [`only-${at}`] },
    ]
    await store.commit([put(`clusterroles.${group}`, `role-${at}`, { rules })])
  }
  for (let at = 0; at < bindings; at++) {
    const owner = at % accounts
    const subjects = [{ kind: 'ServiceAccount', name: `account-${owner}`, namespace: place(owner) }]
    const roleRef = { apiGroup: group, kind: 'ClusterRole', name: `role-${at % roles}` }
    await store.commit([put(`rolebindings.${group}`, `${place(at)}/binding-${at}`, { roleRef, subjects })])
  }
}

function tokensOf(keys: ReturnType<typeof tokenKeys>): readonly string[] {
  const now = Math.floor(Date.now() / 1000)
  return Array.from({ length: accounts }, (_, at) =>
    signToken(keys, {
      iss: issuer,
      sub: `system:serviceaccount:${place(at)}:account-${at}`,
      aud: [issuer],
      exp: now + 3600,
      iat: now,
      nbf: now,
      jti: `${at}`,
      'kubernetes.io': {
        namespace: place(at),
        serviceaccount: { name: `account-${at}`, uid: `${place(at)}/account-${at}` },
      },
    }),
  )
}

const question = (at: number): Attributes => ({
  verb: ((['get', 'list', 'update'] as const)[at % 3] satisfies Verb | undefined) ?? 'get',
  resourceRequest: true,
  group: '',
  version: 'v1',
  resource: at % 3 === 2 ? 'configmaps' : 'pods',
  subresource: '',
  namespace: place(at),
  name: at % 3 === 2 ? `only-${at % roles}` : '',
})

/** Microseconds a request. */
/** Milliseconds of a search for everybody who can, from what the store holds. */
function searched(store: Store): number {
  const began = performance.now()
  const found = whoCan(rbacObjects(store), {
    verb: 'get',
    resourceRequest: true,
    group: '',
    resource: 'pods',
    subresource: '',
    name: '',
    namespace: place(1),
  })
  if (found.length < 2) throw new Error('nobody can: the figure says nothing')
  return performance.now() - began
}

export async function auth(): Promise<readonly Figure[]> {
  const clock = systemClock
  const store = openMemoryStore({ clock, decode: (_, text): KObject => JSON.parse(text) as KObject })
  await fill(store)
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  const keys = tokenKeys(pem.toString())
  const people = storedPeople(store)
  const own = [makeTokenAuthenticator({ keys, store, clock, issuer, audiences: [issuer] })]
  const tokens = admittedOnly(
    firstOf(() => own, console.error),
    people,
  )
  const authenticate = makeAuthenticate({ tokens, clock, people })
  const [rbac, nodes] = [makeRbac(store), makeNodeAuthorizer(store)]
  const authorize = makeAuthorize([masters, nodes.authorizer, rbac.authorizer])
  const headers = tokensOf(keys).map(token => ({ authorization: `Bearer ${token}` }))
  let allowed = 0
  const one = (at: number): void => {
    const user = authenticate({ headers: headers[at % accounts] ?? {}, rawHeaders: [], socket: undefined, path: '/' })
    if (user === undefined || user instanceof Promise) throw new Error('a token was not taken at once')
    try {
      if (!(authorize(user, question(at)) instanceof Promise)) allowed++
    } catch {
      // A refusal is a decision like another.
    }
  }
  const measure = (count: number): number => {
    const began = performance.now()
    for (let at = 0; at < count; at++) one((at * 7919) % 1_000_003)
    return ((performance.now() - began) * 1000) / count
  }
  const first = measure(accounts * namespaces)
  const later = measure(requests)
  if (allowed === 0) throw new Error('nothing was allowed: the figures say nothing')
  const whole = median(Array.from({ length: 9 }, () => searched(store)))
  rbac.close()
  nodes.close()
  people.close()
  await store.close()
  return [
    { name: 'auth: first requests of everybody', value: first, unit: 'µs' },
    { name: 'auth: authentication and authorization', value: later, unit: 'µs', wanted: { below: 15 } },
    { name: 'who can get pods, detours included', value: whole, unit: 'ms', wanted: { below: 200 } },
  ]
}
