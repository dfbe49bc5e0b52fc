/** Streams are asked about before anything is joined. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Setting, openSetting } from './setting.ts'

let setting: Setting

before(async () => {
  setting = await openSetting()
})
after(() => setting.stop())

const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-key': Buffer.alloc(16).toString('base64'),
  'sec-websocket-version': '13',
  'sec-websocket-protocol': 'v5.channel.k8s.io',
}

test('exec, attach and port-forward are asked about with their options', async () => {
  const { wire, hooks } = setting
  hooks.on('/streams', () => ({ allowed: false, status: { code: 403, message: 'no shells', reason: 'Forbidden' } }))
  const resources = ['pods/exec', 'pods/attach', 'pods/portforward']
  const rules = [{ operations: ['CONNECT'], apiGroups: [''], apiVersions: ['v1'], resources }]
  await setting.configure('Validating', 'streams', { rules, objectSelector: {} })
  await wire.call('POST', '/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'default' } } })
  const pod = { metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } }
  assert.equal((await wire.call('POST', '/api/v1/namespaces/default/pods', { body: pod })).status, 201)
  const at = '/api/v1/namespaces/default/pods/p'
  for (const path of [
    'exec?command=sh&command=-c&stdin=true&tty=1&container=c',
    'attach?stdout=true',
    'portforward?ports=80,81',
  ]) {
    const reply = await wire.call('GET', `${at}/${path}`, { headers: upgrade })
    assert.equal(reply.status, 403, reply.text)
    assert.match(reply.json.message, /^admission webhook "streams.example.com" denied the request: no shells$/)
  }
  assert.deepEqual(
    hooks
      .asked('/streams')
      .map(({ request }) => [request.operation, request.subResource, request.name, request.object, request.options]),
    [
      [
        'CONNECT',
        'exec',
        'p',
        { apiVersion: 'v1', kind: 'PodExecOptions', stdin: true, tty: true, container: 'c', command: ['sh', '-c'] },
        null,
      ],
      ['CONNECT', 'attach', 'p', { apiVersion: 'v1', kind: 'PodAttachOptions', stdout: true }, null],
      ['CONNECT', 'portforward', 'p', { apiVersion: 'v1', kind: 'PodPortForwardOptions', ports: [80, 81] }, null],
    ],
  )
})

test('what is allowed goes on to the node', async () => {
  const { wire, hooks } = setting
  hooks.on('/streams', () => ({ allowed: true }))
  const reply = await wire.call('GET', '/api/v1/namespaces/default/pods/p/exec?command=sh&stdout=1', {
    headers: upgrade,
  })
  // Nobody has registered the node that the pod is bound to: the stream was let through to there.
  assert.equal(reply.json.message, 'nodes "n" not found')
  assert.equal(hooks.asked('/streams').length, 4)
})
