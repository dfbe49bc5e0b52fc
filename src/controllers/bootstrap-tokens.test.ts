import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { configMaps, secrets } from '#kinds/facts/generated/refs.ts'
import type { Secret } from '#kinds/facts/generated/types/core_v1.ts'
import { timestamp } from '#base/clock.ts'
import { bootstrapSigner, tokenCleaner } from './bootstrap-tokens.ts'
import { makeWorld } from './world.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

const token = (id: string, more: Readonly<Record<string, string>> = {}): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
  type: 'bootstrap.kubernetes.io/token',
  data: Object.fromEntries(
    Object.entries({
      'token-id': id,
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-signing': 'true',
      ...more,
    }).map(([name, text]) => [name, base64(text)]),
  ),
})

test('a token whose time is over goes, another stays; no other secret is touched', async () => {
  const world = await makeWorld([tokenCleaner])
  const at = (seconds: number) => ({ expiration: timestamp(world.clock.now() + seconds * 1000) })
  await world.client.create(secrets, token('aaaaaa', at(60)))
  await world.client.create(secrets, token('bbbbbb'))
  await world.client.create(secrets, token('cccccc', { expiration: 'nonsense' }))
  await world.client.create(secrets, { ...token('dddddd', at(-60)), type: 'Opaque' })
  await world.settle()
  const ids = async () => (await world.list(secrets)).map(one => (one.metadata.name ?? '').slice(-6)).toSorted()
  assert.deepEqual(await ids(), ['aaaaaa', 'bbbbbb', 'dddddd'])
  await world.clock.advance(61_000)
  await world.settle()
  assert.deepEqual(await ids(), ['bbbbbb', 'dddddd'])
  await world.stop()
})

test('cluster-info is signed with each good token, and no longer when it is gone', async () => {
  const world = await makeWorld([bootstrapSigner])
  const kubeconfig = 'apiVersion: v1\n'
  await world.client.create(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'cluster-info', namespace: 'kube-public' },
    data: { kubeconfig, other: 'x', 'jws-kubeconfig-zzzzzz': 'stale' },
  })
  const made = await world.client.create(secrets, token('aaaaaa'))
  await world.client.create(secrets, token('bbbbbb', { 'usage-bootstrap-signing': 'false' }))
  await world.client.create(secrets, token('cccccc', { 'token-id': 'aaaaab' }))
  await world.settle()
  const data = async () => (await world.client.get(configMaps, 'kube-public/cluster-info')).data ?? {}
  assert.deepEqual(Object.keys(await data()).toSorted(), ['jws-kubeconfig-aaaaaa', 'kubeconfig', 'other'])
  const [head = '', body, signature] = (await data())['jws-kubeconfig-aaaaaa']?.split('.') ?? []
  assert.equal(Buffer.from(head, 'base64url').toString(), '{"alg":"HS256","kid":"aaaaaa"}')
  assert.equal(body, '')
  const signed = `${head}.${Buffer.from(kubeconfig).toString('base64url')}`
  assert.equal(signature, createHmac('sha256', '0123456789abcdef').update(signed).digest('base64url'))
  await world.client.delete(secrets, `kube-system/${made.metadata.name ?? ''}`)
  await world.settle()
  assert.deepEqual(Object.keys(await data()).toSorted(), ['kubeconfig', 'other'])
  await world.stop()
})
