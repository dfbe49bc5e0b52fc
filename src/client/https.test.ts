import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ResourceRef } from '#api/metadata.ts'
import { StatusError, isReason } from '#api/status.ts'
import { makeClient } from './client.ts'
import { httpsTransport } from './https.ts'
import { loadKubeconfig } from './kubeconfig.ts'
import { httpCall } from './paths.ts'
import { lines } from './wire-form.ts'

const pods: ResourceRef = { group: '', version: 'v1', resource: 'pods', kind: 'Pod', namespaced: true }
const target = { group: 'apps', version: 'v1', resource: 'deployments', namespace: 'n' }

test('requests become the paths and queries that Kubernetes clients send', () => {
  const signal = new AbortController().signal
  const calls = [
    httpCall({ verb: 'get', group: '', version: 'v1', resource: 'nodes', name: 'a' }),
    httpCall({ verb: 'list', ...target, options: { labelSelector: 'a=b,c', limit: 5, resourceVersion: '0' } }),
    httpCall({
      verb: 'watch',
      ...target,
      options: { name: 'x', allowWatchBookmarks: true, timeoutSeconds: 9 },
      signal,
    }),
    httpCall({
      verb: 'patch',
      ...target,
      name: 'x',
      subresource: 'status',
      patch: { type: 'apply', content: {} },
      options: { force: true, fieldManager: 'm' },
    }),
    httpCall({ verb: 'delete', ...target, name: 'x', options: { dryRun: true, preconditions: { uid: 'u' } } }),
  ]
  assert.deepEqual(
    calls.map(call => `${call.method} ${call.path}${call.contentType === undefined ? '' : ` ${call.contentType}`}`),
    [
      'GET /api/v1/nodes/a',
      'GET /apis/apps/v1/namespaces/n/deployments?labelSelector=a%3Db%2Cc&resourceVersion=0&limit=5',
      'GET /apis/apps/v1/namespaces/n/deployments?fieldSelector=metadata.name%3Dx&watch=true&allowWatchBookmarks=true&timeoutSeconds=9',
      'PATCH /apis/apps/v1/namespaces/n/deployments/x/status?fieldManager=m&force=true application/apply-patch+yaml',
      'DELETE /apis/apps/v1/namespaces/n/deployments/x application/json',
    ],
  )
  assert.deepEqual(calls[4]?.body, {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    preconditions: { uid: 'u' },
    dryRun: ['All'],
  })
})

test('a name cannot leave its place in the path', () => {
  assert.throws(() => httpCall({ verb: 'get', ...target, name: '..' }), StatusError)
  assert.match(httpCall({ verb: 'get', ...target, name: 'a/b?c' }).path, /\/a%2Fb%3Fc$/)
})

test('lines are cut wherever chunks end, and have a limit', async () => {
  const cut = async (chunks: readonly string[], most = 100): Promise<readonly string[]> => {
    const all: string[] = []
    const source = async function* () {
      for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk))
    }
    for await (const found of lines(source(), most)) all.push(...found)
    return all
  }
  assert.deepEqual(await cut(['a\nb', 'c\n', '\nd', '\n']), ['a', 'bc', 'd'])
  await assert.rejects(cut(['x'.repeat(60), 'x'.repeat(60)]), StatusError)
})

const noOpenssl = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed'

function certificates(folder: string): { readonly key: string; readonly cert: string } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const name = ['-subj', '/CN=server', '-addext', 'subjectAltName=IP:127.0.0.1']
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...ec, '-keyout', key, '-out', cert, ...name], { stdio: 'ignore' })
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}

function respond(request: IncomingMessage, response: ServerResponse): void {
  const json = (code: number, body: object): void =>
    void response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  const pod = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, resourceVersion: '7' } })
  if (request.headers.authorization !== 'Bearer secret')
    return json(401, { kind: 'Status', reason: 'Unauthorized', message: 'Unauthorized', code: 401 })
  if (request.url?.includes('watch=true') === true) {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(`${JSON.stringify({ type: 'ADDED', object: pod('a') })}\n{"type":"MODI`)
    setImmediate(() => {
      response.write(`FIED","object":${JSON.stringify(pod('a'))}}\n`)
      response.end(
        `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', reason: 'Expired', message: 'too old', code: 410 } })}\n`,
      )
    })
    return undefined
  }
  if (request.url === '/api/v1/pods')
    return json(200, { kind: 'PodList', metadata: { resourceVersion: '9', continue: 'c' }, items: [pod('a')] })
  if (request.url === '/api/v1/namespaces/n/pods/a') return json(200, pod('a'))
  return json(404, {
    kind: 'Status',
    reason: 'NotFound',
    message: 'pods "b" not found',
    details: { name: 'b' },
    code: 404,
  })
}

