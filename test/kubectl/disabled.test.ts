/** Somebody is disabled while they look around in real containers: everything of theirs ends, nothing of anybody else's does. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeConfig } from '@kubernetes/client-node'
import { WebSocket } from 'ws'
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import { kubectl, unpacked } from '../tools/clients.ts'
import { type UserCluster, eventually, noContainers, startUserCluster } from '../tools/cluster.ts'

const options = { skip: noContainers, timeout: 180_000 }
/** Seconds within which all is over. */
const promised = 30
let cluster: UserCluster

const manifest = `
apiVersion: v1
kind: Pod
metadata: {name: talker, namespace: default}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: busybox:1.37
    imagePullPolicy: IfNotPresent
    stdin: true
    command: [sh, -c, 'mkdir -p /w && echo page > /w/index.html && httpd -p 8080 -h /w; while :; do date; sleep 0.2; done']
    readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: node-api}
rules: [{apiGroups: [''], resources: [nodes/proxy, nodes/pods], verbs: ['*']}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: dev-edits}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects: [{kind: Group, apiGroup: rbac.authorization.k8s.io, name: dev}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: dev-nodes}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: node-api}
subjects: [{kind: Group, apiGroup: rbac.authorization.k8s.io, name: dev}]
`

const fileOf = (name: string): string => join(cluster.dir, `${name}.kubeconfig`)

async function add(name: string): Promise<void> {
  await writeFile(fileOf(name), await cluster.bulwark('user', 'add', name, '--groups', 'dev'), { mode: 0o600 })
}

before(async () => {
  if (noContainers !== false) return
  cluster = await startUserCluster({ name: 'disabled', port: 16_448, images: ['busybox'] })
  const applied = await kubectl(['apply', '-f', '-'], { kubeconfig: cluster.kubeconfig, input: manifest })
  assert.equal(applied.code, 0, applied.stderr)
  await cluster.kubectl('wait', 'pod/talker', '--for=condition=Ready', '--timeout=60s')
  for (const name of ['ann', 'joe', 'kim']) await add(name)
})
after(async () => {
  if (noContainers !== false) return
  await cluster.purge()
})

/** Something that lasts until somebody ends it. */
interface Open {
  readonly what: string
  /** Resolves when it is over. */
  readonly over: Promise<void>
  readonly isOver: () => boolean
  readonly end: () => void
}

const opened = (what: string, over: Promise<void>, end: () => void): Open => {
  let done = false
  const ended = over.then(() => void (done = true))
  return { what, over: ended, isOver: () => done, end }
}

interface Start {
  readonly args: readonly string[]
  /** Printed when it runs. */
  readonly runs: RegExp
  readonly env?: Readonly<Record<string, string>>
}

async function start(who: string, { args, runs, env = {} }: Start): Promise<Open> {
  const child: ChildProcess = spawn(unpacked('kubectl'), ['--kubeconfig', fileOf(who), ...args], {
    stdio: 'pipe',
    env: { ...process.env, ...env },
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (part: string) => (text += part))
  const over = once(child, 'close').then(() => undefined)
  const open = opened(`${args.join(' ')} ${Object.keys(env).join(' ')}`, over, () => void child.kill('SIGKILL'))
  await eventually(open.what, () => Promise.resolve(text), { until: seen => runs.test(seen), seconds: 20 })
  return open
}

const spdy = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }
const shell = ['exec', '-i', 'talker', '--', 'sh', '-c', 'echo in; cat']

/** What kubectl opens, each in both of its ways. */
const everything = (port: number): readonly Start[] => [
  { args: shell, runs: /in/ },
  { args: shell, runs: /in/, env: spdy },
  { args: ['attach', '-i', 'talker'], runs: /\d\d:\d\d:\d\d/ },
  { args: ['port-forward', 'pod/talker', `${port}:8080`], runs: /Forwarding from/ },
  { args: ['port-forward', 'pod/talker', `${port + 1}:8080`], runs: /Forwarding from/, env: spdy },
  { args: ['logs', '-f', 'talker', '--tail=1'], runs: /\d\d:\d\d:\d\d/ },
  { args: ['get', 'pods', '-w'], runs: /talker/ },
]

interface Direct {
  readonly host: string
  readonly port: number
  readonly ca: string
  readonly cert: string
  readonly key: string
}

const pem = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString()

/** The way to the node's own API, past the server. */
async function direct(who: string): Promise<Direct> {
  const config = new KubeConfig()
  config.loadFromFile(fileOf(who))
  const { items } = JSON.parse(await cluster.kubectl('get', 'nodes', '-o', 'json')) as {
    items: { status: { addresses: { type: string; address: string }[]; daemonEndpoints: Endpoints } }[]
  }
  const status = items[0]?.status ?? assert.fail('no node')
  const host = status.addresses.find(one => one.type === 'InternalIP')?.address ?? ''
  const user = config.getCurrentUser()
  return {
    host,
    port: status.daemonEndpoints.kubeletEndpoint.Port,
    ca: pem(config.getCurrentCluster()?.caData),
    cert: pem(user?.certData),
    key: pem(user?.keyData),
  }
}
interface Endpoints {
  readonly kubeletEndpoint: { readonly Port: number }
}

