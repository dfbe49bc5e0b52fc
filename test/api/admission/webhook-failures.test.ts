/** Webhooks that hang, lie, redirect, answer too much or nonsense: their failure policy decides, in their time. */
import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { after, before, test } from 'node:test'
import { type Answer, startHookServer } from './hook-server.ts'
import { type Setting, openSetting } from './setting.ts'

let setting: Setting

before(async () => {
  setting = await openSetting()
})
after(() => setting.stop())

const chunk = Buffer.alloc(1024 * 1024, 0x20)

/** How each of them fails, and what the client is told. */
const failures: readonly (readonly [name: string, answer: Answer, told: RegExp])[] = [
  ['hang', () => undefined, /Post \\?"https:.*\?timeout=1s\\?": context deadline exceeded/],
  [
    'drip',
    (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const dripping = setInterval(() => response.write(' '), 50)
      response.on('close', () => clearInterval(dripping))
    },
    /context deadline exceeded/,
  ],
  [
    'uid',
    () => ({ uid: 'another', allowed: true }),
    /received invalid webhook response: expected response.uid=".+", got "another"/,
  ],
  [
    'redirect',
    (_, response) => void response.writeHead(307, { location: setting.hooks.url('/allow') }).end(),
    /the server responded with the status code 307 but did not return more information/,
  ],
  [
    'busy',
    (_, response) => void response.writeHead(429).end('later'),
    /failed to call webhook: the server has received too many requests and has asked us to try again later/,
  ],
  [
    'always-later',
    (_, response) => void response.writeHead(429, { 'retry-after': '30' }).end(),
    /Post \\?"https:.*\?timeout=1s\\?": context deadline exceeded/,
  ],
  [
    'a-date',
    (_, response) => void response.writeHead(503, { 'retry-after': new Date().toUTCString() }).end(),
    /failed to call webhook: the server is currently unable to handle the request/,
  ],
  [
    'status',
    (_, response) =>
      void response
        .writeHead(500, { 'content-type': 'application/json' })
        .end('{"kind":"Status","apiVersion":"v1","status":"Failure","message":"as it says","code":500}'),
    /failed to call webhook: as it says$/,
  ],
  [
    'huge',
    (_, response) => {
      let left = 2048
      const more = (): void => {
        while (left-- > 0 && !response.destroyed) if (!response.write(chunk)) return
        response.end()
      }
      response.on('drain', more)
      response.on('error', () => undefined)
      response.writeHead(200, { 'content-type': 'application/json' })
      more()
    },
    /the response is larger than 3145728 bytes/,
  ],
  ['garbage', (_, response) => void response.end(Buffer.from([0, 1, 2, 255, 254])), /json parse error/],
  ['deep', (_, response) => void response.end('['.repeat(100_000)), /json parse error/],
  [
    'page',
    (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>'),
    /json parse error/,
  ],
  [
    'absent',
    (_, response) => void response.end('{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}'),
    /webhook response was absent/,
  ],
  ['close', (_, response) => void response.destroy(), /EOF/],
  [
    'cut',
    (_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{')
      setTimeout(() => response.destroy(), 10)
    },
    /EOF|unexpected/,
  ],
  [
    'error',
    (_, response) => void response.writeHead(500).end('oh'),
    /an error on the server \("oh"\) has prevented the request from succeeding/,
  ],
  ['missing', (_, response) => void response.writeHead(404).end(), /the server could not find the requested resource/],
  [
    'patch',
    () => ({ allowed: true, patchType: 'JSONPatch', patch: 'W10=' }),
    /validating webhook may not return response.patch/,
  ],
  [
    'proto',
    (_, response) => void response.end('{"__proto__":{"response":{"allowed":true}}}'),
    /webhook response was absent/,
  ],
]

for (const [name, answer, told] of failures)
  test(`${name}: refused with Fail, passed over with Ignore`, async () => {
    setting.hooks.on(`/${name}`, answer)
    await setting.configure('Validating', name, { timeoutSeconds: 1 })
    const refused = await setting.create(name)
    assert.equal(refused.status, 500)
    assert.match(
      refused.json.message,
      new RegExp(`^Internal error occurred: failed calling webhook "${name}.example.com": `),
    )
    assert.match(refused.json.message, told)
    await setting.remove('Validating', name)
    await setting.configure('Validating', name, { timeoutSeconds: 1, failurePolicy: 'Ignore' })
    assert.equal((await setting.create(name)).status, 201)
    await setting.remove('Validating', name)
  })

test('who says when to ask again is asked again, ten times at most', async () => {
  const { hooks } = setting
  let left = 2
  hooks.on('/later', (_, response) => {
    if (left-- === 0) return { allowed: true }
    response.writeHead(left === 0 ? 500 : 429, { 'retry-after': '0' }).end()
    return undefined
  })
  await setting.configure('Validating', 'later', { timeoutSeconds: 10 })
  assert.equal((await setting.create('later')).status, 201)
  assert.equal(hooks.asked('/later').length, 3)
  assert.equal(new Set(hooks.asked('/later').map(one => one.request.uid)).size, 1)
  await setting.remove('Validating', 'later')
  hooks.on('/never', (_, response) => void response.writeHead(503, { 'retry-after': '-1' }).end())
  await setting.configure('Mutating', 'never', { timeoutSeconds: 10 })
  assert.match((await setting.create('never')).json.message, /the server is currently unable to handle the request$/)
  assert.equal(hooks.asked('/never').length, 11)
  await setting.remove('Mutating', 'never')
})

test('who wants a second gets it, where the limit has one', async () => {
  const { hooks } = setting
  const times: number[] = []
  hooks.on('/second', (_, response) => {
    times.push(performance.now())
    if (times.length > 1) return { allowed: true }
    response.writeHead(429, { 'retry-after': '1' }).end()
    return undefined
  })
  await setting.configure('Validating', 'second', { timeoutSeconds: 10 })
  assert.equal((await setting.create('second')).status, 201)
  const [first = 0, second = 0] = times
  assert.ok(second - first >= 990)
  await setting.remove('Validating', 'second')
})

test('a certificate of another authority, a name that it is not for, nobody there', async () => {
  const { hooks } = setting
  hooks.on('/tls', () => ({ allowed: true }))
  const told = async (clientConfig: object): Promise<string> => {
    await setting.configure('Validating', 'tls', { clientConfig, timeoutSeconds: 5 })
    const { json } = await setting.create('tls')
    await setting.remove('Validating', 'tls')
    return json.message
  }
  const url = hooks.url('/tls')
  assert.match(
    await told({ url, caBundle: Buffer.from(setting.wire.tls.ca).toString('base64') }),
    /certificate signed by unknown authority/,
  )
  assert.match(await told({ url }), /certificate signed by unknown authority/)
  assert.match(
    await told({ url: 'https://127.0.0.1:1/x', caBundle: hooks.caBundle }),
    /dial tcp 127.0.0.1:1: connect: connection refused/,
  )
  assert.match(await told({ url: `https://[::1]:1/x`, caBundle: hooks.caBundle }), /connect: /)
  assert.equal(hooks.asked('/tls').length, 0)
  const other = await startHookServer(['hooks.example.org'])
  assert.match(
    await told({ url: other.url('/tls'), caBundle: other.caBundle }),
    /certificate is not valid for the name/,
  )
  await other.close()
})

test('a client that waits less than the webhook may take is told within its own time', async () => {
  setting.hooks.on('/waits', () => undefined)
  await setting.configure('Validating', 'waits', { timeoutSeconds: 30 })
  const { json } = await setting.create('waits', { query: '?timeout=300ms' })
  assert.match(json.message, /\?timeout=1s\\?": context deadline exceeded$/)
  await setting.remove('Validating', 'waits')
  await setting.configure('Validating', 'waits', { timeoutSeconds: 30, failurePolicy: 'Ignore' })
  const late = await setting.create('waits', { query: '?timeout=300ms' })
  assert.deepEqual(
    [late.status, late.json.message],
    [504, 'Timeout: request did not complete within requested timeout'],
  )
  assert.equal((await setting.create('waits', { query: '?timeout=soon' })).status, 400)
  await setting.remove('Validating', 'waits')
})

test('all that judge are asked at the same time', async () => {
  const names = ['a', 'b', 'c', 'd']
  const { promise, resolve } = Promise.withResolvers<void>()
  let waiting = 0
  setting.hooks.on('/together', async () => {
    if (++waiting === names.length) resolve()
    await promise
    return { allowed: true }
  })
  const clientConfig = { url: setting.hooks.url('/together'), caBundle: setting.hooks.caBundle }
  const objectSelector = { matchLabels: { for: 'together' } }
  for (const name of names) await setting.configure('Validating', name, { clientConfig, objectSelector })
  assert.equal((await setting.create('together')).status, 201)
  for (const name of names) await setting.remove('Validating', name)
})

test('a service is reached at a ready endpoint, and told from one that is not there', async () => {
  const { wire } = setting
  const service = { name: 'hook', namespace: 'default', path: '/svc', port: 8443 }
  const told = async (): Promise<string> => {
    await setting.configure('Validating', 'svc', { clientConfig: { service, caBundle: setting.hooks.caBundle } })
    const { json, status } = await setting.create('svc')
    await setting.remove('Validating', 'svc')
    return `${status} ${json.message}`
  }
  assert.match(await told(), /Post "https:\/\/hook.default.svc:8443\/svc\?timeout=10s": service "hook" not found/)
  const spec = { ports: [{ name: 'h', port: 443 }], selector: { a: 'b' } }
  await wire.call('POST', '/api/v1/namespaces/default/services', { body: { metadata: { name: 'hook' }, spec } })
  assert.match(await told(), /no service port 8443 found for service "hook"/)
  const ports = { spec: { ports: [{ name: 'h', port: 8443 }] } }
  const headers = { 'content-type': 'application/merge-patch+json' }
  await wire.call('PATCH', '/api/v1/namespaces/default/services/hook', { body: ports, headers })
  assert.match(await told(), /no endpoints available for service "hook"/)
  const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
  const slice = {
    metadata: { name: 'hook-1', labels: { 'kubernetes.io/service-name': 'hook' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: false } }],
    ports: [{ name: 'h', port: 8443 }],
  }
  await wire.call('POST', slices, { body: slice })
  assert.match(await told(), /no endpoints available for service "hook"/)
})

const outside = Object.values(networkInterfaces())
  .flatMap(list => list ?? [])
  .find(one => one.family === 'IPv4' && !one.internal && !one.address.startsWith('169.254.'))?.address

test(
  'a service is called at the address of its endpoint, by its own name',
  { skip: outside === undefined },
  async () => {
    const hooks = await startHookServer(['there.default.svc'], outside)
    hooks.on('/here', () => ({ allowed: false, status: { message: 'seen' } }))
    const { wire } = setting
    await wire.call('POST', '/api/v1/namespaces/default/services', {
      body: { metadata: { name: 'there' }, spec: { ports: [{ port: 443 }] } },
    })
    await wire.call('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      body: {
        metadata: { name: 'there-1', labels: { 'kubernetes.io/service-name': 'there' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: [outside], conditions: { ready: true } }],
        ports: [{ name: '', port: hooks.port }],
      },
    })
    const service = { name: 'there', namespace: 'default', path: '/here' }
    await setting.configure('Validating', 'there', { clientConfig: { service, caBundle: hooks.caBundle } })
    const { json } = await setting.create('there')
    assert.equal(json.message, 'admission webhook "there.example.com" denied the request: seen')
    await hooks.close()
  },
)
