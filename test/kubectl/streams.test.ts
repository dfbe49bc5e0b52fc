/** exec, attach, cp, logs and port-forward with the real kubectl on real containers, over WebSocket and over SPDY. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type Ran, type RunOptions, kubectl, unpacked } from '../tools/clients.ts'
import { type UserCluster, eventually, noContainers, startUserCluster } from '../tools/cluster.ts'

const run = promisify(execFile)
const options = { skip: noContainers, timeout: 120_000 }
let cluster: UserCluster
let dir: string

/** Says what it reads, and serves a page. */
const script =
  'mkdir -p /w && echo page > /w/index.html && httpd -p 8080 -h /w; echo started; while read line; do echo "heard $line"; done; sleep 3600'
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
    command: [sh, -c, '${script}']
    readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
`

before(async () => {
  if (noContainers !== false) return
  dir = await mkdtemp(join(tmpdir(), 'bw-streams-'))
  cluster = await startUserCluster({ port: 16_446, images: ['busybox'] })
  const applied = await kubectl(['apply', '-f', '-'], { kubeconfig: cluster.kubeconfig, input: manifest })
  assert.equal(applied.code, 0, applied.stderr)
  await cluster.kubectl('wait', 'pod/talker', '--for=condition=Ready', '--timeout=60s')
})
after(async () => {
  if (noContainers !== false) return
  await cluster.purge()
  await rm(dir, { recursive: true, force: true })
})

const k = (args: readonly string[], rest: Omit<RunOptions, 'kubeconfig'> = {}): Promise<Ran> =>
  kubectl(args, { kubeconfig: cluster.kubeconfig, ...rest })

const transports = {
  WebSocket: {},
  SPDY: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' },
} as const

for (const [name, env] of Object.entries(transports))
  describe(name, () => {
    test('exec: output, errors and exit code apart', options, async () => {
      const ran = await k(['exec', 'talker', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'], { env })
      assert.equal(ran.stdout, 'out\n')
      assert.match(ran.stderr, /^err\n/)
      assert.equal(ran.code, 7)
    })

    test('exec -i: a megabyte there and back, and its end', options, async () => {
      const input = randomBytes(512 * 1024).toString('hex')
      const ran = await k(['exec', '-i', 'talker', '--', 'cat'], { env, input })
      assert.equal(ran.code, 0, ran.stderr)
      assert.equal(
        createHash('sha256').update(ran.stdout).digest('hex'),
        createHash('sha256').update(input).digest('hex'),
      )
    })

    test('exec -it: a terminal of the right size', options, async () => {
      const command = `stty rows 37 cols 91; ${unpacked('kubectl')} --kubeconfig ${cluster.kubeconfig} exec -it talker -- sh -c "sleep 0.5; stty size; tty"`
      const { stdout } = await run('script', ['-qec', command, '/dev/null'], {
        env: { ...process.env, ...env },
        timeout: 60_000,
      })
      assert.match(stdout, /37 91/)
      assert.match(stdout, /\/dev\/pts\/\d/)
    })

    test('cp: into the pod and out of it', options, async () => {
      const [from, back] = [join(dir, `${name}.in`), join(dir, `${name}.out`)]
      await writeFile(from, randomBytes(700_000))
      const there = await k(['cp', from, `talker:/tmp/${name}`], { env })
      assert.equal(there.code, 0, there.stderr)
      const here = await k(['cp', `talker:/tmp/${name}`, back], { env })
      assert.equal(here.code, 0, here.stderr)
      assert.ok((await readFile(from)).equals(await readFile(back)))
    })

    test('attach -i: what is typed is heard', options, async () => {
      // An attachment ends with its input: that stays open until the answer is there.
      const typed = `(echo ${name}; sleep 2) | ${unpacked('kubectl')} --kubeconfig ${cluster.kubeconfig} attach -i talker`
      const ran = await run('sh', ['-c', typed], { env: { ...process.env, ...env }, timeout: 60_000 })
      assert.match(ran.stdout, new RegExp(`heard ${name}`))
    })

    test('port-forward: many connections, and one that nobody listens to', options, async () => {
      const port = name === 'SPDY' ? 18_081 : 18_082
      const forward: ChildProcess = spawn(
        unpacked('kubectl'),
        ['--kubeconfig', cluster.kubeconfig, 'port-forward', 'pod/talker', `${port}:8080`, `${port + 10}:9`],
        { stdio: 'ignore', env: { ...process.env, ...env } },
      )
      try {
        const page = async (at = port): Promise<string> => {
          const reply = await fetch(`http://127.0.0.1:${at}/`, { signal: AbortSignal.timeout(5_000) })
          return await reply.text()
        }
        await eventually('the page', () => page(), { until: text => text === 'page\n', seconds: 20 })
        const all = await Promise.all(Array.from({ length: 20 }, () => page()))
        assert.deepEqual([...new Set(all)], ['page\n'])
        await assert.rejects(page(port + 10))
      } finally {
        forward.kill()
      }
    })
  })

test('get --raw and proxy: pages through pods, services and nodes, without a forwarded port', options, async () => {
  const raw = async (path: string): Promise<string> => (await k(['get', '--raw', path])).stdout
  assert.equal(await raw('/api/v1/namespaces/default/pods/talker:8080/proxy/'), 'page\n')
  await cluster.kubectl('label', 'pod/talker', 'app=talker')
  await cluster.kubectl('expose', 'pod/talker', '--port=80', '--target-port=8080')
  const page = '/api/v1/namespaces/default/services/talker:80/proxy/index.html'
  await eventually('the page', () => raw(page), { until: text => text === 'page\n', seconds: 20 })
  const [node = ''] = (await cluster.kubectl('get', 'nodes', '-o', 'name')).trim().split('\n')
  assert.match(await raw(`/api/v1/nodes/${node.slice('node/'.length)}/proxy/pods`), /"name":"talker"/)
  const refused = await k(['get', '--raw', '/api/v1/namespaces/default/pods/talker:9/proxy/'])
  assert.match(refused.stderr, /error trying to reach service: dial tcp .*:9: connect: connection refused/)
})

test('logs: followed, since, limited, of a container that is not there', options, async () => {
  const followed = await k(['logs', '-f', 'talker'], { until: /started/ })
  assert.match(followed.stdout, /started/)
  assert.equal((await k(['logs', 'talker', '--tail=1', '--limit-bytes=5'])).stdout.length, 5)
  const none = await k(['logs', 'talker', '-c', 'nobody'])
  assert.equal(none.code, 1)
  assert.match(none.stderr, /container nobody is not valid for pod talker/)
})
