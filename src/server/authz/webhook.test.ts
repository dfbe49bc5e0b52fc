import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import type { Attributes, User } from '#api/request.ts'
import { makeFakeTime } from '#server/authn/oidc/time-fixture.ts'
import { type Authorizer, type Verdict, makeAuthorize } from './authorize.ts'
import { configureAuthorization } from './configured.ts'

const jane = { name: 'jane', groups: ['dev'], uid: '7', extra: { a: ['b'] }, source: 'test' } as unknown as User
const asked: Attributes = {
  verb: 'list',
  resourceRequest: true,
  group: 'apps',
  version: 'v1',
  resource: 'deployments',
  subresource: '',
  namespace: 'n',
  name: '',
  fieldSelector: 'metadata.name=x',
  labelSelector: 'a in (c,b),!d',
}

interface Review {
  readonly apiVersion: string
  readonly spec: Readonly<Record<string, unknown>>
}

const says =
  (opinion: Verdict['opinion']): Authorizer =>
  () => ({ opinion })

async function asking(answer: (review: Review) => object | number, fields: object = {}) {
  const time = makeFakeTime(0)
  const reviews: Review[] = []
  const configuration = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthorizationConfiguration',
    authorizers: [
      { type: 'RBAC', name: 'rbac' },
      {
        type: 'Webhook',
        name: 'w',
        webhook: {
          timeout: '3s',
          authorizedTTL: '60s',
          unauthorizedTTL: '10s',
          subjectAccessReviewVersion: 'v1',
          failurePolicy: 'Deny',
          connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/w' },
          ...fields,
        },
      },
      { type: 'Node', name: 'node' },
    ],
  }
  let text = JSON.stringify(configuration)
  const caller = {
    post: (_: unknown, { body }: { readonly body: string }) => {
      const review = JSON.parse(body) as Review
      reviews.push(review)
      const said = answer(review)
      const sent = Buffer.from(JSON.stringify(typeof said === 'number' ? {} : { status: said }))
      return Promise.resolve({ status: typeof said === 'number' ? said : 200, headers: {}, body: sent })
    },
  }
  const place = { destination: { url: new URL('https://webhook.example/authorize') } }
  const configured = await configureAuthorization(
    { configuration: () => Promise.resolve(text), webhookAt: () => Promise.resolve(place) },
    { caller, clock: time.clock, log: silentLog },
  )
  assert.ok(configured !== undefined)
  const authorizerWith = (rbac: Verdict['opinion'], node: Verdict['opinion'] = 'no opinion') =>
    configured.authorizer({ RBAC: says(rbac), Node: says(node) })
  const reload = async (made: object): Promise<void> => {
    text = JSON.stringify(made)
    time.pass(10_001)
    for (let at = 0; at < 5; at++) await new Promise(resolve => setImmediate(resolve))
  }
  return { ...time, reviews, authorizerWith, configuration, reload, close: () => configured.close() }
}

test('the first opinion counts; who has one at once keeps nobody waiting', async () => {
  const { authorizerWith, reviews } = await asking(() => ({ allowed: false }))
  assert.deepEqual(authorizerWith('allow')(jane, asked), { opinion: 'allow' })
  assert.equal(reviews.length, 0)
  const later = authorizerWith('no opinion', 'allow')(jane, asked)
  assert.ok(later instanceof Promise)
  assert.equal((await later).opinion, 'allow', 'the webhook has none, so the next one is asked')
  assert.equal(reviews.length, 1)
})

test('the question is upstream’s, in both versions', async () => {
  const { authorizerWith, reviews } = await asking(() => ({ allowed: true }))
  await authorizerWith('no opinion')(jane, asked)
  assert.deepEqual(reviews[0]?.spec, {
    user: 'jane',
    groups: ['dev'],
    uid: '7',
    extra: { a: ['b'] },
    resourceAttributes: {
      namespace: 'n',
      verb: 'list',
      group: 'apps',
      version: 'v1',
      resource: 'deployments',
      fieldSelector: { requirements: [{ key: 'metadata.name', operator: 'In', values: ['x'] }] },
      labelSelector: {
        requirements: [
          { key: 'a', operator: 'In', values: ['b', 'c'] },
          { key: 'd', operator: 'DoesNotExist' },
        ],
      },
    },
  })
  const older = await asking(() => ({ allowed: true }), { subjectAccessReviewVersion: 'v1beta1' })
  await older.authorizerWith('no opinion')(jane, { ...asked, resourceRequest: false, path: '/x', verb: 'get' })
  assert.equal(older.reviews[0]?.apiVersion, 'authorization.k8s.io/v1beta1')
  assert.deepEqual(older.reviews[0].spec['group'], ['dev'])
  assert.deepEqual(older.reviews[0].spec['nonResourceAttributes'], { path: '/x', verb: 'get' })
})

