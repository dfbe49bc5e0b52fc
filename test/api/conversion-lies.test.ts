/** Webhooks that lie, redirect, talk too much, or are somebody else. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { makeAuthority } from '#pki/issue.ts'
import { definition, definitions, established, mergePatch, removed, removedAll } from './definitions.ts'
import {
  type Hook,
  type Respond,
  type Review,
  answer,
  convert,
  honest,
  one,
  startHook,
  two,
  v1,
  versions,
} from './hook.ts'
import { type Reply, type Wire, openWire } from './wire.ts'

let wire: Wire
let hook: Hook
before(async () => {
  wire = await openWire()
  hook = await startHook()
})
after(async () => {
  hook.stop()
  await wire.stop()
})
beforeEach(() => {
  hook.respond = honest
  hook.calls = []
})
afterEach(async () => {
  hook.respond = honest
  await removedAll(wire)
})

const install = (stored: 'v1' | 'v2' = 'v1', config: object = {}): Promise<string> =>
  established(wire, { versions: versions(stored), spec: hook.conversion(config) })
const patch = (path: string, body: object) => wire.call('PATCH', path, { body, headers: mergePatch })

test('answers that are wrong are refused, and say why', async () => {
  await install()
  await wire.call('POST', one, { body: v1('a') })
  const converted = (review: Review): Reply['json'] => convert(review.request.objects[0], 'example.com/v2')
  const success =
    (objects: (review: Review) => readonly unknown[]): Respond =>
    (review, response) =>
      answer(response, review.request.uid, { result: { status: 'Success' }, convertedObjects: objects(review) })
  const table: readonly (readonly [Respond, RegExp])[] = [
    [(_, response) => void response.end('<html>'), /json parse error/],
    [
      (_, response) => void response.end('{}'),
      /expected webhook response of apiextensions\.k8s\.io\/v1, Kind=ConversionReview/,
    ],
    [(_, response) => answer(response, 'other', { result: { status: 'Success' } }), /expected response\.uid=/],
    [
      (review, response) =>
        answer(response, review.request.uid, { result: { status: 'Failed', message: 'cannot do that' } }),
      /failed: cannot do that$/,
    ],
    [
      (review, response) => answer(response, review.request.uid, { result: {} }),
      /response\.result\.status was '', not 'Success'/,
    ],
    [success(() => []), /returned 0 objects, expected 1/],
    [success(() => [null]), /invalid converted object at index 0: it is no object/],
    [
      success(review => [review.request.objects[0]]),
      /invalid groupVersion \(expected example\.com\/v2, received example\.com\/v1\)/,
    ],
    [success(review => [{ ...converted(review), kind: 'Other' }]), /invalid kind \(expected Widget, received Other\)/],
    [success(review => [{ ...converted(review), metadata: { name: 'b' } }]), /must have the same name: a != b/],
    [
      success(review => [{ ...converted(review), metadata: { ...converted(review).metadata, uid: 'x' } }]),
      /must have the same UID/,
    ],
    [
      success(review => [{ ...converted(review), metadata: { ...converted(review).metadata, labels: { a: 1 } } }]),
      /metadata\.labels\[a\] must be a string/,
    ],
    [
      success(review => [{ ...converted(review), metadata: { ...converted(review).metadata, labels: { '-': 'x' } } }]),
      /metadata\.labels: Invalid value: "-"/,
    ],
    [
      (_, response) => void response.writeHead(302, { location: 'https://127.0.0.1:1/' }).end(),
      /responded with the status code 302/,
    ],
    [(_, response) => void response.writeHead(500).end('no'), /an error on the server/],
    [(_, response) => void response.destroy(), /: EOF$/],
  ]
  for (const [lie, expected] of table) {
    hook.respond = lie
    const reply = await wire.call('GET', `${two}/a`)
    assert.equal(reply.status, 500, reply.text)
    assert.match(reply.json.message, expected)
    assert.match(reply.json.message, /^conversion webhook for example\.com\/v1, Kind=Widget /)
    assert.equal((await wire.call('GET', `${one}/a`)).status, 200)
  }
  hook.respond = success(review => [
    {
      ...converted(review),
      metadata: { ...converted(review).metadata, labels: { a: 'b' }, generation: 77, finalizers: ['x/y'] },
      extra: 1,
    },
  ])
  const { metadata, extra } = (await wire.call('GET', `${two}/a`)).json
  assert.deepEqual(
    [metadata.labels, metadata.generation, metadata.finalizers, extra],
    [{ a: 'b' }, 1, undefined, undefined],
  )
})

test('a webhook that never stops talking, or that somebody else answers for, is cut off', async () => {
  await install()
  await wire.call('POST', one, { body: v1('a') })
  hook.respond = (_, response) => {
    const chunk = Buffer.alloc(1024 * 1024, ' ')
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  }
  assert.match((await wire.call('GET', `${two}/a`)).json.message, /the response is larger than \d+ bytes/)
  await removed(wire, 'widgets.example.com')
  const other = await makeAuthority('other', Date.now())
  await install('v1', { caBundle: Buffer.from(other.cert).toString('base64') })
  hook.respond = honest
  await wire.call('POST', one, { body: v1('a') })
  const before = hook.calls.length
  assert.match(
    (await wire.call('GET', `${two}/a`)).json.message,
    /failed: Post "https:\/\/127\.0\.0\.1:\d+\/convert\?timeout=30s": .*certificate/,
  )
  assert.equal(hook.calls.length, before, 'nothing is sent to who cannot show the right certificate')
})

test('a bundle that is none is refused once the definition is settled', async () => {
  await install()
  const spec = hook.conversion({ caBundle: Buffer.from('nonsense').toString('base64') })
  assert.match(
    (await patch(`${definitions}/widgets.example.com`, { spec })).json.message,
    /webhookClientConfig\.caBundle: Invalid value/,
  )
  const created = await wire.call('POST', definitions, {
    body: definition({ plural: 'others', kind: 'Other', versions: versions('v1'), spec }),
  })
  assert.equal(created.status, 201)
})
