/** A chain of authorizers: who decides, what a refusal says, and when it has to wait. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes, User } from '#api/request.ts'
import { type Authorizer, type Verdict, makeAuthorize, verdict } from './authorize.ts'

const user = { name: 'ann', groups: [], source: 'test' } as unknown as User
const asked = (noted: Map<string, string> = new Map()): Attributes => ({
  verb: 'get',
  resourceRequest: true,
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'shop',
  name: 'web',
  notes: { note: (key, value) => void noted.set(key, value), annotations: new Map(), bodies: false },
})
const silent = (reason?: string): Verdict => ({ opinion: 'no opinion', ...(reason === undefined ? {} : { reason }) })
const says =
  (said: Verdict): Authorizer =>
  () =>
    said
const later =
  (said: Verdict): Authorizer =>
  () =>
    Promise.resolve(said)

const sentence =
  'pods "web" is forbidden: User "ann" cannot get resource "pods" in API group "" in the namespace "shop"'

async function messageOf(...chain: readonly Authorizer[]): Promise<string> {
  try {
    await makeAuthorize(chain)(user, asked())
    return 'allowed'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

test('what those without an opinion said stands behind the refusal, in their order, in the record as well', async () => {
  assert.equal(await messageOf(says(silent()), says(silent(''))), sentence)
  const said = `${sentence}: no relationship found\nrole is gone`
  assert.equal(await messageOf(says(silent('no relationship found')), says(silent('role is gone'))), said)
  assert.equal(
    await messageOf(later(silent('no relationship found')), says(silent()), later(silent('role is gone'))),
    said,
  )
  const noted = new Map<string, string>()
  assert.throws(() => makeAuthorize([says(silent('a')), says(silent('b'))])(user, asked(noted)))
  assert.equal(noted.get('authorization.k8s.io/reason'), 'a\nb')
  assert.equal(noted.get('authorization.k8s.io/decision'), 'forbid')
  assert.deepEqual(await verdict([says(silent('a')), later(silent('b'))], user, asked()), silent('a\nb'))
})

test('the first with an opinion decides, and alone gives the reason', async () => {
  const yes = says({ opinion: 'allow', reason: 'because' })
  const no = later({ opinion: 'deny', reason: 'never' })
  assert.equal(await messageOf(says(silent('a')), yes, no), 'allowed')
  assert.equal(await messageOf(later(silent('a')), no, yes), `${sentence}: never`)
  assert.equal(makeAuthorize([says(silent()), yes])(user, asked()) instanceof Promise, false)
})

test('an authorizer that fails lets nobody in', async () => {
  const failing: Authorizer = () => Promise.reject(new Error('unreachable'))
  assert.equal(await messageOf(failing, says({ opinion: 'allow' })), 'unreachable')
})
