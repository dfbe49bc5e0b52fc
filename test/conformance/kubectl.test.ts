/** What the real kubectl does with a server. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { type RequestOptions, request } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { skip, unpacked } from '../tools/clients.ts'
import type { Json } from './api.ts'
import { type Session, openSession } from './session.ts'

let session: Session
before(async () => {
  session = await openSession()
})
after(() => session.stop())

const kubectl = (args: readonly string[], input?: string): Promise<string> => session.kubectl(args, input)

test(
  '[sig-cli] Kubectl client Kubectl api-versions should check if v1 is in available api versions',
  { skip },
  async () => {
    assert.match(await kubectl(['api-versions']), /^v1$/m)
  },
)

test(
  '[sig-cli] Kubectl client Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info',
  { skip },
  async () => {
    const text = await kubectl(['cluster-info'])
    for (const part of ['Kubernetes control plane', 'is running at']) assert.ok(text.includes(part), text)
  },
)

const deployment = (image: string): string =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'httpd-deployment' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'httpd' } },
      template: { metadata: { labels: { app: 'httpd' } }, spec: { containers: [{ name: 'httpd', image }] } },
    },
  })

test(
  '[sig-cli] Kubectl client Kubectl diff should check if kubectl diff finds a difference for Deployments',
  { skip },
  async () => {
    const [before, now] = ['registry.example/agnhost:2.55', 'registry.example/busybox:1.37']
    await kubectl(['create', '-f', '-'], deployment(before))
    const { code, stdout } = await session.ran(['diff', '-f', '-'], { input: deployment(now) })
    assert.equal(code, 1)
    for (const image of [before, now]) assert.ok(stdout.includes(image), stdout)
    await kubectl(['delete', '-f', '-'], deployment(now))
  },
)

test('[sig-cli] Kubectl client Kubectl version should check is all data is printed', { skip }, async () => {
  const text = await kubectl(['version'])
  for (const item of ['Client Version', 'Server Version'])
    assert.match(text, new RegExp(`${item}: v\\d\\.\\d+\\.[\\w.+-]+`))
})

/** Runs a proxy while `ask` asks it. @param ready what it prints once it serves. */
async function proxied<T>(
  args: readonly string[],
  ready: RegExp,
  ask: (said: RegExpExecArray) => Promise<T>,
): Promise<T> {
  const env = { HOME: session.dir, KUBECONFIG: session.kubeconfig }
  const proxy = spawn(unpacked('kubectl'), ['proxy', ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    let text = ''
    for await (const part of proxy.stdout) {
      text += String(part)
      const said = ready.exec(text)
      if (said !== null) return await ask(said)
    }
    throw new Error(`the proxy ended: ${text}`)
  } finally {
    proxy.kill()
  }
}

function fetched(options: RequestOptions): Promise<Json> {
  const { promise, resolve, reject } = Promise.withResolvers<Json>()
  const sent = request({ ...options, agent: false }, response => {
    let text = ''
    response.setEncoding('utf8').on('data', (part: string) => (text += part))
    response.on('end', () => resolve(JSON.parse(text)))
  })
  sent.on('error', reject).end()
  return promise
}

test(
  '[sig-cli] Kubectl client Proxy server should support proxy with --port 0',
  { skip, timeout: 30_000 },
  async () => {
    const { versions } = await proxied(
      ['-p', '0', '--disable-filter'],
      /Starting to serve on 127\.0\.0\.1:(\d+)/,
      said => fetched({ host: '127.0.0.1', port: said[1], path: '/api/' }),
    )
    assert.deepEqual(versions, ['v1'])
  },
)

test(
  '[sig-cli] Kubectl client Proxy server should support --unix-socket=/path',
  { skip, timeout: 30_000 },
  async () => {
    const socketPath = join(session.dir, 'socket')
    const { versions } = await proxied([`--unix-socket=${socketPath}`], /Starting to serve/, () =>
      fetched({ socketPath, path: '/api' }),
    )
    assert.deepEqual(versions, ['v1'])
  },
)

const images = async (name: string): Promise<Json> => {
  const { spec } = await session.api.get(`/api/v1/namespaces/${session.namespace}/pods/${name}`)
  return { images: spec.containers.map((one: Json) => one.image), restartPolicy: spec.restartPolicy }
}
const image = 'registry.example/agnhost:2.63'

test(
  '[sig-cli] Kubectl client Kubectl run pod should create a pod from an image when restart is Never',
  { skip },
  async () => {
    await kubectl(['run', 'e2e-test-httpd-pod', '--restart=Never', `--image=${image}`])
    assert.deepEqual(await images('e2e-test-httpd-pod'), { images: [image], restartPolicy: 'Never' })
  },
)

test(
  '[sig-cli] Kubectl client Kubectl server-side dry-run should check if kubectl can dry-run update Pods',
  { skip },
  async () => {
    const name = 'e2e-test-agnhost-pod'
    await kubectl(['run', name, `--image=${image}`, `--labels=run=${name}`])
    const other = { spec: { containers: [{ name, image: 'registry.example/busybox:1.37' }] } }
    await kubectl(['patch', 'pod', name, '-p', JSON.stringify(other), '--dry-run=server'])
    assert.deepEqual((await images(name)).images, [image])
    await kubectl(['delete', 'pods', name])
  },
)

test('[sig-cli] Kubectl client Kubectl label should update the label on a resource', { skip }, async () => {
  await kubectl(['run', 'labelled', `--image=${image}`])
  await kubectl(['label', 'pods', 'labelled', 'testing-label=testing-label-value'])
  assert.ok((await kubectl(['get', 'pod', 'labelled', '-L', 'testing-label'])).includes('testing-label-value'))
  await kubectl(['label', 'pods', 'labelled', 'testing-label-'])
  assert.ok(!(await kubectl(['get', 'pod', 'labelled', '-L', 'testing-label'])).includes('testing-label-value'))
})

test('[sig-cli] Kubectl client Kubectl patch should add annotations for pods in rc', { skip }, async () => {
  const labels = { app: 'agnhost' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'agnhost', image }] } }
  const rc = {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'rc' },
    spec: { replicas: 2, selector: labels, template },
  }
  await kubectl(['create', '-f', '-'], JSON.stringify(rc))
  const path = `/api/v1/namespaces/${session.namespace}/pods?labelSelector=app%3Dagnhost`
  const pods = await session.api.until(
    'its pods',
    () => session.api.items(path),
    ({ length }) => length === 2,
  )
  for (const { metadata } of pods)
    await kubectl(['patch', 'pod', metadata.name, '-p', '{"metadata":{"annotations":{"x":"y"}}}'])
  for (const { metadata } of await session.api.items(path)) assert.equal(metadata.annotations.x, 'y')
})

test("[sig-cli] Kubectl client Kubectl replace should update a single-container pod's image", { skip }, async () => {
  const name = 'e2e-test-replaced-pod'
  await kubectl(['run', name, `--image=${image}`, `--labels=run=${name}`])
  const text = await kubectl(['get', 'pod', name, '-o', 'json'])
  await kubectl(['replace', '-f', '-'], text.replaceAll(`"${image}"`, '"registry.example/busybox:1.37"'))
  assert.deepEqual((await images(name)).images, ['registry.example/busybox:1.37'])
})
