/** Images from a real registry that wants a password: pulled with the pod's secret, refused without. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { pods, secrets } from '#kinds/facts/generated/refs.ts'
import { account, type Registry, startRegistry } from '../tools/registry.ts'
import { skip } from './engines.ts'
import { busybox, type Plane, startPlane } from './plane.ts'

const run = promisify(execFile)
let plane: Plane
let registry: Registry
let image: string

before(async () => {
  if (skip !== false) return
  ;[registry, plane] = await Promise.all([startRegistry(), startPlane(29)])
  image = `${registry.host}/team/busybox:1.37`
  const ctr = (...args: readonly string[]) =>
    run(`${plane.options.binaries}/ctr`, ['-a', plane.containerd.paths.socket, '-n', 'k8s.io', 'images', ...args])
  const known = (await ctr('ls', '-q')).stdout.split('\n').find(name => name.endsWith(busybox)) ?? busybox
  await ctr('tag', known, image)
  await ctr('push', '--plain-http', '--user', `${account.name}:${account.password}`, image)
  await ctr('rm', '--sync', image)
  const auth = Buffer.from(`${account.name}:${account.password}`).toString('base64')
  await plane.client.create(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'puller', namespace: 'default' },
    type: 'kubernetes.io/dockerconfigjson',
    data: {
      '.dockerconfigjson': Buffer.from(JSON.stringify({ auths: { [registry.host]: { auth } } })).toString('base64'),
    },
  })
})
after(async () => {
  if (skip !== false) return
  await plane.stop()
  await registry.stop()
})

const container = () => ({ name: 'c', image, command: ['sleep', '3600'], imagePullPolicy: 'Always' as const })

test('without its password the pod waits, and says why', { skip, timeout: 60_000 }, async () => {
  await plane.create('refused', { containers: [container()] })
  const found = await plane.until('refused', pod => {
    const reason = pod.status?.containerStatuses?.[0]?.state?.waiting?.reason ?? ''
    return reason === 'ErrImagePull' || reason === 'ImagePullBackOff'
  })
  assert.match(found.status?.containerStatuses?.[0]?.state?.waiting?.message ?? '', /team\/busybox:1\.37/)
  await plane.client.delete(pods, 'default/refused', { gracePeriodSeconds: 0 })
  await plane.gone('refused')
})

test("with the pod's secret it is pulled and runs", { skip, timeout: 60_000 }, async () => {
  await plane.create('pulled', { containers: [container()], imagePullSecrets: [{ name: 'puller' }] })
  const found = await plane.until('pulled', pod => pod.status?.phase === 'Running')
  assert.match(found.status?.containerStatuses?.[0]?.imageID ?? '', /@sha256:/)
  await plane.client.delete(pods, 'default/pulled', { gracePeriodSeconds: 0 })
  await plane.gone('pulled')
})

test('what the registry does not have is named', { skip, timeout: 60_000 }, async () => {
  const missing = { ...container(), image: `${registry.host}/team/nothing:1` }
  await plane.create('missing', { containers: [missing], imagePullSecrets: [{ name: 'puller' }] })
  const found = await plane.until(
    'missing',
    pod => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff',
  )
  assert.match(found.status?.containerStatuses?.[0]?.state?.waiting?.message ?? '', /nothing:1/)
  await plane.client.delete(pods, 'default/missing', { gracePeriodSeconds: 0 })
  await plane.gone('missing')
})
