/** People at the door of a whole plane: written down, let in for a while, let in no more. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { type ClientRequest, type IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import type { JsonObject } from '#api/metadata.ts'
import type { Client } from '#client/client.ts'
import { certificateExtra } from '#server/authn/people.ts'
import { clusterRoleBindings, clusterRoles, subjectAccessReviews } from '#kinds/facts/generated/refs.ts'
import {
  type BulwarkUserCredential,
  bulwarkUsers,
  credentialHeader,
  revokedCertificates,
} from '#kinds/facts/bulwark.ts'
import { type Target, startTarget } from '../api/https.ts'

const rbac = 'rbac.authorization.k8s.io'
let target: Target
let ca = ''
before(async () => {
  target = await startTarget()
  const config = new KubeConfig()
  config.loadFromString(await target.cluster.kubeConfig())
  ca = Buffer.from(config.getCurrentCluster()?.caData ?? '', 'base64').toString()
  const { client } = target.cluster
  const bind = (name: string, role: string, subject: string) =>
    client.create(clusterRoleBindings, {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'Group', apiGroup: rbac, name: subject }],
    })
  await bind('devs', 'view', 'dev')
  await bind('people', 'system:bulwark:people', 'people')
})
after(() => target.stop())

const key = () =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })

const header = { apiVersion: credentialHeader.apiVersion, kind: 'User' } as const
const add = (client: Client, name: string, spec: object) =>
  client.create(bulwarkUsers, { ...header, metadata: { name }, spec })

async function ask(client: Client, name: string, spec: BulwarkUserCredential['spec']) {
  const body: BulwarkUserCredential = { ...credentialHeader, metadata: { name }, spec }
  return (await client.post(bulwarkUsers, name, { subresource: 'credentials', body })) as BulwarkUserCredential
}

interface Shown {
  readonly cert: string
  readonly key: string
  readonly serial: string
}

async function credential(name: string): Promise<Shown> {
  const pair = key()
  const { status } = await ask(target.cluster.client, name, {
    publicKey: Buffer.from(pair.publicKey).toString('base64'),
    expirationSeconds: 600,
  })
  const cert = Buffer.from(status?.certificate ?? '', 'base64').toString()
  return { cert, key: pair.privateKey, serial: status?.serialNumber ?? '' }
}

const begin = (shown: Shown, path: string): ClientRequest =>
  request({ host: target.host, port: target.port, ca, cert: shown.cert, key: shown.key, path, agent: false })

function code(shown: Shown, path = '/api/v1/namespaces/default/configmaps'): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const asking = begin(shown, path)
  asking.on('response', answer => {
    answer.resume()
    resolve(answer.statusCode ?? 0)
  })
  asking.on('error', reject)
  asking.end()
  return promise
}

/** A watch that runs. `over` resolves when it has ended. */
async function watching(shown: Shown): Promise<{ readonly over: Promise<void> }> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const over = Promise.withResolvers<void>()
  const asking = begin(shown, '/api/v1/namespaces/default/configmaps?watch=1')
  asking.on('response', resolve)
  asking.on('error', reject)
  asking.end()
  const answer = await promise
  assert.equal(answer.statusCode, 200)
  answer.on('error', () => undefined)
  answer.on('close', () => over.resolve())
  answer.resume()
  return { over: over.promise }
}

const within = (milliseconds: number, over: Promise<void>): Promise<boolean> =>
  Promise.race([over.then(() => true), sleep(milliseconds, false, { ref: false })])

test('a credential is good for its user until the user is disabled; what is open ends then', async () => {
  const { client } = target.cluster
  await add(client, 'jane', { groups: ['dev'] })
  const shown = await credential('jane')
  assert.equal(await code(shown), 200)
  await add(client, 'joe', { groups: ['dev'] })
  const others = await watching(await credential('joe'))
  const { over } = await watching(shown)
  assert.equal(await within(100, over), false)
  await client.patch(bulwarkUsers, 'jane', { type: 'merge', content: { spec: { disabled: true } } })
  assert.equal(await code(shown), 401, 'the very next request')
  assert.ok(await within(5000, over), 'the watch is over')
  assert.equal(await within(100, others.over), false, 'the watch of somebody else is not')
  await assert.rejects(credential('jane'), /the user is disabled/)
  await client.patch(bulwarkUsers, 'jane', { type: 'merge', content: { spec: { disabled: false } } })
  assert.equal(await code(shown), 200)
})

