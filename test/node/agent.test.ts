/** Pods on real containers: they come up as specified, are kept up, survive the agent, and leave nothing behind. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { configMaps, events, pods, secrets } from '#kinds/facts/generated/refs.ts'
import { mountsUnder } from '#node/containerd/purge.ts'
import { skip } from './engines.ts'
import { busybox, isReady, type Plane, processes, startPlane } from './plane.ts'

let plane: Plane
const forever = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done']

before(async () => {
  if (skip === false) plane = await startPlane(21)
})
after(async () => {
  if (skip !== false) return
  const { dir, name } = plane.options
  await plane.stop()
  assert.equal(existsSync(dir), false)
  assert.deepEqual(mountsUnder(readFileSync('/proc/self/mountinfo', 'utf8'), dir), [])
  assert.equal(processes().includes(dir), false)
  assert.equal(existsSync(`/sys/fs/cgroup/memory/${name}`), false)
})

test('a pod with an init container, environment, volumes and limits', { skip, timeout: 60_000 }, async () => {
  const { client } = plane
  const metadata = { name: 'settings', namespace: 'default' }
  await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { color: 'blue' } })
  const data = { key: Buffer.from('secret value').toString('base64') }
  await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { ...metadata, name: 'hidden' }, data })
  await plane.create('full', {
    initContainers: [
      {
        name: 'init',
        image: busybox,
        command: ['sh', '-c', 'echo made > /work/file'],
        resources: { limits: { memory: '16Mi' } },
        volumeMounts: [{ name: 'work', mountPath: '/work' }],
      },
    ],
    containers: [
      {
        name: 'main',
        image: busybox,
        command: forever,
        env: [
          { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } },
          { name: 'TEXT', value: 'is $(COLOR)' },
          { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        ],
        resources: { limits: { memory: '64Mi', cpu: '500m' } },
        securityContext: {
          runAsUser: 1000,
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [
          { name: 'work', mountPath: '/work', subPath: 'file', readOnly: true },
          { name: 'settings', mountPath: '/settings' },
          { name: 'hidden', mountPath: '/hidden' },
          { name: 'memory', mountPath: '/memory' },
        ],
      },
    ],
    volumes: [
      { name: 'work', emptyDir: {} },
      { name: 'settings', configMap: { name: 'settings' } },
      { name: 'hidden', secret: { secretName: 'hidden', defaultMode: 0o400 } },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    ],
    securityContext: { fsGroup: 2000 },
  })
  const pod = await plane.until('full', isReady)
  assert.equal(pod.status?.phase, 'Running')
  assert.equal(pod.status.qosClass, 'Burstable')
  assert.equal(pod.status.initContainerStatuses?.[0]?.state?.terminated?.reason, 'Completed')
  assert.match(pod.status.podIP ?? '', /^10\.251\.21\./)
  const look =
    'echo $COLOR/$TEXT/$IP; id -u; id -G; cat /work; cat /settings/color; cat /hidden/key; echo; touch /x 2>&1; grep -E "Seccomp:|NoNewPrivs|CapBnd" /proc/self/status; cat /etc/resolv.conf /etc/hosts; df /memory | tail -1'
  const seen = await plane.exec('full', ['sh', '-c', look])
  assert.match(
    seen,
    new RegExp(`^blue/is blue/${pod.status.podIP}\n1000\n0 2000\nmade\nblue`.replace('0 2000', '.*2000')),
  )
  assert.match(seen, /secret value\n.*Read-only file system/)
  assert.match(seen, /CapBnd:\t0+\n/)
  assert.match(seen, /NoNewPrivs:\t1\nSeccomp:\t2/)
  assert.match(seen, /search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/)
  assert.match(seen, /nameserver 10\.96\.0\.10/)
  assert.match(seen, new RegExp(`${pod.status.podIP}\tfull`))
  assert.match(seen, /tmpfs +1024/)
  const group = `/sys/fs/cgroup/memory/${plane.options.name}/pod${pod.metadata.uid}`
  assert.equal(readFileSync(`${group}/memory.limit_in_bytes`, 'utf8').trim(), String(64 << 20))

  await client.patch(configMaps, 'default/settings', { type: 'merge', content: { data: { color: 'green' } } })
  for (let tries = 0; tries < 50 && (await plane.exec('full', ['cat', '/settings/color'])) !== 'green'; tries++)
    await sleep(50)
  assert.equal(await plane.exec('full', ['cat', '/settings/color']), 'green')
  const reasons = new Set((await client.list(events, { namespace: 'default' })).items.map(one => one.reason))
  for (const reason of ['Pulled', 'Created', 'Started']) assert.ok(reasons.has(reason), reason)

  await client.delete(pods, 'default/full', { gracePeriodSeconds: 1 })
  await plane.gone('full')
  for (let tries = 0; tries < 100 && existsSync(join(plane.options.dir, 'pods', pod.metadata.uid ?? '')); tries++)
    await sleep(20)
  assert.equal(existsSync(join(plane.options.dir, 'pods', pod.metadata.uid ?? '')), false)
  assert.equal(existsSync(group), false)
})

test(
  'a container that ends is started again, then backs off; one that must not is left',
  { skip, timeout: 60_000 },
  async () => {
    await plane.create('crash', {
      containers: [
        { name: 'c', image: busybox, command: ['sh', '-c', 'echo last words > /dev/termination-log; exit 3'] },
      ],
    })
    await plane.create('once', {
      restartPolicy: 'Never',
      containers: [{ name: 'c', image: busybox, command: ['sh', '-c', 'exit 0'] }],
    })
    const crashed = await plane.until(
      'crash',
      pod => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff',
    )
    const [status] = crashed.status?.containerStatuses ?? []
    assert.equal(status?.restartCount, 1)
    assert.equal(status.lastState?.terminated?.exitCode, 3)
    assert.equal(status.lastState.terminated.message, 'last words\n')
    assert.equal(status.lastState.terminated.reason, 'Error')
    assert.match(
      status.state?.waiting?.message ?? '',
      /^back-off 10s restarting failed container=c pod=crash_default\(/,
    )
    assert.equal(crashed.status?.phase, 'Running')
    const once = await plane.until('once', pod => pod.status?.phase === 'Succeeded')
    assert.equal(once.status?.containerStatuses?.[0]?.state?.terminated?.reason, 'Completed')
    for (const name of ['crash', 'once']) await plane.client.delete(pods, `default/${name}`, { gracePeriodSeconds: 1 })
    await Promise.all(['crash', 'once'].map(name => plane.gone(name)))
  },
)

test('probes decide readiness and restarts', { skip, timeout: 60_000 }, async () => {
  await plane.create('probed', {
    containers: [
      {
        name: 'c',
        image: busybox,
        command: [
          'sh',
          '-c',
          'touch /tmp/alive; (sleep 1; touch /tmp/ready) & mkdir /w; echo hi > /w/index.html; httpd -f -p 8080 -h /w & trap "exit 0" TERM; while :; do sleep 0.1; done',
        ],
        ports: [{ name: 'web', containerPort: 8080 }],
        startupProbe: { httpGet: { path: '/index.html', port: 'web' }, periodSeconds: 1, failureThreshold: 10 },
        readinessProbe: { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 1 },
        livenessProbe: { exec: { command: ['test', '-e', '/tmp/alive'] }, periodSeconds: 1, failureThreshold: 1 },
      },
    ],
  })
  const running = await plane.until('probed', pod => pod.status?.containerStatuses?.[0]?.started === true)
  assert.equal(isReady(running), false)
  await plane.until('probed', isReady)
  await plane.exec('probed', ['rm', '/tmp/alive'])
  const again = await plane.until('probed', pod => pod.status?.containerStatuses?.[0]?.restartCount === 1)
  assert.ok(again.status?.containerStatuses?.[0]?.lastState?.terminated !== undefined)
  await plane.client.delete(pods, 'default/probed', { gracePeriodSeconds: 1 })
  await plane.gone('probed')
})

test('what cannot start says why', { skip, timeout: 60_000 }, async () => {
  await plane.create('nowhere', {
    containers: [{ name: 'c', image: 'localhost:1/none:1', imagePullPolicy: 'IfNotPresent' }],
  })
  await plane.create('unset', {
    containers: [
      { name: 'c', image: busybox, env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'absent', key: 'k' } } }] },
    ],
  })
  await plane.create('rootless', {
    containers: [{ name: 'c', image: busybox, securityContext: { runAsNonRoot: true } }],
  })
  const reason =
    (wanted: string) =>
    (pod: { status?: { containerStatuses?: readonly { state?: { waiting?: { reason?: string } } }[] } }): boolean =>
      pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === wanted
  await plane.until('nowhere', reason('ErrImagePull'))
  await plane.until('nowhere', reason('ImagePullBackOff'))
  const unset = await plane.until('unset', reason('CreateContainerConfigError'))
  assert.equal(unset.status?.containerStatuses?.[0]?.state?.waiting?.message, 'secret "absent" not found')
  const rootless = await plane.until('rootless', reason('CreateContainerConfigError'))
  assert.match(
    rootless.status?.containerStatuses?.[0]?.state?.waiting?.message ?? '',
    /^container has runAsNonRoot and image will run as root/,
  )
  for (const name of ['nowhere', 'unset', 'rootless'])
    await plane.client.delete(pods, `default/${name}`, { gracePeriodSeconds: 1 })
  await Promise.all(['nowhere', 'unset', 'rootless'].map(name => plane.gone(name)))
})

test('a new agent adopts what runs and ends what is no longer known', { skip, timeout: 60_000 }, async () => {
  await plane.create('stays', { containers: [{ name: 'c', image: busybox, command: forever }] })
  await plane.create('leaves', { containers: [{ name: 'c', image: busybox, command: forever }] })
  const first = await plane.until('stays', isReady)
  await plane.until('leaves', isReady)
  await plane.agent.stop()
  await plane.client.delete(pods, 'default/leaves', { gracePeriodSeconds: 0 })
  await plane.startAgent()
  await sleep(500)
  const second = await plane.until('stays', isReady)
  assert.equal(second.status?.containerStatuses?.[0]?.containerID, first.status?.containerStatuses?.[0]?.containerID)
  assert.equal(second.status?.containerStatuses?.[0]?.restartCount, 0)
  const left = (): number => plane.agent.pods().length
  for (let tries = 0; tries < 200 && left() > 1; tries++) await sleep(50)
  assert.deepEqual(
    plane.agent.pods().map(({ pod }) => pod.metadata.name),
    ['stays'],
  )
  const { items } = await plane.containerd.cri.runtime.listPodSandbox({})
  assert.equal(items.length, 1)
  assert.deepEqual(readdirSync(join(plane.options.dir, 'pods')), [first.metadata.uid])
  await plane.client.delete(pods, 'default/stays', { gracePeriodSeconds: 1 })
  await plane.gone('stays')
})
