/** People of a real OpenID provider at the door of a whole plane. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { clusterRoleBindings } from '#kinds/facts/generated/refs.ts'
import { dumpYaml } from '#codec/yaml.ts'
import { type Target, startTargetWith } from '../api/https.ts'
import { type OpenIdProvider, clientId, startProvider } from './provider.ts'

let provider: OpenIdProvider
let target: Target
let file: object

const configuration = (more: object = {}): object => ({
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AuthenticationConfiguration',
  jwt: [
    {
      issuer: { url: provider.url, audiences: [clientId], certificateAuthority: provider.ca },
      claimMappings: {
        username: { expression: 'claims.email_verified ? "people:" + claims.sub : ""' },
        groups: { claim: 'groups', prefix: 'people:' },
      },
      userValidationRules: [{ expression: 'user.username != "people:mallory"', message: 'not her' }],
    },
  ],
  ...more,
})

before(async () => {
  provider = await startProvider()
  file = configuration()
  const read = () => Promise.resolve(dumpYaml(file))
  target = await startTargetWith({ authentication: { configuration: read } })
})
after(async () => {
  await target.stop()
  await provider.stop()
})

const as = (token: string, path = '/api/v1/namespaces/default/configmaps') =>
  target.send(path, { nobody: true, headers: { authorization: `Bearer ${token}` } })

async function whoami(token: string) {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  const answer = await target.send('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    nobody: true,
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(review),
  })
  const { status } = JSON.parse(answer.text) as { status?: { userInfo?: object } }
  return { code: answer.code, user: status?.userInfo }
}

test('a person of the provider is who the configuration makes of them, with the rights of RBAC', async () => {
  const token = await provider.tokenFor('jane')
  const { code, user } = await whoami(token)
  assert.equal(code, 201)
  assert.deepEqual(user, {
    username: 'people:jane',
    groups: ['people:dev', 'people:of-jane', 'system:authenticated'],
  })
  assert.equal((await as(token)).code, 403)
  await target.cluster.client.create(clusterRoleBindings, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'people' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'people:of-jane' }],
  })
  assert.equal((await as(token)).code, 200)
})

test('whoever the rules refuse gets a 401 that does not say why', async () => {
  const answer = await as(await provider.tokenFor('mallory'))
  assert.deepEqual([answer.code, answer.message], [401, 'Unauthorized'])
  assert.ok(!answer.text.includes('not her'))
  const token = await provider.tokenFor('jane')
  assert.equal((await as(`${token.slice(0, -4)}AAAA`)).code, 401)
})

test('nobody comes in without credentials, unless the configuration says where', async () => {
  assert.equal((await target.send('/version', { nobody: true })).code, 401)
  assert.equal((await target.send('/livez', { nobody: true })).code, 200)
})
