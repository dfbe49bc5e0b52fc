/**
 * ChaosDB, August 2021: in a notebook of a managed database a tenant became root of its container, got out into the
 * network of the machine, found certificates of the platform there, and by them the keys of thousands of other tenants.
 */
import { readFile } from 'node:fs/promises'
import { pods, secrets } from '#kinds/facts/generated/refs.ts'
import type { Pod, Secret } from '#kinds/facts/generated/types/core_v1.ts'
import { nodes } from '#kinds/facts/generated/refs.ts'
import type { Arena } from './arena.ts'
import { type Drill, type Outcome, allRefused, onRecord, refusedWith, together } from './step.ts'

const red = '/api/v1/namespaces/red'
const blue = '/api/v1/namespaces/blue'
const key = 'primary-key-of-blue-0123456789'
const encoded = Buffer.from(key).toString('base64')

const node = { name: 'system:node:node-0', groups: ['system:nodes', 'system:authenticated'] }

const got = new WeakMap<Arena, string>()

/** What the attacker has: administration of one namespace, as every tenant. */
function token(arena: Arena): string {
  const found = got.get(arena)
  if (found === undefined) throw new Error('the drill was not prepared')
  return found
}

const secretOf = (namespace: string, value: string): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'keys', namespace },
  data: { primary: Buffer.from(value).toString('base64') },
})

const podOf = (namespace: string, nodeName: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'database', namespace },
  spec: {
    nodeName,
    serviceAccountName: 'app',
    containers: [{ name: 'db', image: 'registry.example/db:1', volumeMounts: [{ name: 'keys', mountPath: '/keys' }] }],
    volumes: [{ name: 'keys', secret: { secretName: 'keys' } }],
  },
})

async function prepare(arena: Arena): Promise<void> {
  got.set(arena, await arena.tenant('red', 'admin'))
  await arena.tenant('blue', 'admin')
  await arena.admin.create(secrets, secretOf('red', 'primary-key-of-red'))
  await arena.admin.create(secrets, secretOf('blue', key))
  // The attacker's pod is on one node, the victim's on the other.
  await arena.admin.create(pods, podOf('red', 'node-0'))
  await arena.admin.create(pods, podOf('blue', 'node-1'))
}

const notebook = (name: string, spec: object, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'notebook', image: 'registry.example/jupyter:1', ...more }], ...spec },
})

async function outOfTheContainer(arena: Arena): Promise<Outcome> {
  const post = (body: object) => arena.call('POST', `${red}/pods`, { token: token(arena), body })
  return refusedWith(
    403,
    await post(notebook('root', {}, { securityContext: { privileged: true } })),
    await post(
      notebook('network', { hostNetwork: true }, { securityContext: { capabilities: { add: ['NET_ADMIN'] } } }),
    ),
    await post(notebook('processes', { hostPID: true })),
    await post(notebook('files', { volumes: [{ name: 'pki', hostPath: { path: '/var/lib/bulwark' } }] })),
  )
}

async function ownRules(arena: Arena): Promise<Outcome> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'privileged' }
  const patch = {
    token: token(arena),
    body: { metadata: { labels } },
    headers: { 'content-type': 'application/merge-patch+json' },
  }
  return refusedWith(
    403,
    await arena.call('PATCH', '/api/v1/namespaces/red', patch),
    await arena.call('POST', '/api/v1/namespaces', {
      token: token(arena),
      body: { metadata: { name: 'mine', labels } },
    }),
  )
}

async function otherTenants(arena: Arena): Promise<Outcome> {
  const as = { token: token(arena) }
  const asked = refusedWith(
    403,
    await arena.call('GET', '/api/v1/namespaces', as),
    await arena.call('GET', `${blue}/secrets/keys`, as),
    await arena.call('GET', `${blue}/secrets`, as),
    await arena.call('GET', '/api/v1/secrets', as),
    await arena.call('GET', `${blue}/secrets?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dkeys`, as),
    await arena.call('GET', `${blue}/pods/database/log`, as),
    await arena.call('POST', `${blue}/pods/database/exec?command=cat&command=/keys/primary&stdout=true`, as),
  )
  const roundabout = allRefused(
    await arena.call('GET', `${red}/../blue/secrets/keys`, as),
    await arena.call('GET', `${red.replace('red', 'red%2f..%2fblue')}/secrets/keys`, as),
  )
  return together(asked, roundabout)
}

async function otherIdentities(arena: Arena): Promise<Outcome> {
  const as = token(arena)
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }
  const binding = {
    metadata: { name: 'mine' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'app', namespace: 'red' }],
  }
  return refusedWith(
    403,
    await arena.call('POST', `${blue}/serviceaccounts/app/token`, { token: as, body: request }),
    await arena.call('GET', `${blue}/secrets/keys`, {
      token: as,
      headers: { 'impersonate-user': 'system:serviceaccount:blue:app' },
    }),
    await arena.call('GET', `${blue}/secrets/keys`, {
      token: as,
      headers: { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' },
    }),
    await arena.call('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/blue/rolebindings', {
      token: as,
      body: binding,
    }),
  )
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** The attacker's own token with another's name in it: unsigned, signed with what is public, and as it was signed. */
async function forged(arena: Arena): Promise<Outcome> {
  const [head = '', claims = '', signature = ''] = token(arena).split('.')
  const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as object
  const other = part({ ...said, sub: 'system:serviceaccount:blue:app' })
  const tokens = [
    `${part({ alg: 'none' })}.${other}.`,
    `${part({ alg: 'HS256', typ: 'JWT' })}.${other}.${signature}`,
    `${head}.${other}.${signature}`,
  ]
  const replies = []
  for (const one of tokens) replies.push(await arena.call('GET', `${blue}/secrets/keys`, { token: one }))
  return refusedWith(401, ...replies)
}

const csr = (name: string, signerName: string) => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name },
  spec: {
    signerName,
    usages: ['client auth'],
    request: Buffer.from('not needed: it is refused before').toString('base64'),
  },
})

