/** What leads from an object to a node, and what a node that was taken over gets of what others use. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft, GroupResource, KObject } from '#api/metadata.ts'
import type { Attributes, User } from '#api/request.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import type { Verdict } from './authorize.ts'
import { makeNodeAuthorizer } from './node.ts'

const clock = { now: () => 0, monotonic: () => 0, after: () => () => undefined }
const agent = (node: string): User =>
  ({ name: `system:node:${node}`, groups: ['system:nodes'], source: 'test' }) as unknown as User

function opened() {
  const store = openMemoryStore({ clock, decode: (_, text): KObject => JSON.parse(text) })
  const nodes = makeNodeAuthorizer(store)
  const put = async (resource: GroupResource, key: string, rest: object): Promise<void> => {
    const [name = '', namespace] = key.split('/').toReversed()
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }) }
    const object = { apiVersion: 'v1', kind: 'X', metadata, ...rest } as Draft<KObject>
    const { ok } = await store.commit([{ type: 'put', resource, key, managed: '', object }])
    assert.ok(ok)
  }
  const remove = (resource: GroupResource, key: string) => store.commit([{ type: 'delete', resource, key }])
  /** @param what `verb resource[/subresource][.group] [namespace/]name` */
  const may = (node: string, what: string, rest: Partial<Attributes> = {}): boolean => {
    const [verb = '', resource = '', key = ''] = what.split(' ')
    const [, plural = '', subresource = '', group = ''] = /^([^./]+)(?:\/([^.]+))?(?:\.(.+))?$/.exec(resource) ?? []
    const [name = '', namespace = ''] = key.split('/').toReversed()
    const asked = { verb, resourceRequest: true, group, version: 'v1', resource: plural, subresource, namespace, name }
    return (nodes.authorizer(agent(node), { ...asked, ...rest } as Attributes) as Verdict).opinion === 'allow'
  }
  const close = async (): Promise<void> => {
    nodes.close()
    await store.close()
  }
  return { put, remove, may, close }
}

test('a claim that is made from a template is read where the pod runs whose status names it', async () => {
  const { put, may, close } = opened()
  const get = 'get resourceclaims.resource.k8s.io'
  const pod = (nodeName: string, status: object, resourceClaims: readonly object[] = [template]) => ({
    spec: { nodeName, resourceClaims },
    status,
  })
  const template = { name: 'gpu', resourceClaimTemplateName: 'gpus' }
  const made = { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'p-gpu-x7' }] }
  await put('pods', 'n/p', pod('one', {}))
  assert.equal(may('one', `${get} n/p-gpu-x7`), false, 'it is not made yet')
  await put('pods', 'n/p', pod('one', made))
  assert.equal(may('one', `${get} n/p-gpu-x7`), true)
  assert.equal(may('two', `${get} n/p-gpu-x7`), false, 'another node')
  assert.equal(may('one', `${get} m/p-gpu-x7`), false, 'another namespace')
  assert.equal(may('one', `update resourceclaims/status.resource.k8s.io n/p-gpu-x7`), false)
  // A status that speaks of claims that the pod does not ask for gives nothing, nor one that needs none.
  await put('pods', 'n/p', pod('one', { resourceClaimStatuses: [{ name: 'other', resourceClaimName: 'prize' }] }))
  assert.equal(may('one', `${get} n/prize`), false)
  await put('pods', 'n/p', pod('one', { resourceClaimStatuses: [{ name: 'gpu' }] }))
  assert.equal(may('one', `${get} n/`), false)
  // One that is named counts by its own name, whatever the status says.
  const direct = [{ name: 'gpu', resourceClaimName: 'shared' }]
  await put('pods', 'n/p', pod('one', made, direct))
  assert.deepEqual([may('one', `${get} n/shared`), may('one', `${get} n/p-gpu-x7`)], [true, false])
  await put('pods', 'n/p', pod('one', { extendedResourceClaimStatus: { resourceClaimName: 'extended' } }, []))
  assert.deepEqual([may('one', `${get} n/extended`), may('two', `${get} n/extended`)], [true, false])
  const mirror = { metadata: { name: 'p', namespace: 'n', annotations: { 'kubernetes.io/config.mirror': 'x' } } }
  await put('pods', 'n/p', { ...pod('one', made), ...mirror })
  assert.equal(may('one', `${get} n/p-gpu-x7`), false, 'a mirror pod')
  await close()
})