test('a certificate that was taken back is none, others of the same user are', async () => {
  const { client } = target.cluster
  await add(client, 'kim', { groups: ['dev'] })
  const [lost, other] = [await credential('kim'), await credential('kim')]
  const { over } = await watching(lost)
  const revoke = (name: string, spec: object) =>
    client.create(revokedCertificates, {
      apiVersion: credentialHeader.apiVersion,
      kind: 'RevokedCertificate',
      metadata: { name },
      spec,
    })
  await revoke('elsewhere', { serialNumber: lost.serial, issuer: 'another authority' })
  assert.equal(await code(lost), 200, 'a number of another authority is another certificate')
  await revoke('laptop', { serialNumber: lost.serial.toLowerCase(), reason: 'lost on a train' })
  assert.equal(await code(lost), 401)
  assert.ok(await within(5000, over))
  assert.equal(await code(other), 200)
  const laptop = await client.get(revokedCertificates, 'laptop')
  const ends = (notAfter: string) => ({ ...laptop, spec: { ...laptop.spec, notAfter } })
  for (const end of ['1999-01-01T00:00:00Z', '2999-01-01T00:00:00Z'])
    await assert.rejects(client.update(revokedCertificates, ends(end)), /spec.notAfter: .*field is immutable/, end)
  await assert.rejects(revoke('nonsense', { serialNumber: 'xyz' }), /hexadecimal/)
  await assert.rejects(revoke('nothing', {}), /Required value/)
})

test('a review says of who is let in nowhere that they may do nothing: agents go by it', async () => {
  const { client } = target.cluster
  await add(client, 'ned', { groups: ['dev'] })
  const [lost, other] = [await credential('ned'), await credential('ned')]
  const review = async (shown?: Shown): Promise<unknown> => {
    const { status } = await client.create(subjectAccessReviews, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: 'ned',
        groups: ['dev'],
        ...(shown === undefined ? {} : { extra: { [certificateExtra]: [shown.serial, 'bulwark'] } }),
        resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' },
      },
    })
    return status?.allowed === true ? 'allowed' : status?.reason
  }
  assert.equal(await review(), 'allowed')
  await client.create(revokedCertificates, {
    apiVersion: credentialHeader.apiVersion,
    kind: 'RevokedCertificate',
    metadata: { name: 'ned' },
    spec: { serialNumber: lost.serial },
  })
  const answers = [await review(lost), await review({ ...lost, serial: `00${lost.serial.toLowerCase()}` })]
  assert.deepEqual(answers, ['the certificate was taken back', 'the certificate was taken back'])
  assert.deepEqual([await review(other), await review()], ['allowed', 'allowed'])
  await client.patch(bulwarkUsers, 'ned', { type: 'merge', content: { spec: { disabled: true } } })
  assert.deepEqual([await review(other), await review()], ['the user is disabled', 'the user is disabled'])
})

test('whoever looks after people gives nobody what they could not be themselves', async () => {
  const keeper = target.cluster.as('keeper', ['people'])
  const impersonation = /may not impersonate|cannot impersonate/
  await assert.rejects(add(keeper, 'mole', { groups: ['dev'] }), impersonation)
  const { client } = target.cluster
  await client.create(clusterRoles, {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'be-mole' },
    rules: [
      { apiGroups: [''], resources: ['users'], verbs: ['impersonate'], resourceNames: ['mole'] },
      { apiGroups: [''], resources: ['groups'], verbs: ['impersonate'], resourceNames: ['dev'] },
    ],
  })
  await client.create(clusterRoleBindings, {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'be-mole' },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'be-mole' },
    subjects: [{ kind: 'Group', apiGroup: rbac, name: 'people' }],
  })
  await add(keeper, 'mole', { groups: ['dev'] })
  const publicKey = Buffer.from(key().publicKey).toString('base64')
  assert.ok((await ask(keeper, 'mole', { publicKey })).status?.certificate !== undefined)
  const patch = (spec: JsonObject) => keeper.patch(bulwarkUsers, 'mole', { type: 'merge', content: { spec } })
  await assert.rejects(patch({ groups: ['dev', 'ops'] }), impersonation)
  await assert.rejects(patch({ groups: ['system:masters'] }), /must not begin with system:|may not impersonate/)
  await assert.rejects(patch({ username: 'kubernetes-admin' }), /field is immutable/)
  await client.patch(bulwarkUsers, 'mole', { type: 'merge', content: { spec: { groups: ['dev', 'ops'] } } })
  await assert.rejects(ask(keeper, 'mole', { publicKey }), impersonation)
  await assert.rejects(add(client, 'root', { groups: ['system:masters'] }), /must not begin with system:/)
  await assert.rejects(add(client, 'x', { username: 'system:admin' }), /must not begin with system:/)
})

test('keys and times that are not taken', async () => {
  const { client } = target.cluster
  await add(client, 'lee', {})
  const good = Buffer.from(key().publicKey).toString('base64')
  const weak = generateKeyPairSync('rsa', {
    modulusLength: 1024,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  for (const publicKey of [
    Buffer.from(weak.publicKey).toString('base64'),
    'AAAA',
    Buffer.alloc(9000).toString('base64'),
  ])
    await assert.rejects(ask(client, 'lee', { publicKey }), /must be a public key/)
  await assert.rejects(ask(client, 'lee', {}), /spec.publicKey: Required value/)
  for (const expirationSeconds of [0, 599, 7 * 86_400 + 1])
    await assert.rejects(ask(client, 'lee', { publicKey: good, expirationSeconds }), /must be from 600 to 604800/)
  await assert.rejects(ask(client, 'nobody', { publicKey: good }), /not found/)
})
