import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, Secret } from '#kinds/facts/generated/types/core_v1.ts'
import type { KObject, ResourceRef } from '#api/metadata.ts'
import type { Objects } from '../objects.ts'
import { noRuntime, type RuntimeContainer } from '../runtime.ts'
import { quiet, quietPod } from './quiet.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const kept: Readonly<Record<string, Secret['data']>> = {
  'n/db': { password: base64('Canary-One\n'), short: base64('ab') },
  'n/pull': {
    '.dockerconfigjson': base64(
      JSON.stringify({ auths: { r: { auth: base64('u:Canary-Two'), password: 'Canary-Two' } } }),
    ),
  },
  'n/other': { key: base64('Not-Referred-To') },
}
const objects: Objects = {
  hold: () => Promise.resolve(undefined),
  peek: <O extends KObject>(_: ResourceRef<O>, key: string) =>
    (kept[key] === undefined
      ? undefined
      : { apiVersion: 'v1', kind: 'Secret', metadata: {}, data: kept[key] }) as unknown as O,
  release: () => undefined,
  stop: () => undefined,
}
const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'n' },
  spec: {
    imagePullSecrets: [{ name: 'pull' }],
    containers: [{ name: 'c', envFrom: [{ secretRef: { name: 'db' } }] }],
  },
}

test('what a runtime quotes of Secrets is taken out of what is told of the pod', () => {
  const said = `exec: "Canary-One": not found; authorization failed for u:Canary-Two (${base64('u:Canary-Two')}), "Canary-One\\n"; ab`
  assert.equal(
    quiet(objects, pod, said),
    'exec: "<redacted>": not found; authorization failed for <redacted> (<redacted>), "<redacted>"; ab',
  )
  assert.equal(quiet(objects, pod, 'Not-Referred-To'), 'Not-Referred-To')
})

test('so it is in the status of containers', () => {
  const container = (message: string): RuntimeContainer => ({
    id: 'x',
    name: 'c',
    sandbox: 's',
    attempt: 0,
    state: 'exited',
    createdAt: 0,
    startedAt: 0,
    finishedAt: 0,
    exitCode: 1,
    reason: '',
    message,
    image: '',
    imageRef: '',
    hash: '',
    logPath: '',
  })
  const found = { ...noRuntime, containers: [container('runc: "Canary-One" failed'), container('')] }
  assert.deepEqual(
    quietPod(objects, pod, found).containers.map(one => one.message),
    ['runc: "<redacted>" failed', ''],
  )
  const silent = { ...noRuntime, containers: [container('')] }
  assert.equal(quietPod(objects, pod, silent), silent)
})
