/** The images that other tests build on, and what only a whole node can show: sidecars, hooks, the host's network. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pods } from '#kinds/facts/generated/refs.ts'
import { skip } from './engines.ts'
import { busybox, isReady, type Plane, startPlane } from './plane.ts'

let plane: Plane
before(async () => {
  if (skip === false) plane = await startPlane(23, ['busybox', 'redis', 'nginx', 'node'])
})
after(async () => {
  if (skip === false) await plane.stop()
})

const remove = async (...names: readonly string[]): Promise<void> => {
  for (const name of names) await plane.client.delete(pods, `default/${name}`, { gracePeriodSeconds: 2 })
  await Promise.all(names.map(name => plane.gone(name)))
}

test('redis, nginx and node run as they are', { skip, timeout: 120_000 }, async () => {
  const code = 'require("http").createServer((q, r) => r.end("from node " + process.version)).listen(3000)'
  await plane.create('redis', { containers: [{ name: 'c', image: 'redis:7' }] })
  await plane.create('nginx', {
    containers: [{ name: 'c', image: 'nginx:1.29', readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1 } }],
  })
  await plane.create('node', {
    containers: [
      {
        name: 'c',
        image: 'node:26',
        command: ['node', '-e', code],
        readinessProbe: { tcpSocket: { port: 3000 }, periodSeconds: 1 },
      },
    ],
  })
  const [redis, nginx, node] = await Promise.all(['redis', 'nginx', 'node'].map(name => plane.until(name, isReady)))
  assert.equal(await plane.exec('redis', ['redis-cli', 'set', 'k', 'v']), 'OK')
  const fetch = (ip: string | undefined, port: number): Promise<string> =>
    plane.exec('redis', ['wget', '-qO-', `http://${ip}:${port}/`])
  assert.match(await fetch(nginx?.status?.podIP, 80), /Welcome/)
  assert.match(await fetch(node?.status?.podIP, 3000), /from node v26/)
  assert.ok(redis?.status?.podIP !== nginx?.status?.podIP)
  await remove('redis', 'nginx', 'node')
})

test('a sidecar is up before and after what it serves; hooks run at both ends', { skip, timeout: 60_000 }, async () => {
  const loop = 'while :; do sleep 0.1; done'
  const mounts = [{ name: 'w', mountPath: '/w' }]
  await plane.create('pair', {
    initContainers: [
      {
        name: 'side',
        image: busybox,
        restartPolicy: 'Always',
        command: ['sh', '-c', `trap "echo side >> /w/order; exit 0" TERM; echo up > /w/side; ${loop}`],
        startupProbe: { exec: { command: ['test', '-e', '/w/side'] }, periodSeconds: 1 },
        volumeMounts: mounts,
      },
    ],
    containers: [
      {
        name: 'main',
        image: busybox,
        command: ['sh', '-c', `cat /w/side > /w/seen; trap "echo main >> /w/order; exit 0" TERM; ${loop}`],
        volumeMounts: mounts,
        lifecycle: {
          postStart: { exec: { command: ['sh', '-c', 'echo started > /w/post'] } },
          preStop: { exec: { command: ['sh', '-c', 'echo stopping >> /w/order'] } },
        },
      },
    ],
    volumes: [{ name: 'w', hostPath: { path: `${plane.options.dir}/shared`, type: 'DirectoryOrCreate' } }],
    terminationGracePeriodSeconds: 5,
  })
  const pod = await plane.until('pair', isReady)
  assert.equal(pod.status?.initContainerStatuses?.[0]?.started, true)
  const read = (name: string): Promise<string> => readFile(`${plane.options.dir}/shared/${name}`, 'utf8')
  assert.equal(await read('seen'), 'up\n')
  assert.equal(await read('post'), 'started\n')
  await plane.client.delete(pods, 'default/pair', { gracePeriodSeconds: 5 })
  await plane.gone('pair')
  assert.equal(await read('order'), 'stopping\nmain\nside\n')
})

test(
  'a pod on the host network has its address; grace ends with the last signal',
  { skip, timeout: 60_000 },
  async () => {
    await plane.create('host', {
      hostNetwork: true,
      containers: [{ name: 'c', image: busybox, command: ['sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done'] }],
    })
    const pod = await plane.until('host', isReady)
    assert.equal(pod.status?.podIP, '127.0.0.1')
    const began = performance.now()
    await remove('host')
    const took = performance.now() - began
    assert.ok(took > 1_900 && took < 6_000, `${took}`)
  },
)

test('a host port leads to the pod', { skip, timeout: 60_000 }, async () => {
  const command = ['sh', '-c', 'mkdir /w; echo page > /w/index.html; httpd -f -p 8080 -h /w']
  const ports = [{ containerPort: 8080, hostPort: 18_231 }]
  const readinessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1 }
  await plane.create('port', { containers: [{ name: 'c', image: busybox, command, ports, readinessProbe }] })
  await plane.until('port', isReady)
  const own = Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .find(one => one.family === 'IPv4' && !one.internal && !one.address.startsWith('10.251.'))
  const answer = await fetch(`http://${own?.address}:18231/`)
  assert.equal(await answer.text(), 'page\n')
  await remove('port')
  await assert.rejects(fetch(`http://${own?.address}:18231/`))
})

test('a pod that must not restart fails with its exit code', { skip, timeout: 60_000 }, async () => {
  await plane.create('job', {
    restartPolicy: 'Never',
    containers: [{ name: 'c', image: busybox, command: ['sh', '-c', 'echo done; exit 7'] }],
  })
  const pod = await plane.until('job', one => one.status?.phase === 'Failed')
  assert.equal(pod.status?.containerStatuses?.[0]?.state?.terminated?.exitCode, 7)
  await sleep(100)
  await remove('job')
})
