/** The programs of `bulwark envtest`, started with the flags that controller-runtime passes, in the order in which it does. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { generateKeyPairSync } from 'node:crypto'
import { request as plain } from 'node:http'
import { request } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { type KeyPair, issue, makeAuthority } from '#pki/issue.ts'

const run = promisify(execFile)
const program = join(import.meta.dirname, '../../bulwark')
let dir: string
let bin: string
let certs: string
let [etcdPort, apiPort] = [0, 0]
let ca: KeyPair
let admin: KeyPair
const children: ChildProcess[] = []

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

interface Answer {
  readonly code: number
  readonly text: string
}

interface Ask {
  readonly method?: string
  readonly body?: object
  readonly identity?: KeyPair
  readonly token?: string
}

function ask(path: string, { method = 'GET', body, identity, token }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    const client = identity === undefined ? {} : { cert: identity.cert, key: identity.key }
    const asked = request(
      { host: '127.0.0.1', port: apiPort, path, method, headers, ca: ca.cert, agent: false, ...client },
      answer => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => (text += part))
        answer.on('end', () => resolve({ code: answer.statusCode ?? 0, text }))
      },
    )
    asked.on('error', reject)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

const etcdHealth = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const asked = plain({ host: '127.0.0.1', port: etcdPort, path: '/health', agent: false }, answer => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    asked.on('error', reject)
    asked.end()
  })

async function healthy(what: () => Promise<number>): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 50)))
    if ((await what().catch(() => 0)) === 200) return
  assert.fail('not healthy in time')
}

function start(name: string, args: readonly string[]): ChildProcess {
  const child = spawn(join(bin, name), args, { stdio: ['ignore', 'ignore', 'inherit'] })
  children.push(child)
  return child
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

const apiServer = (more: readonly string[] = []): ChildProcess =>
  start('kube-apiserver', [
    '--allow-privileged=true',
    '--authorization-mode=RBAC',
    '--bind-address=127.0.0.1',
    `--cert-dir=${certs}`,
    `--client-ca-file=${join(certs, 'client-cert-auth-ca.crt')}`,
    '--disable-admission-plugins=ServiceAccount',
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--secure-port=${apiPort}`,
    `--service-account-issuer=https://127.0.0.1:${apiPort}/`,
    `--service-account-key-file=${join(certs, 'sa-signer.crt')}`,
    `--service-account-signing-key-file=${join(certs, 'sa-signer.key')}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    ...more,
  ])

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bw-envtest-'))
  certs = await mkdtemp(join(dir, 'certs-'))
  ;[etcdPort, apiPort] = [await freePort(), await freePort()]
  bin = (await run(program, ['envtest', '--data-dir', dir])).stdout.trim()
  ca = await makeAuthority('envtest', Date.now())
  const clients = await makeAuthority('envtest-users', Date.now())
  const serving = await issue(ca, { name: 'localhost', use: 'server', hosts: ['localhost', '127.0.0.1'] }, Date.now())
  admin = await issue(clients, { name: 'admin', groups: ['system:masters'], use: 'client' }, Date.now())
  const signer = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const files = {
    'apiserver.crt': serving.cert,
    'apiserver.key': serving.key,
    'client-cert-auth-ca.crt': clients.cert,
    'sa-signer.crt': signer.publicKey,
    'sa-signer.key': signer.privateKey,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(certs, name), text)
})
after(async () => {
  for (const child of children) await stop(child)
  await rm(dir, { recursive: true, force: true })
})

test('help names the flags that envtest looks for, and not those it must not use', async () => {
  const api = (await run(join(bin, 'kube-apiserver'), ['--help'])).stdout
  assert.match(api, /^\s*--secure-port\b/m)
  assert.doesNotMatch(api, /^\s*--insecure-port\b/m)
  assert.match((await run(join(bin, 'etcd'), ['--help'])).stdout, /^\s*--unsafe-no-fsync\b/m)
})

test('etcd and the API server come up, users of the given authority are let in, and nobody else', async () => {
  start('etcd', [
    `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
    '--listen-peer-urls=http://127.0.0.1:0',
    '--unsafe-no-fsync=true',
  ])
  await healthy(etcdHealth)
  apiServer()
  await healthy(async () => (await ask('/healthz')).code)
  assert.equal((await ask('/api/v1/namespaces')).code, 401)
  assert.equal((await ask('/api/v1/namespaces', { identity: admin })).code, 200)
})

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'one', namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'x' }] },
}

test('pods need no service account, definitions become kinds, services get addresses of the given range', async () => {
  const path = '/api/v1/namespaces/default'
  assert.equal((await ask(`${path}/pods`, { method: 'POST', body: pod, identity: admin })).code, 201)
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } }
  const made = await ask(`${path}/services`, { method: 'POST', body: service, identity: admin })
  assert.match((JSON.parse(made.text) as { spec: { clusterIP: string } }).spec.clusterIP, /^10\.0\.0\.\d+$/)
  const versions = [
    {
      name: 'v1',
      served: true,
      storage: true,
      schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object' } } } },
    },
  ]
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'tasks.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'tasks', kind: 'Task' }, versions },
  }
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  assert.equal((await ask(definitions, { method: 'POST', body: definition, identity: admin })).code, 201)
  const task = { apiVersion: 'example.com/v1', kind: 'Task', metadata: { name: 't' }, spec: {} }
  const create = () =>
    ask('/apis/example.com/v1/namespaces/default/tasks', { method: 'POST', body: task, identity: admin })
  let answer = await create()
  for (const end = Date.now() + 10_000; answer.code === 404 && Date.now() < end;) answer = await create()
  assert.equal(answer.code, 201, answer.text)
})

test('tokens are signed with the given key and accepted', async () => {
  const path = '/api/v1/namespaces/default/serviceaccounts'
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } }
  assert.equal((await ask(path, { method: 'POST', body: account, identity: admin })).code, 201)
  const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [] } }
  const made = await ask(`${path}/robot/token`, { method: 'POST', body: asked, identity: admin })
  const { token } = (JSON.parse(made.text) as { status: { token: string } }).status
  assert.match(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString(), /"alg":"RS256"/)
  const answer = await ask('/api/v1/namespaces/default/pods', { token })
  assert.equal(answer.code, 403)
  assert.match(answer.text, /system:serviceaccount:default:robot/)
})

test('a new API server on the same etcd finds everything', async () => {
  const [, api] = children
  if (api !== undefined) await stop(api)
  apiServer()
  await healthy(async () => (await ask('/healthz')).code)
  assert.equal((await ask('/api/v1/namespaces/default/pods/one', { identity: admin })).code, 200)
})

test('an API that would let everybody in is refused', async () => {
  const { code, stderr } = await run(join(bin, 'kube-apiserver'), [
    '--authorization-mode=AlwaysAllow',
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
  ]).then(
    () => ({ code: 0, stderr: '' }),
    (error: { code: number; stderr: string }) => error,
  )
  assert.notEqual(code, 0)
  assert.match(stderr, /it must name RBAC/)
})
