/** Every certificate of a running machine is issued anew: agent and containers go on, and what was renewed alone is used. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { kubectl, unpacked } from '../tools/clients.ts'
import { type UserCluster, eventually, noContainers, startUserCluster } from '../tools/cluster.ts'

const name = 'renewing'
const options = { skip: noContainers, timeout: 180_000 }
let cluster: UserCluster
let policies: string

/** Everything that the node does is on record, with the certificate that it showed. */
const policy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: Metadata, userGroups: ['system:nodes', 'system:bulwark:network']}
- {level: None}
`

const manifest = `
apiVersion: v1
kind: Pod
metadata: {name: ticker, namespace: default}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: busybox:1.37
    imagePullPolicy: IfNotPresent
    command: [sh, -c, 'trap "exit 0" TERM; while :; do date; sleep 0.2; done']
`

before(async () => {
  if (noContainers !== false) return
  policies = await mkdtemp(join(tmpdir(), 'bw-policy-'))
  const file = join(policies, 'policy.yaml')
  await writeFile(file, policy)
  cluster = await startUserCluster({ name, port: 16_450, images: ['busybox'], flags: ['--audit-policy-file', file] })
  const applied = await kubectl(['apply', '-f', '-'], { kubeconfig: cluster.kubeconfig, input: manifest })
  assert.equal(applied.code, 0, applied.stderr)
  await cluster.kubectl('wait', 'pod/ticker', '--for=condition=Ready', '--timeout=60s')
})
after(async () => {
  if (noContainers !== false) return
  await cluster.purge()
  await rm(policies, { recursive: true, force: true })
})

interface Certificate {
  readonly purpose: string
  readonly serial: string
  readonly file: string
}

async function certificates(): Promise<ReadonlyMap<string, Certificate>> {
  const list = JSON.parse(await cluster.bulwark('certs', 'show', '-o', 'json')) as readonly Certificate[]
  return new Map(list.map(one => [one.purpose, one]))
}

const purposes = [
  'API, server',
  'API, client of nodes',
  'node agent, client of the API',
  'network of the node, client of the API',
  'node, server',
] as const

/** As the record names a certificate. */
async function credentialOf(file: string): Promise<string> {
  const text = await readFile(file, 'utf8')
  const data = /client-certificate-data: (\S+)/.exec(text)?.[1] ?? assert.fail('no certificate')
  const { fingerprint256 } = new X509Certificate(Buffer.from(data, 'base64'))
  return `X509SHA256=${fingerprint256.replaceAll(':', '').toLowerCase()}`
}

const ticker = async (): Promise<Pod> => JSON.parse(await cluster.kubectl('get', 'pod', 'ticker', '-o', 'json')) as Pod

async function nodeAddress(): Promise<{ readonly host: string; readonly port: number }> {
  const { items } = JSON.parse(await cluster.kubectl('get', 'nodes', '-o', 'json')) as {
    items: { status: { addresses: { address: string }[]; daemonEndpoints: { kubeletEndpoint: { Port: number } } } }[]
  }
  const { addresses = [], daemonEndpoints } = items[0]?.status ?? {}
  return { host: addresses[0]?.address ?? '', port: daemonEndpoints?.kubeletEndpoint.Port ?? 0 }
}

/** Serial number of the certificate that whoever listens there shows. */
async function shown({ host, port }: { readonly host: string; readonly port: number }): Promise<string> {
  const socket = connect({ host, port, rejectUnauthorized: false })
  socket.on('error', () => undefined)
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerCertificate().serialNumber
  } finally {
    socket.destroy()
  }
}

async function recorded(): Promise<readonly Event[]> {
  const text = await readFile(join(cluster.dir, name, 'audit', 'audit.log'), 'utf8')
  return text
    .split('\n')
    .filter(line => line.includes('"audit.k8s.io/v1"'))
    .map(line => JSON.parse(line) as Event)
}

const credentialIn = (event: Event): string =>
  event.user.extra?.['authentication.kubernetes.io/credential-id']?.[0] ?? ''

/** Requests by these certificates that have begun and not ended. */
function openBy(events: readonly Event[], credentials: ReadonlySet<string>): readonly string[] {
  const open = new Map<string, string>()
  for (const event of events.filter(one => credentials.has(credentialIn(one))))
    if (event.stage === 'ResponseStarted') open.set(event.auditID, event.requestURI)
    else open.delete(event.auditID)
  return [...open.values()]
}

const pidOf = async (role: string): Promise<number> =>
  (await cluster.processes()).find(one => one.role === role)?.pid ?? 0

test(
  'certificates are renewed under a running agent: nothing restarts, and the old ones are used no more',
  options,
  async () => {
    const before_ = await certificates()
    const files = [
      before_.get('node agent, client of the API')?.file ?? '',
      before_.get('network of the node, client of the API')?.file ?? '',
    ]
    const old = new Set(await Promise.all(files.map(file => credentialOf(file))))
    const pod = await ticker()
    const agent = await pidOf('agent')
    assert.ok(agent > 0)
    assert.notDeepEqual(openBy(await recorded(), old), [], 'watches run under the old certificates')
    const session = spawn(
      unpacked('kubectl'),
      ['--kubeconfig', cluster.kubeconfig, 'exec', '-i', 'ticker', '--', 'sh', '-c', 'read line; echo "heard $line"'],
      { stdio: 'pipe' },
    )
    let heard = ''
    session.stdout.on('data', (part: Buffer) => (heard += part.toString()))

    await cluster.bulwark('certs', 'renew')
    const renewed = await certificates()
    for (const purpose of purposes)
      assert.notEqual(renewed.get(purpose)?.serial, before_.get(purpose)?.serial ?? assert.fail(purpose), purpose)
    const address = await nodeAddress()
    await eventually('the node shows its new certificate', () => shown(address), {
      until: serial => serial === renewed.get('node, server')?.serial,
      seconds: 20,
    })
    const fresh = new Set(await Promise.all(files.map(file => credentialOf(file))))
    await eventually('the node comes with its new certificates', recorded, {
      until: events => [...fresh].every(one => events.some(event => credentialIn(event) === one)),
      seconds: 30,
    })
    await eventually('nothing that the old ones opened goes on', async () => openBy(await recorded(), old), {
      until: open => open.length === 0,
      seconds: 20,
    })
    // The former ones are taken back: whoever still came with one of them would be refused.
    for (const purpose of purposes.slice(1, 4)) {
      const serialNumber = before_.get(purpose)?.serial ?? ''
      const input = `{apiVersion: bulwark.dev/v1alpha1, kind: RevokedCertificate, metadata: {generateName: old-}, spec: {serialNumber: "${serialNumber}"}}`
      const done = await kubectl(['create', '-f', '-'], { kubeconfig: cluster.kubeconfig, input })
      assert.equal(done.code, 0, done.stderr)
    }
    const since = new Date().toISOString()
    assert.match(await cluster.kubectl('logs', 'ticker', '--tail=2'), /\d\d:\d\d:\d\d/)
    assert.match(await cluster.kubectl('exec', 'ticker', '--', 'echo', 'still', 'here'), /still here/)
    session.stdin.end('you\n')
    await once(session, 'close')
    assert.equal(heard, 'heard you\n', 'what was open before goes on')
    const more = manifest.replace('name: ticker', 'name: later')
    assert.equal((await kubectl(['apply', '-f', '-'], { kubeconfig: cluster.kubeconfig, input: more })).code, 0)
    await cluster.kubectl('wait', 'pod/later', '--for=condition=Ready', '--timeout=60s')

    const now = await ticker()
    const [was, is] = [pod, now].map(one => one.status?.containerStatuses?.[0])
    assert.deepEqual([is?.containerID, is?.restartCount], [was?.containerID, 0])
    assert.equal(await pidOf('agent'), agent)
    const afterwards = (await recorded()).filter(one => one.requestReceivedTimestamp > since)
    assert.ok(afterwards.length > 0)
    assert.deepEqual(
      [...new Set(afterwards.map(credentialIn))].filter(one => !fresh.has(one)),
      [],
    )
    const codes = new Set(afterwards.map(one => one.responseStatus?.code))
    assert.ok(!codes.has(401) && !codes.has(403), [...codes].join())
  },
)