async function certificates(arena: Arena): Promise<Outcome> {
  const signers = ['kubernetes.io/kube-apiserver-client', 'kubernetes.io/kube-apiserver-client-kubelet']
  const replies = []
  for (const [at, signer] of signers.entries())
    replies.push(
      await arena.call('POST', '/apis/certificates.k8s.io/v1/certificatesigningrequests', {
        token: token(arena),
        body: csr(`mine-${at}`, signer),
      }),
    )
  return refusedWith(403, ...replies)
}

/** The platform's own certificate, as it was found on the machine: here that of the node that the attacker's pod is on. */
async function platform(arena: Arena): Promise<Outcome> {
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: { boundObjectRef: undefined },
  }
  return refusedWith(
    403,
    await arena.as(node, 'reads the keys of a tenant on another node', client => client.get(secrets, 'blue/keys')),
    await arena.as(node, 'lists all secrets', client => client.list(secrets)),
    await arena.as(node, 'lists the secrets of a tenant', client => client.list(secrets, { namespace: 'blue' })),
    await arena.as(node, 'takes a token of a tenant on another node', client =>
      client.post(
        { group: '', version: 'v1', resource: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true },
        'blue/app',
        { subresource: 'token', body: request },
      ),
    ),
    await arena.as(node, 'changes another node', async client => {
      const other = await arena.admin.get(nodes, 'node-1')
      await client.update(nodes, {
        ...other,
        metadata: { ...other.metadata, labels: { ...other.metadata.labels, mine: 'yes' } },
      })
    }),
  )
}

/** What the node needs for its own pods it gets, and that is on record. */
async function ownPods(arena: Arena): Promise<Outcome> {
  const reply = await arena.as(node, 'reads the keys that a pod on it uses', client => client.get(secrets, 'red/keys'))
  return reply.status >= 400
    ? allRefused(reply)
    : onRecord(arena, reply, { user: node.name, verb: 'get', resource: 'secrets' })
}

async function database(arena: Arena): Promise<Outcome> {
  const files = [arena.files.database, `${arena.files.database}-wal`]
  const read = await Promise.all(files.map(file => readFile(file).catch(() => Buffer.alloc(0))))
  const found = read.some(bytes => bytes.includes(key) || bytes.includes(encoded))
  const size = read.reduce((sum, bytes) => sum + bytes.length, 0)
  const evidence = [`${size} bytes of the database were read: the key is ${found ? '' : 'not '}in them`]
  return found || size === 0 ? { result: 'succeeded', evidence } : { result: 'prevented', evidence }
}

/** Each refusal of a tenant who went round is on record, under its name. */
async function seen(arena: Arena): Promise<Outcome> {
  const all = (await arena.events()).filter(
    ({ user, responseStatus, objectRef: to }) =>
      user?.username === 'system:serviceaccount:red:app' && to?.namespace === 'blue' && responseStatus?.code === 403,
  )
  const verdict = await arena.verify()
  const evidence = [
    `bulwark audit who --by system:serviceaccount:red:app: ${all.length} refusals in the namespace blue`,
    `bulwark audit verify: ${verdict?.problem?.message ?? `${verdict?.records ?? 0} records, whole and in order`}`,
  ]
  return all.length >= 5 && verdict !== undefined && verdict.problem === undefined
    ? { result: 'detected', evidence }
    : { result: 'succeeded', evidence }
}

export const chaosdb: Drill = {
  name: 'chaosdb',
  title: "ChaosDB, 2021: a tenant that reaches other tenants' keys",
  prepare,
  realNode:
    'a real node would add: the credentials of the node lie in files of root that no pod mounts, and the agent answers only who shows a certificate',
  steps: [
    {
      name: 'Out of the container',
      story: 'The notebook ran as root, and its rules of the network could be taken away.',
      attack: outOfTheContainer,
    },
    { name: 'Rules of its own', story: 'What held the tenant could be changed by the tenant.', attack: ownRules },
    { name: "Other tenants' objects", story: 'The network led to what belonged to others.', attack: otherTenants },
    {
      name: "Other tenants' identities",
      story: "The platform took the tenant's word for who it was.",
      attack: otherIdentities,
    },
    { name: 'Forged tokens', story: 'Credentials could be made from what was found.', attack: forged },
    { name: 'Certificates on request', story: 'Certificates of the platform were given out.', attack: certificates },
    {
      name: "The node's own certificate",
      story: "A certificate of the platform opened every tenant's keys.",
      attack: platform,
    },
    { name: 'What the node may read', story: 'Nobody saw which keys were read.', attack: ownPods },
    { name: "The store's files", story: 'Keys lay in the clear.', attack: database },
    { name: 'On record', story: 'Nobody noticed until it was told to them.', attack: seen },
  ],
}