test('speaks to a server over TLS with a pinned authority', { skip: noOpenssl }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-https-'))
  const { key, cert } = certificates(folder)
  const server = createServer({ key, cert }, respond)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo
  const url = `https://127.0.0.1:${address.port}`
  const config = {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
    clusters: [{ name: 'k', cluster: { server: url, 'certificate-authority': 'cert.pem' } }],
    users: [{ name: 'u', user: { token: 'secret' } }],
  }
  writeFileSync(join(folder, 'config'), JSON.stringify(config))
  const access = await loadKubeconfig(join(folder, 'config'))
  const options = { ...access, userAgent: 'test', identity: () => access.identity }
  const transport = httpsTransport(options)
  const client = makeClient(transport.send)
  try {
    assert.equal((await client.get(pods, 'n/a')).metadata.name, 'a')
    assert.equal((await client.list(pods)).continue, 'c')
    await assert.rejects(client.get(pods, 'n/b'), error => isReason(error, 'NotFound') && error.details?.name === 'b')
    const types: string[] = []
    const events = await client.watch(pods, { signal: new AbortController().signal })
    await assert.rejects(
      async () => {
        for await (const batch of events) types.push(...batch.map(event => event.type))
      },
      error => isReason(error, 'Expired'),
    )
    assert.deepEqual(types, ['ADDED', 'MODIFIED'])
    const anonymous = httpsTransport({ ...options, identity: () => ({ token: 'wrong' }) })
    await assert.rejects(makeClient(anonymous.send).get(pods, 'n/a'), error => isReason(error, 'Unauthorized'))
    anonymous.close()
    const other = certificates(mkdtempSync(join(folder, 'other-')))
    const stranger = httpsTransport({ ...options, authority: other.cert })
    await assert.rejects(makeClient(stranger.send).get(pods, 'n/a'), error => isReason(error, 'ServiceUnavailable'))
    stranger.close()
  } finally {
    transport.close()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
    rmSync(folder, { recursive: true })
  }
})

test(
  'a new identity ends what lasts under the former one, and lets answers come that are under way',
  { skip: noOpenssl },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bulwark-https-'))
    const pair = certificates(folder)
    const seen: string[] = []
    const late = Promise.withResolvers<void>()
    const server = createServer(pair, (request, response) => {
      seen.push(`${request.headers.authorization ?? ''} ${request.socket.remotePort}`)
      response.writeHead(200, { 'content-type': 'application/json' })
      const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', resourceVersion: '7' } }
      if (request.url?.includes('watch=true') === true)
        return void response.write(`${JSON.stringify({ type: 'ADDED', object })}\n`)
      const answer = (): void => void response.end(JSON.stringify(object))
      if (request.url?.endsWith('late') === true) void late.promise.then(answer)
      else answer()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    let identity = { token: 'first' }
    const transport = httpsTransport({
      server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      authority: pair.cert,
      identity: () => identity,
      userAgent: 'test',
    })
    const client = makeClient(transport.send)
    const portOf = (token: string): readonly string[] =>
      seen.flatMap(one => (one.startsWith(`Bearer ${token} `) ? [one.split(' ')[2] ?? ''] : []))
    try {
      const watch = await client.watch(pods, { signal: new AbortController().signal })
      const watched = (async () => {
        let events = 0
        for await (const batch of watch) events += batch.length
        return events
      })()
      const slow = client.get(pods, 'n/late')
      await client.get(pods, 'n/a')
      transport.renew()
      await client.get(pods, 'n/a')
      assert.equal(portOf('second').length, 0)
      identity = { token: 'second' }
      transport.renew()
      assert.equal(await watched, 1, 'without an error: whoever reads it goes on where it ended')
      late.resolve()
      assert.equal((await slow).metadata.name, 'a')
      await client.get(pods, 'n/a')
      await client.get(pods, 'n/a')
      const [former, now] = [portOf('first'), portOf('second')]
      assert.equal(now.length, 2)
      assert.ok(
        now.every(port => !former.includes(port)),
        'on connections of its own',
      )
    } finally {
      transport.close()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
      rmSync(folder, { recursive: true })
    }
  },
)

test('a kubeconfig that weakens TLS or names nobody is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-kubeconfig-'))
  const write = (cluster: object, user: object): string => {
    const path = join(folder, 'config')
    const contexts = [{ name: 'c', context: { cluster: 'k', user: 'u' } }]
    const clusters = [{ name: 'k', cluster: { server: 'https://x', ...cluster } }]
    writeFileSync(path, JSON.stringify({ 'current-context': 'c', contexts, clusters, users: [{ name: 'u', user }] }))
    return path
  }
  const token = { token: 't' }
  await assert.rejects(loadKubeconfig(write({ 'insecure-skip-tls-verify': true }, token)), /not supported/)
  await assert.rejects(loadKubeconfig(write({}, token)), /no certificate authority/)
  await assert.rejects(loadKubeconfig(write({ 'certificate-authority-data': 'AA==' }, {})), /neither/)
  rmSync(folder, { recursive: true })
})