async function directExec(who: string): Promise<Open> {
  const { host, port, ...tls } = await direct(who)
  const path = '/exec/default/talker/main?command=sh&command=-c&command=echo+in;+cat&input=1&output=1'
  const socket = new WebSocket(`wss://${host}:${port}${path}`, 'v5.channel.k8s.io', tls)
  socket.on('error', () => undefined)
  const over = once(socket, 'close').then(() => undefined)
  await Promise.race([once(socket, 'message'), over.then(() => assert.fail('the node let nobody in'))])
  return opened(`a shell from the node itself, ${who}`, over, () => socket.terminate())
}

async function directLogs(who: string): Promise<Open> {
  const asking = get({ ...(await direct(who)), path: '/containerLogs/default/talker/main?follow=true', agent: false })
  asking.on('error', () => undefined)
  const over = once(asking, 'close').then(() => undefined)
  const [answer] = (await once(asking, 'response')) as [IncomingMessage]
  assert.equal(answer.statusCode, 200)
  answer.on('error', () => undefined)
  answer.resume()
  return opened(`logs from the node itself, ${who}`, over, () => asking.destroy())
}

async function directCode(who: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  get({ ...(await direct(who)), path: '/pods', agent: false }, answer => {
    answer.resume()
    resolve(answer.statusCode ?? 0)
  }).on('error', reject)
  return await promise
}

async function allOver(all: readonly Open[], since: number): Promise<void> {
  const rest = promised * 1000 - (performance.now() - since)
  await Promise.race([Promise.all(all.map(one => one.over)), sleep(rest, undefined, { ref: false })])
  assert.deepEqual(
    all.filter(one => !one.isOver()).map(one => one.what),
    [],
    `all is over within ${promised} s`,
  )
}

const record = async (who: string): Promise<readonly Event[]> =>
  JSON.parse(await cluster.bulwark('audit', 'who', '--by', who, '-o', 'json')) as readonly Event[]

const ended = 'session.bulwark.dev/ended'

test(
  'who is disabled: shells, attachments, ports, logs and watches end, at the server and at the node',
  options,
  async () => {
    const mine: Open[] = []
    for (const one of everything(18_090)) mine.push(await start('ann', one))
    mine.push(await directExec('ann'), await directLogs('ann'))
    const others = [await start('joe', { args: shell, runs: /in/ }), await directExec('joe')]
    try {
      assert.equal(await directCode('ann'), 200)
      await sleep(1000)
      assert.deepEqual(
        mine.filter(one => one.isOver()),
        [],
      )
      const since = performance.now()
      await cluster.bulwark('user', 'disable', 'ann')
      const refused = await kubectl(['get', 'pods'], { kubeconfig: fileOf('ann') })
      assert.match(refused.stderr, /Unauthorized|must be logged in/)
      assert.equal(await directCode('ann'), 403, 'the very next request to the node, too')
      await allOver(mine, since)
      assert.deepEqual(
        others.filter(one => one.isOver()),
        [],
        'those of somebody else go on',
      )
    } finally {
      for (const one of [...mine, ...others]) one.end()
    }
    const streams = ['exec', 'attach', 'portforward']
    const events = await eventually('the record', () => record('ann'), {
      until: all => all.filter(one => one.annotations?.[ended] !== undefined).length >= 7,
      seconds: 10,
    })
    const over = events.filter(one => one.stage === 'ResponseComplete' && one.annotations?.[ended] !== undefined)
    const isNodes = (one: Event): boolean => one.annotations?.['audit.bulwark.dev/component'] === 'kubelet'
    for (const stream of streams) {
      const reasons = over
        .filter(one => !isNodes(one) && one.objectRef?.subresource === stream)
        .map(one => one.annotations?.[ended])
      assert.deepEqual([...new Set(reasons)], ['the user is disabled'], `the end of ${stream} is on record`)
    }
    assert.deepEqual(
      over
        .filter(isNodes)
        .map(one => `${one.objectRef?.subresource ?? ''}: ${one.annotations?.[ended] ?? ''}`)
        .toSorted(),
      ['exec: the right to it was taken away', 'log: the right to it was taken away'],
      'the node has it on record, too',
    )
    await cluster.bulwark('user', 'enable', 'ann')
    assert.equal((await kubectl(['get', 'pods'], { kubeconfig: fileOf('ann') })).code, 0)
  },
)

test('a certificate that is taken back ends what it opened, also at the node', options, async () => {
  const all = [await start('kim', { args: shell, runs: /in/ }), await directExec('kim')]
  try {
    const { cert } = await direct('kim')
    const { serialNumber } = new X509Certificate(cert)
    const since = performance.now()
    const revoked = `{apiVersion: bulwark.dev/v1alpha1, kind: RevokedCertificate, metadata: {name: kim}, spec: {serialNumber: "${serialNumber}"}}`
    const done = await kubectl(['create', '-f', '-'], { kubeconfig: cluster.kubeconfig, input: revoked })
    assert.equal(done.code, 0, done.stderr)
    assert.equal(await directCode('kim'), 403)
    await allOver(all, since)
  } finally {
    for (const one of all) one.end()
  }
})
