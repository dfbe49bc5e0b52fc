/** History and rollback against a real API, as somebody with few rights, and with somebody else in the way. */
import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { listSecrets } from '../../src/cli/secret-list.ts'
import { rollbackSecret, secretHistory } from '../../src/cli/secret-versions.ts'
import { type Wire, openWire } from '../api/wire.ts'

let wire: Wire
let kubeconfig: string
const secrets = '/api/v1/namespaces/default/secrets'
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const canary = 'canary-4711'
const options = () => ({ name: 'default', dataDir: '/nonexistent', kubeconfig })
const change = (name: string, text: string) =>
  wire.call('PATCH', `${secrets}/${name}`, {
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { data: { key: base64(text) } },
  })
const held = async (name: string): Promise<string> =>
  Buffer.from((await wire.call('GET', `${secrets}/${name}`)).json.data.key, 'base64').toString()

before(async () => {
  wire = await openWire({ controllers: false })
  kubeconfig = join(mkdtempSync(join(tmpdir(), 'secret-commands-')), 'config')
  writeFileSync(kubeconfig, await wire.cluster.kubeConfig(), { mode: 0o600 })
  await wire.call('POST', secrets, {
    body: { metadata: { name: 'db', labels: { a: 'b' } }, data: { key: base64(canary) } },
  })
  await change('db', 'two')
})
after(() => wire.stop())

test('back, and back again: each is a revision of its own, and labels stay', async () => {
  assert.match(await rollbackSecret('db', { ...options(), to: '1' }), /holds again what it held in revision 1/)
  assert.equal(await held('db'), canary)
  assert.equal((await wire.call('GET', `${secrets}/db`)).json.metadata.labels.a, 'b')
  assert.match(await rollbackSecret('db', { ...options(), to: '1' }), /holds what it held in revision 1/)
  assert.match(await rollbackSecret('db', { ...options(), to: '2' }), /holds again/)
  assert.equal(await held('db'), 'two')
  const text = await secretHistory('db', options())
  assert.equal(text.trim().split('\n').length, 5)
  assert.ok(!text.includes(canary) && !text.includes(base64(canary)))
})

test('what cannot be is said', async () => {
  await assert.rejects(rollbackSecret('db', { ...options(), to: '99' }), /these revisions are kept: 1, 2, 3/)
  await assert.rejects(rollbackSecret('none', { ...options(), to: '1' }), /nothing is kept of one/)
  await assert.rejects(secretHistory('none', options()), /nothing is kept of one/)
  await wire.call('POST', secrets, { body: { metadata: { name: 'fixed' }, data: { key: base64('a') } } })
  await change('fixed', canary)
  await change('fixed', 'c')
  await wire.call('PATCH', `${secrets}/fixed`, {
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { immutable: true },
  })
  await assert.rejects(rollbackSecret('fixed', { ...options(), to: '2' }), (error: Error) => {
    assert.match(error.message, /field is immutable/)
    assert.ok(!error.message.includes(canary) && !error.message.includes(base64(canary)))
    return true
  })
})

test('a Secret that is gone is made anew', async () => {
  await wire.call('POST', secrets, {
    body: {
      metadata: { name: 'gone' },
      type: 'kubernetes.io/basic-auth',
      data: { username: base64('u'), key: base64('k') },
    },
  })
  await wire.call('DELETE', `${secrets}/gone`)
  assert.match(await rollbackSecret('gone', { ...options(), to: '1' }), /made anew/)
  assert.equal((await wire.call('GET', `${secrets}/gone`)).json.type, 'kubernetes.io/basic-auth')
})

test('the list shows no values, and fetches none', async () => {
  const { text, note } = await listSecrets(options(), Date.now())
  assert.match(text, /^NAME +TYPE +AGE +CHANGED +EXPIRES +ROTATION +USED BY +LAST READ BY +AT\n/)
  assert.match(text, /\ndb +Opaque +\S+ +\S+ +- +- +- +- +-\n/)
  assert.match(note, /no audit log on this machine/)
  const json = (await listSecrets({ ...options(), output: 'json', allNamespaces: true }, Date.now())).text
  assert.ok(!json.includes(base64('two')) && !json.includes(base64(canary)))
})
