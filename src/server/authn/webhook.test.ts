import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFakeTime } from './oidc/time-fixture.ts'
import { makeTokenWebhook } from './webhook.ts'
import { CallError } from '#wire/failure.ts'

type Answer = (spec: { readonly token: string; readonly audiences: readonly string[] }) => object | number | undefined

function asking(answer: Answer, ttl = 120_000) {
  const time = makeFakeTime(0)
  const asked: string[] = []
  const caller = {
    post: async (
      _: unknown,
      call: { readonly body: string; readonly headers: object; readonly signal: AbortSignal },
    ) => {
      const review = JSON.parse(call.body) as { spec: Parameters<Answer>[0]; apiVersion: string }
      asked.push(review.spec.token)
      assert.equal(review.apiVersion, 'authentication.k8s.io/v1')
      const said = answer(review.spec)
      if (said === undefined) {
        const { promise, reject } = Promise.withResolvers<never>()
        call.signal.addEventListener('abort', () => reject(new CallError('context deadline exceeded')))
        return promise
      }
      const body = Buffer.from(JSON.stringify(typeof said === 'number' ? {} : { status: said }))
      return { status: typeof said === 'number' ? said : 200, headers: {}, body }
    },
  }
  const place = { destination: { url: new URL('https://webhook.example/') }, token: 'ours' }
  const audiences = ['api']
  const webhook = makeTokenWebhook({
    caller,
    clock: time.clock,
    place,
    patience: 10_000,
    version: 'v1',
    ttl,
    audiences,
  })
  return { ...time, asked, webhook }
}

const jane = { authenticated: true, user: { username: 'jane', groups: ['dev'], extra: { a: ['b'] } } }

test('a yes and a no are remembered for their time', async () => {
  const { webhook, asked, pass } = asking(({ token }) => (token === 'good' ? jane : { authenticated: false }))
  const found = await webhook.authenticate('good')
  assert.deepEqual(found?.user.groups, ['dev', 'system:authenticated'])
  assert.deepEqual(found.audiences, ['api'])
  assert.equal(webhook.authenticate('good'), found, 'at once')
  assert.equal(await webhook.authenticate('bad'), undefined)
  assert.equal(webhook.authenticate('bad'), undefined)
  await Promise.all([webhook.authenticate('other'), webhook.authenticate('other')])
  assert.deepEqual(asked, ['good', 'bad', 'other'])
  pass(121_000)
  await webhook.authenticate('good')
  assert.equal(asked.length, 4)
})

test('audiences: what the webhook says of them counts, and silence means this server', async () => {
  const { webhook } = asking(({ audiences }) =>
    audiences.includes('other') ? { ...jane, audiences: ['other', 'more'] } : jane,
  )
  assert.deepEqual((await webhook.authenticate('a', ['other', 'api']))?.audiences, ['other'])
  assert.equal(await webhook.authenticate('b', ['third']), undefined)
  assert.deepEqual((await webhook.authenticate('c', ['api', 'third']))?.audiences, ['api'])
})

test('who answers nonsense names nobody', async () => {
  for (const answer of [
    400,
    302,
    { authenticated: 'true', user: { username: 'jane' } },
    { authenticated: true },
    { authenticated: true, user: { username: '' } },
    { authenticated: true, user: { username: 'jane', groups: 'system:masters' } },
    { authenticated: true, user: { username: 'jane', extra: { a: 'b' } } },
    { authenticated: true, user: { username: 'jane' }, audiences: 'api' },
  ]) {
    const { webhook, asked } = asking(() => answer)
    const said = await Promise.resolve(webhook.authenticate('t')).catch(() => 'failed')
    assert.ok(said === undefined || said === 'failed', JSON.stringify(answer))
    assert.equal(asked.length, 1, 'such an answer is not asked for again')
  }
})

test('one that does not answer is given up, one that is in trouble is asked again', async () => {
  const slow = asking(() => undefined)
  const waiting = assert.rejects(
    async () => slow.webhook.authenticate('t'),
    /cannot be asked: context deadline exceeded/,
  )
  slow.pass(10_001)
  await waiting
  let times = 0
  const troubled = asking(() => (++times < 3 ? 503 : jane))
  const found = Promise.resolve(troubled.webhook.authenticate('t'))
  for (let at = 0; at < 10; at++) {
    await new Promise(resolve => setImmediate(resolve))
    troubled.pass(800)
  }
  assert.equal((await found)?.user.name, 'jane')
  assert.equal(troubled.asked.length, 3)
})