test('a volume is read by the node whose pod has the claim that it is bound to', async () => {
  const { put, remove, may, close } = opened()
  const uses = (nodeName: string, volumes: readonly object[]) => ({ spec: { nodeName, volumes } })
  await put('pods', 'n/a', uses('one', [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }]))
  await put('pods', 'n/b', uses('two', [{ name: 'tmp', ephemeral: {} }]))
  const bound = (name: string, claim: object | undefined) =>
    put('persistentvolumes', name, { spec: claim === undefined ? {} : { claimRef: claim } })
  await bound('pv-data', { namespace: 'n', name: 'data' })
  await bound('pv-tmp', { namespace: 'n', name: 'b-tmp' })
  await bound('pv-far', { namespace: 'm', name: 'data' })
  await bound('pv-free', undefined)
  const readable = (node: string) =>
    ['pv-data', 'pv-tmp', 'pv-far', 'pv-free', 'pv-none'].filter(name => may(node, `get persistentvolumes ${name}`))
  assert.deepEqual([readable('one'), readable('two'), readable('three')], [['pv-data'], ['pv-tmp'], []])
  for (const verb of ['list', 'watch', 'update', 'patch', 'delete'])
    assert.equal(may('one', `${verb} persistentvolumes pv-data`), false, verb)
  assert.equal(may('one', 'list persistentvolumes', { fieldSelector: 'metadata.name=pv-data' }), false)
  assert.equal(may('one', 'get persistentvolumes/status pv-data'), false)
  // Where a volume is made larger, its node says so in the claim.
  const resized = (node: string) =>
    ['update', 'patch', 'get', 'delete'].filter(verb => may(node, `${verb} persistentvolumeclaims/status n/data`))
  assert.deepEqual([resized('one'), resized('two')], [['update', 'patch'], []])
  await remove('pods', 'n/a')
  assert.deepEqual(readable('one'), [])
  await close()
})

test('attachments and slices are those of the node itself', async () => {
  const { put, may, close } = opened()
  for (const nodeName of ['one', 'two']) {
    await put('volumeattachments.storage.k8s.io', `to-${nodeName}`, { spec: { nodeName } })
    await put('resourceslices.resource.k8s.io', `of-${nodeName}`, { spec: { nodeName } })
  }
  const attachments = 'volumeattachments.storage.k8s.io'
  assert.equal(may('one', `get ${attachments} to-one`), true)
  for (const what of [
    `get ${attachments} to-two`,
    `get ${attachments} none`,
    `list ${attachments}`,
    `get ${attachments}`,
  ])
    assert.equal(may('one', what), false, what)
  const slices = 'resourceslices.resource.k8s.io'
  for (const verb of ['get', 'update', 'patch', 'delete']) {
    assert.equal(may('one', `${verb} ${slices} of-one`), true, verb)
    assert.equal(may('one', `${verb} ${slices} of-two`), false, verb)
    assert.equal(may('one', `${verb} ${slices}`), false, verb)
  }
  for (const verb of ['list', 'watch', 'deletecollection']) {
    assert.equal(may('one', `${verb} ${slices}`, { fieldSelector: 'spec.nodeName=one' }), true, verb)
    for (const fieldSelector of ['', 'spec.nodeName=two', 'spec.nodeName!=two', 'spec.driver=one'])
      assert.equal(may('one', `${verb} ${slices}`, { fieldSelector }), false, `${verb} ${fieldSelector}`)
  }
  assert.equal(may('one', `create ${slices}`), true)
  assert.equal(may('one', 'update resourceslices/status.resource.k8s.io of-one'), false)
  await close()
})

test('where nothing tells of changes any more, pods are read again', async () => {
  const store = openMemoryStore({ clock, decode: (_, text): KObject => JSON.parse(text) })
  const ends: (() => void)[] = []
  const watched = store.watch.bind(store)
  const watch: typeof store.watch = (resources, since, watcher) => {
    const stop = watched(resources, since, watcher)
    ends.push(() => {
      stop()
      watcher.onEnd('failed')
    })
    return stop
  }
  const nodes = makeNodeAuthorizer(Object.assign(store, { watch }))
  const asked = { verb: 'get', resourceRequest: true, group: '', version: 'v1', resource: 'pods', subresource: '' }
  const reads = (): boolean => {
    const attributes = { ...asked, namespace: 'n', name: 'p' } as Attributes
    return (nodes.authorizer(agent('one'), attributes) as Verdict).opinion === 'allow'
  }
  const put = (nodeName: string) => {
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'n' }, spec: { nodeName } }
    return store.commit([{ type: 'put', resource: 'pods', key: 'n/p', managed: '', object }])
  }
  await put('one')
  assert.equal(reads(), true)
  ends[0]?.()
  await put('two')
  assert.equal(reads(), false)
  await put('one')
  assert.equal(reads(), true, 'and followed again')
  nodes.close()
  await store.close()
})