test('answers are remembered: a yes longer than a no, a failure not at all', async () => {
  let said: object | number = { allowed: true, reason: 'because' }
  const { authorizerWith, reviews, pass } = await asking(() => said)
  const authorizer = authorizerWith('no opinion')
  const first = authorizer(jane, asked)
  const second = authorizer(jane, asked)
  assert.deepEqual([await first, await second], Array(2).fill({ opinion: 'allow', reason: 'because' }))
  assert.equal(reviews.length, 1, 'who asks the same meanwhile, waits for the same')
  assert.ok(!(authorizer(jane, asked) instanceof Promise))
  const refused = { ...asked, name: 'y' }
  said = { allowed: false, denied: true, reason: 'no' }
  assert.deepEqual(await authorizer(jane, refused), { opinion: 'deny', reason: 'no' })
  pass(11_000)
  said = 400
  assert.equal((await authorizer(jane, refused)).opinion, 'deny')
  assert.equal((await authorizer(jane, refused)).opinion, 'deny')
  assert.equal(reviews.length, 4)
  assert.ok(!(authorizer(jane, asked) instanceof Promise), 'the yes still counts')
  const long = { ...asked, name: 'x'.repeat(10_000) }
  said = { allowed: true }
  await authorizer(jane, long)
  await authorizer(jane, long)
  assert.equal(reviews.length, 6, 'whoever writes long questions fills no memory')
})

test('nonsense allows nothing', async () => {
  for (const said of [{ allowed: 'true' }, { allowed: 1 }, {}, { allowed: true, denied: true }, 302, 404]) {
    const { authorizerWith } = await asking(() => said, { failurePolicy: 'NoOpinion' })
    assert.notEqual((await authorizerWith('no opinion')(jane, asked)).opinion, 'allow', JSON.stringify(said))
  }
})

test('a webhook that cannot be asked counts as its policy says, and its trouble is not told', async () => {
  const refuse = await asking(() => 404)
  const authorize = makeAuthorize([refuse.authorizerWith('no opinion', 'allow')])
  await assert.rejects(async () => authorize(jane, asked), /authorizer w could not be asked$/)
  const pass = await asking(() => 404, { failurePolicy: 'NoOpinion' })
  assert.equal((await pass.authorizerWith('no opinion', 'allow')(jane, asked)).opinion, 'allow')
})

test('conditions say what a webhook is asked about; one that fails counts as the policy says', async () => {
  const conditions = (...expressions: readonly string[]) => ({
    matchConditions: expressions.map(expression => ({ expression })),
    matchConditionSubjectAccessReviewVersion: 'v1',
  })
  const only = await asking(
    () => ({ allowed: true }),
    conditions("'dev' in request.groups", "request.resourceAttributes.namespace != 'kube-system'"),
  )
  const authorizer = only.authorizerWith('no opinion')
  assert.equal((await authorizer(jane, asked)).opinion, 'allow')
  assert.deepEqual(authorizer(jane, { ...asked, namespace: 'kube-system' }), { opinion: 'no opinion' })
  const path = { ...asked, resourceRequest: false, path: '/x' }
  assert.equal((await authorizer(jane, path)).opinion, 'deny', 'resourceAttributes is absent: an error')
  const decided = await asking(() => ({ allowed: true }), conditions('request.extra["none"][0] == "x"', 'false'))
  assert.deepEqual(decided.authorizerWith('no opinion')(jane, asked), { opinion: 'no opinion' })
})

test('a changed file counts from then on, a bad one changes nothing', async () => {
  const { authorizerWith, configuration, reload, reviews, close } = await asking(() => ({ allowed: true }))
  const authorizer = authorizerWith('no opinion')
  await reload({ ...configuration, authorizers: [] })
  assert.equal((await authorizer(jane, asked)).opinion, 'allow', 'the former one stays')
  await reload({ ...configuration, authorizers: [{ type: 'RBAC', name: 'rbac' }] })
  assert.deepEqual(authorizer(jane, { ...asked, name: 'z' }), { opinion: 'no opinion' })
  assert.equal(reviews.length, 1)
  close()
})
