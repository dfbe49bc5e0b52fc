/** Through the API to pods and services: what runs there are servers of the test on an address of this machine. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Backend, address, noAddress, says, startBackend } from '../proxy/backend.ts'
import { type Api, openApi } from './api.ts'

/** A pod that a node said runs at that address, and the service that leads to it. */
interface Running {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly ports: readonly { readonly name?: string; readonly containerPort: number }[]
}

describe('proxy', { skip: noAddress }, () => {
  let api: Api
  const backends: Backend[] = []

  before(async () => {
    api = await openApi({ controllers: true, nodes: 0 })
    await api.create('/api/v1/nodes', { metadata: { name: 'stand-in' } })
  })
  after(async () => {
    for (const backend of backends) backend.stop()
    await api.stop()
  })

  async function start(tls = false): Promise<Backend> {
    const backend = await startBackend(tls)
    backends.push(backend)
    return backend
  }

  async function serving(text: string, tls = false): Promise<number> {
    const backend = await start(tls)
    const type = text.startsWith('<') ? 'text/html' : 'text/plain'
    backend.answer = says((_, response) => void response.writeHead(200, { 'content-type': type }).end(text))
    return backend.port
  }

  async function run(name: string, { namespace, labels, ports }: Running): Promise<void> {
    const pods = `/api/v1/namespaces/${namespace}/pods`
    const spec = { nodeName: 'stand-in', containers: [{ name: 'agnhost', image: 'x', ports }] }
    await api.create(pods, { metadata: { name, labels }, spec })
    const ready = ['Ready', 'ContainersReady'].map(type => ({ type, status: 'True' }))
    const status = { phase: 'Running', podIP: address, podIPs: [{ ip: address }], conditions: ready }
    await api.patch(`${pods}/${name}/status`, { status })
  }

  const answered = (path: string, method = 'GET') =>
    api.until(
      path,
      () => api.call(method, path),
      ({ status }) => status !== 503,
    )

  test('[sig-network] Proxy version v1 should proxy through a service and a pod', async () => {
    const namespace = await api.namespace()
    const labels = { 'proxy-service-target': 'true' }
    const page = await serving('<a href="/rewriteme">test</a>')
    const [foo, bar, baz, qux] = [
      await serving('foo'),
      await serving('bar'),
      await serving('tls baz', true),
      await serving('tls qux', true),
    ]
    const tlsPage = await serving('<a href="/tlsrewriteme">test</a>', true)
    const ports = [
      { containerPort: page },
      { name: 'dest1', containerPort: foo },
      { name: 'tlsdest1', containerPort: baz },
    ]
    await run('porter', { namespace, labels, ports })
    await api.create(`/api/v1/namespaces/${namespace}/services`, {
      metadata: { name: 'proxy-service' },
      spec: {
        selector: labels,
        ports: [
          { name: 'portname1', port: 80, targetPort: 'dest1' },
          { name: 'portname2', port: 81, targetPort: bar },
          { name: 'tlsportname1', port: 443, targetPort: 'tlsdest1' },
          { name: 'tlsportname2', port: 444, targetPort: qux },
        ],
      },
    })
    const service = (name: string): string => `/api/v1/namespaces/${namespace}/services/${name}/proxy`
    const pod = (name: string): string => `/api/v1/namespaces/${namespace}/pods/${name}/proxy`
    const link = (at: string, to: string): string => `<a href="${at}/${to}">test</a>`
    const expectations = new Map([
      [service('proxy-service:portname1'), 'foo'],
      [service('http:proxy-service:portname1'), 'foo'],
      [service('proxy-service:portname2'), 'bar'],
      [service('http:proxy-service:portname2'), 'bar'],
      [service('https:proxy-service:tlsportname1'), 'tls baz'],
      [service('https:proxy-service:tlsportname2'), 'tls qux'],
      [pod(`porter:${foo}`), 'foo'],
      [pod(`http:porter:${foo}`), 'foo'],
      [pod(`porter:${bar}`), 'bar'],
      [pod(`https:porter:${baz}`), 'tls baz'],
      [pod(`https:porter:${qux}`), 'tls qux'],
    ])
    for (const at of [pod('porter'), pod(`porter:${page}`), pod(`http:porter:${page}`)])
      expectations.set(at, link(at, 'rewriteme'))
    const secure = pod(`https:porter:${tlsPage}`)
    expectations.set(secure, link(secure, 'tlsrewriteme'))
    for (const [path, text] of expectations) {
      const reply = await answered(`${path}/`)
      assert.deepEqual([reply.status, reply.text], [200, text], path)
    }
  })

  const methods = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']

  async function both(name: string): Promise<readonly string[]> {
    const namespace = await api.namespace()
    const backend = await start()
    const labels = { test: 'response' }
    await run('agnhost', { namespace, labels, ports: [{ containerPort: backend.port }] })
    await api.create(`/api/v1/namespaces/${namespace}/services`, {
      metadata: { name },
      spec: { selector: labels, ports: [{ port: 80, targetPort: backend.port, protocol: 'TCP' }] },
    })
    return [`pods/agnhost`, `services/${name}`].map(one => `/api/v1/namespaces/${namespace}/${one}/proxy`)
  }

  test('[sig-network] Proxy version v1 A set of valid responses are returned for both pod and service ProxyWithPath', async () => {
    for (const path of await both('test-service'))
      for (const method of methods) {
        const { status, json } = await answered(`${path}/some/path/with/${method}`, method)
        assert.equal(status, 200)
        if (method !== 'HEAD') assert.deepEqual([json.Method, json.Body], [method, 'foo'])
      }
  })

  test('[sig-network] Proxy version v1 A set of valid responses are returned for both pod and service Proxy', async () => {
    for (const path of await both('e2e-proxy-test-service')) {
      for (const method of methods.filter(one => one !== 'GET' && one !== 'HEAD')) {
        const { status, json } = await answered(`${path}?method=${method}`, method)
        assert.deepEqual([status, json.Method, json.Body], [200, method, 'foo'])
      }
      for (const method of ['GET', 'HEAD'])
        assert.equal((await answered(`${path}?method=${method}`, method)).status, 301)
    }
  })
})
