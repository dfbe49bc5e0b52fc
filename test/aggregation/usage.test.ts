/** What nodes and pods use: asked of the nodes, told as `metrics.k8s.io`, unless a server of the user's own does. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { KObject } from '#api/metadata.ts'
import { type KeyPair, issue } from '#pki/issue.ts'
import { keysResource } from '#plane/keys.ts'
import { run, skip } from '../tools/clients.ts'
import { type Extension, json, noAddress, startExtension, until } from './extension.ts'

type Keys = KObject & { readonly data: { readonly authority: KeyPair } }

const metrics = '/apis/metrics.k8s.io/v1beta1'
const name = 'v1beta1.metrics.k8s.io'

describe('usage', { skip: noAddress }, () => {
  let other: Extension
  let agent: Server
  let cores = 0
  let podCores = 0
  let uid = ''
  let reports = 0

  /** As an agent reports: half a core since the beginning of time, and pods that may be none of its own. */
  const report = (now: number) => {
    const time = new Date(now).toISOString()
    const part = (perSecond: number, memory: number) => ({
      cpu: { time, usageCoreNanoSeconds: Math.round((now - 1_700_000_000_000) * perSecond * 1e6) },
      memory: { time, workingSetBytes: memory },
    })
    const pod = (namespace: string, called: string, of: string) => ({
      podRef: { namespace, name: called, uid: of },
      containers: [{ name: 'main', ...part(podCores, 5 << 20) }],
    })
    return { node: part(cores, 1 << 30), pods: [pod('default', 'real', uid), pod('default', 'far', 'guessed')] }
  }

  const must = async (path: string, body: object) => {
    const { status, text, json: made } = await other.wire.call('POST', path, { body })
    assert.equal(status, 201, text)
    return made
  }
  const running = async (called: string, node: string): Promise<string> => {
    const pods = '/api/v1/namespaces/default/pods'
    const spec = { nodeName: node, containers: [{ name: 'main', image: 'x' }] }
    const made = await must(pods, { metadata: { name: called, labels: { app: called } }, spec })
    await other.wire.call('PATCH', `${pods}/${called}/status`, {
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { status: { phase: 'Running' } },
    })
    return made.metadata.uid
  }

  before(async () => {
    other = await startExtension()
    const kept = other.wire.cluster.plane.store.snapshot(keysResource).get('cluster')
    assert.ok(kept !== undefined)
    const { authority } = (kept.object as Keys).data
    const serving = await issue(
      authority,
      { name: 'system:node:real', use: 'server', hosts: ['127.0.0.1'] },
      Date.now(),
    )
    const options = { ...serving, ca: authority.cert, requestCert: true, rejectUnauthorized: true }
    agent = createServer(options, (request, response) => {
      assert.equal(request.url, '/stats/summary')
      reports++
      json(response, report(Date.now()))
    })
    agent.listen(0, '127.0.0.1')
    await once(agent, 'listening')
    // It takes some time until a port is given to the server: the certificates of nodes are asked for by its listener.
    await other.wire.call('GET', '/version')
    await must('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
    const place = agent.address()
    const Port = typeof place === 'object' && place !== null ? place.port : 0
    for (const [node, status] of [
      [
        'real',
        { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port } } },
      ],
      [
        'silent',
        {
          addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
          daemonEndpoints: { kubeletEndpoint: { Port: 1 } },
        },
      ],
      ['made-up', { nodeInfo: { containerRuntimeVersion: 'simulated://1' } }],
    ] as const)
      await must('/api/v1/nodes', {
        metadata: { name: node, labels: { kind: node } },
        status: { ...status, capacity: { cpu: '4', memory: '8Gi' }, allocatable: { cpu: '4', memory: '8Gi' } },
      })
    uid = await running('real', 'real')
    await running('far', 'silent')
    await running('imagined', 'made-up')
    cores = 0.5
    podCores = 0.25
  })
  after(async () => {
    agent.closeAllConnections()
    agent.close()
    await other.stop()
  })

  const list = async (path: string) => (await other.wire.call('GET', `${metrics}${path}`)).json.items
  const names = async (path: string): Promise<readonly string[]> =>
    (await list(path)).map((one: { metadata: { name: string } }) => one.metadata.name)

  test('nodes and pods are told of as soon as somebody asks', async () => {
    const nodes = await list('/nodes')
    assert.deepEqual(
      nodes.map((one: { metadata: { name: string } }) => one.metadata.name),
      ['made-up', 'real'],
    )
    const [madeUp, real] = nodes
    assert.deepEqual(madeUp.usage, { cpu: '0', memory: '0' })
    assert.deepEqual(real.usage, { cpu: '500000000n', memory: '1048576Ki' })
    assert.match(real.window, /^[\d.]+s$/)
    const pod = (await other.wire.call('GET', `${metrics}/namespaces/default/pods/real`)).json
    assert.deepEqual(pod.containers, [{ name: 'main', usage: { cpu: '250000000n', memory: '5120Ki' } }])
    assert.equal(pod.kind, 'PodMetrics')
    const asked = reports
    await list('/nodes')
    assert.equal(reports, asked)
  })

  test('a node is believed about its own pods alone', async () => {
    assert.deepEqual(await names('/pods'), ['imagined', 'real'])
    const { status, json: far } = await other.wire.call('GET', `${metrics}/namespaces/default/pods/far`)
    assert.deepEqual([status, far.message], [404, 'pods.metrics.k8s.io "far" not found'])
  })

  test('selectors, namespaces, tables and protobuf', async () => {
    assert.deepEqual(await names('/nodes?labelSelector=kind%3Dreal'), ['real'])
    assert.deepEqual(await names('/pods?fieldSelector=metadata.name%3Dreal'), ['real'])
    assert.deepEqual(await names('/namespaces/kube-system/pods'), [])
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    const { json: table } = await other.wire.call('GET', `${metrics}/nodes`, { headers: { accept } })
    assert.deepEqual(
      table.rows.map((row: { cells: unknown[] }) => row.cells.slice(0, 3)),
      [
        ['made-up', '0', '0'],
        ['real', '500m', '1Gi'],
      ],
    )
    const binary = await other.wire.call('GET', `${metrics}/pods`, {
      headers: { accept: 'application/vnd.kubernetes.protobuf' },
    })
    assert.equal(binary.status, 200)
    assert.ok(binary.text.startsWith('k8s\0') && binary.text.includes('PodMetricsList'))
    for (const [method, path] of [
      ['POST', '/nodes'],
      ['DELETE', '/nodes/real'],
      ['GET', '/nodes?watch=true'],
    ] as const)
      assert.equal((await other.wire.call(method, `${metrics}${path}`, { body: {} })).status, 405, path)
  })

  test('who may look at pods may look at what they use, and nobody else', async () => {
    const viewer = await other.wire.account('viewer', [
      { apiGroups: ['metrics.k8s.io'], resources: ['pods'], verbs: ['get', 'list'] },
    ])
    assert.equal((await other.wire.call('GET', `${metrics}/namespaces/default/pods`, { token: viewer })).status, 200)
    assert.equal((await other.wire.call('GET', `${metrics}/nodes`, { token: viewer })).status, 403)
  })

  test('the real kubectl tops', { skip }, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'bulwark-top-'))
    const kubeconfig = join(dir, 'kubeconfig')
    writeFileSync(kubeconfig, await other.wire.cluster.kubeConfig(), { mode: 0o600 })
    const nodes = await run('kubectl', ['top', 'nodes'], { kubeconfig })
    assert.match(nodes.stdout, /^real +500m +12% +1024Mi +12%/m, nodes.stderr)
    const pods = await run('kubectl', ['top', 'pods', '--containers'], { kubeconfig })
    assert.match(pods.stdout, /^real +main +250m +5Mi/m, pods.stderr)
    const core = await run('kubectl', ['get', 'nodes', '-o', 'name'], { kubeconfig })
    assert.match(core.stdout, /^node\/real$/m)
    rmSync(dir, { recursive: true, force: true })
  })

  test("a server of the user's own takes its place, and gives it back", async () => {
    const path = `/apis/apiregistration.k8s.io/v1/apiservices/${name}`
    // Nothing stands in the way of who installs one, by whatever means.
    assert.equal((await other.wire.call('GET', path)).status, 404)
    await other.register()
    other.answer = (request, response) => {
      if (request.url?.startsWith(metrics) !== true) return false
      json(response, {
        kind: 'APIResourceList',
        apiVersion: 'v1',
        groupVersion: 'metrics.k8s.io/v1beta1',
        resources: [],
        theirs: true,
      })
      return true
    }
    await must('/apis/apiregistration.k8s.io/v1/apiservices', {
      metadata: { name },
      spec: {
        group: 'metrics.k8s.io',
        version: 'v1beta1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        service: { namespace: 'default', name: 'wardle' },
        insecureSkipTLSVerify: true,
      },
    })
    await until(
      () => other.wire.call('GET', metrics),
      one => one.json?.theirs === true,
    )
    assert.equal((await other.wire.call('GET', `${metrics}/nodes`)).json.theirs, true)
    const { json: index } = await other.wire.call('GET', '/openapi/v3')
    assert.ok(!('apis/metrics.k8s.io/v1beta1' in index.paths))
    await other.wire.call('DELETE', path)
    await until(
      () => other.wire.call('GET', `${metrics}/nodes`),
      one => one.json?.kind === 'NodeMetricsList',
    )
  })
})
