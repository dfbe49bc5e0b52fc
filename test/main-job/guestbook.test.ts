/** The main job: a new user types one command, applies a real application, and uses it. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { after, before, test } from 'node:test'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { unpacked } from '../tools/clients.ts'
import { type UserCluster, eventually, noContainers, startUserCluster } from '../tools/cluster.ts'

const run = promisify(execFile)
const example = join(import.meta.dirname, '../../examples/guestbook')
const options = { skip: noContainers }

let cluster: UserCluster
let address = ''

interface Reply {
  readonly code: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Each request on a connection of its own, so that each may meet another replica. */
function http(url: string, method = 'GET', body = ''): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { method, agent: false, timeout: 5000 }, answer => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => (text += part))
      answer.on('end', () => resolve({ code: answer.statusCode ?? 0, headers: answer.headers, body: text }))
      answer.on('error', reject)
    })
    asking.on('timeout', () => asking.destroy(new Error('timeout')))
    asking.on('error', reject)
    asking.end(body)
  })
}

const web = (path: string): string => `http://${address}:30080${path}`
const inNamespace = (...args: readonly string[]): Promise<string> => cluster.kubectl('-n', 'guestbook', ...args)
const ready = (name: string): Promise<string> => inNamespace('rollout', 'status', `deployment/${name}`, '--timeout=58s')

before(async () => {
  if (noContainers !== false) return
  cluster = await startUserCluster({ port: 16_443, images: ['busybox', 'redis', 'nginx', 'node'] })
  address = (
    await cluster.kubectl(
      'get',
      'nodes',
      '-o',
      'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}',
    )
  ).trim()
})
after(async () => {
  if (noContainers === false) await cluster.purge()
})

test('kubectl applies it, and it becomes ready', options, async () => {
  await cluster.kubectl('apply', '-f', example)
  for (const name of ['redis-leader', 'redis-follower', 'api', 'web']) await ready(name)
  assert.equal((await inNamespace('get', 'pods', '-o', 'name')).trim().split('\n').length, 8)
})

test('an entry written through one replica is read through another', options, async () => {
  const wrote = await eventually('a write', () => http(web('/api/entries'), 'POST', 'hello from the test'), {
    until: reply => reply.code === 201,
    seconds: 30,
  })
  const first = wrote.headers['x-served-by']
  const read = await eventually('a read by another replica', () => http(web('/api/entries')), {
    until: reply => reply.headers['x-served-by'] !== first && reply.body.includes('hello from the test'),
    seconds: 30,
  })
  assert.equal(read.code, 200)
})

test('its logs say so, and Redis has it', options, async () => {
  const logs = await Promise.all(
    (await inNamespace('get', 'pods', '-l', 'app=api', '-o', 'name'))
      .trim()
      .split('\n')
      .map(pod => inNamespace('logs', pod)),
  )
  assert.match(logs.join('\n'), /entry written/)
  const found = await inNamespace(
    'exec',
    'deploy/redis-leader',
    '--',
    'sh',
    '-c',
    'REDISCLI_AUTH="$(cat /run/secrets/redis/password)" redis-cli lrange entries 0 -1',
  )
  assert.match(found, /hello from the test/)
})

test(
  'nobody but the API reaches Redis, and posture finds nothing amiss but that images have no digest',
  options,
  async () => {
    const address = (await inNamespace('get', 'service', 'redis-leader', '-o', 'jsonpath={.spec.clusterIP}')).trim()
    const ask = `nc -w 3 ${address} 6379 < /dev/null 2>&1; echo ended`
    assert.match(await inNamespace('exec', 'deploy/web', '--', 'sh', '-c', ask), /No route to host/)
    assert.doesNotMatch(await inNamespace('exec', 'deploy/api', '--', 'sh', '-c', ask), /No route to host/)
    const reports = JSON.parse(await cluster.bulwark('posture', '-o', 'json')) as readonly {
      readonly results: readonly { readonly id: string; readonly state: string }[]
    }[]
    const failed = reports.flatMap(one => one.results.flatMap(({ id, state }) => (state === 'fail' ? [id] : [])))
    assert.deepEqual(failed, ['5.5.1', 'P3'])
  },
)

test('port-forward reaches it', options, async () => {
  const forward: ChildProcess = spawn(
    unpacked('kubectl'),
    ['--kubeconfig', cluster.kubeconfig, '-n', 'guestbook', 'port-forward', 'service/web', '18080:80'],
    { stdio: 'ignore' },
  )
  try {
    const page = await eventually('the page', () => http('http://127.0.0.1:18080/'), {
      until: reply => reply.code === 200,
      seconds: 20,
    })
    assert.match(page.body, /<h1>Guestbook<\/h1>/)
  } finally {
    forward.kill()
  }
})

test('a new front end rolls out under load without a failed request', options, async () => {
  let going = true
  const failed: string[] = []
  let done = 0
  const client = async (): Promise<void> => {
    while (going) {
      const reply = await http(web('/')).catch((error: unknown) => String(error))
      if (typeof reply === 'string' || reply.code !== 200)
        failed.push(typeof reply === 'string' ? reply : String(reply.code))
      done++
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  }
  const clientsUnderWay = Array.from({ length: 4 }, client)
  await inNamespace('set', 'env', 'deployment/web', 'RELEASE=2')
  await ready('web')
  await new Promise(resolve => setTimeout(resolve, 7000))
  going = false
  await Promise.all(clientsUnderWay)
  assert.deepEqual(failed, [])
  assert.ok(done > 100, `only ${done} requests were made`)
})

test('it scales to five and back', options, async () => {
  const count = async (): Promise<number> =>
    (await inNamespace('get', 'pods', '-l', 'app=web', '-o', 'name')).trim().split('\n').length
  await inNamespace('scale', 'deployment/web', '--replicas=5')
  await ready('web')
  assert.equal(await inNamespace('get', 'deployment/web', '-o', 'jsonpath={.status.readyReplicas}'), '5')
  await inNamespace('scale', 'deployment/web', '--replicas=3')
  await eventually('three pods', count, { until: found => found === 3, seconds: 60 })
})

const podLinks = async (): Promise<number> =>
  (await run('ip', ['-o', 'link', 'show', 'type', 'veth'])).stdout.split('\n').filter(line => /: veth/.test(line))
    .length

test('deleting the namespace takes every container, address and rule with it', options, async () => {
  const addresses = (await inNamespace('get', 'services', '-o', 'jsonpath={.items[*].spec.clusterIP}'))
    .trim()
    .split(' ')
  assert.equal(addresses.length, 4)
  await cluster.kubectl('delete', 'namespace', 'guestbook', '--timeout=55s')
  await eventually('links of pods', podLinks, { until: left => left === 0, seconds: 20 })
  // Both follow what the API says, a moment later: the proxy writes in batches, the plugin gives addresses back last.
  const rulesLeft = async (): Promise<readonly string[]> => {
    const { stdout: rules } = await run('nft', ['list', 'ruleset'])
    return [...addresses, '30080'].filter(gone => rules.includes(gone))
  }
  await eventually('rules of the services', rulesLeft, { until: left => left.length === 0, seconds: 10 })
  const taken = async (): Promise<readonly string[]> =>
    readdirSync(join(cluster.dir, 'default/n/containerd/ipam'), { recursive: true })
      .map(String)
      .filter(name => /10\.244\.\d+\.\d+$/.test(name))
  await eventually('addresses of pods', taken, { until: left => left.length === 0, seconds: 10 })
})
