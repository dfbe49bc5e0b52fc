import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfiguration } from './configuration.ts'

const secret = Buffer.alloc(32, 1).toString('base64')
const good = { aescbc: { keys: [{ name: 'key1', secret }] } }
const of = (...resources: readonly unknown[]) => ({
  kind: 'EncryptionConfiguration',
  apiVersion: 'apiserver.config.k8s.io/v1',
  resources,
})
const entry = (resources: readonly string[], ...providers: readonly unknown[]) => ({ resources, providers })
const message = (value: unknown): string => {
  try {
    readConfiguration(value)
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : ''
  }
}

test('a configuration is read with its keys in their order and the usual timeout', () => {
  const kms = { apiVersion: 'v2', name: 'mine', endpoint: 'unix:///run/kms.sock' }
  const read = readConfiguration(
    of(
      entry(['secrets', 'configmaps'], { kms: { ...kms, timeout: '1m1.5s' } }, good, { identity: {} }),
      entry(['*.apps'], { kms: { ...kms, name: 'other', endpoint: 'unix:///@abstract' } }),
    ),
  )
  assert.deepEqual(read[0]?.providers[0], { type: 'kms', name: 'mine', socket: '/run/kms.sock', timeout: 61_500 })
  assert.deepEqual(read[0]?.providers[2], { type: 'identity' })
  assert.deepEqual(read[1]?.providers[0], { type: 'kms', name: 'other', socket: '@abstract', timeout: 3000 })
})

test("what is wrong is said in upstream's words, and no secret is", () => {
  const key = (more: object) => ({ aesgcm: { keys: [{ name: 'k', secret, ...more }] } })
  const kms = (more: object) => ({ kms: { apiVersion: 'v2', name: 'k', endpoint: 'unix:///x', ...more } })
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [of(), /^resources: Required value: at least one resources is required$/],
    [
      of(entry([], good)),
      /^resources\[0\]\.resources: Required value: at least one resources\[0\]\.resources is required/,
    ],
    [of(entry(['secrets'])), /^resources\[0\]\.providers: Required value: at least one/],
    [
      of(entry(['secrets'], {})),
      /providers\[0\]: Invalid value: .*does not contain any of the expected providers: KMS, AESGCM/,
    ],
    [of(entry(['secrets'], { ...good, identity: {} })), /more than one provider specified in a single element/],
    [
      of(entry(['secrets'], key({ name: '' }))),
      /aesgcm\.keys\[0\]\.name: Required value: name is a mandatory field for a key/,
    ],
    [of(entry(['secrets'], key({ secret: '' }))), /secret: Required value: secret is a mandatory field for a key/],
    [
      of(entry(['secrets'], key({ secret: 'hidden!' }))),
      /secret: Invalid value: "REDACTED": secrets must be base64 encoded/,
    ],
    [
      of(entry(['secrets'], key({ secret: 'aGlkZGVu' }))),
      /"REDACTED": secret is not of the expected length, got 6, expected one of \[16 24 32\]/,
    ],
    [
      of(entry(['secrets'], { secretbox: { keys: [{ name: 'k', secret: Buffer.alloc(16).toString('base64') }] } })),
      /got 16, expected one of \[32\]/,
    ],
    [of(entry(['secrets'], { aescbc: { keys: [] } })), /aescbc\.keys: Required value: at least one keys is required/],
    [of(entry(['Secrets'], good)), /resource name should not contain capital letters/],
    [of(entry(['*'], good)), /use '\*\.' to encrypt all the resources from core API group/],
    [of(entry(['events.events.k8s.io'], good)), /are stored using the 'events' API group/],
    [of(entry(['ingresses.extensions'], good)), /'extensions' group has been removed/],
    [of(entry(['pods.*'], good)), /encrypting the same resource across groups is not supported/],
    [of(entry(['serviceipallocations'], good)), /do not have REST API/],
    [of(entry(['secrets', 'secrets'], good)), /the same resource cannot be specified multiple times/],
    [of(entry(['secrets', '*.'], good)), /will be masked/],
    [of(entry(['pods.apps', '*.*'], good)), /will be masked/],
    [of(entry(['*.*'], good), entry(['secrets'], good)), /resource "secrets" is masked by earlier rule "\*\.\*"/],
    [of(entry(['*.'], good), entry(['secrets'], good)), /resource "secrets" is masked by earlier rule "\*\."/],
    [of(entry(['secrets'], kms({ name: '' }))), /name: Required value: name is a mandatory field for a provider/],
    [of(entry(['secrets'], kms({ name: 'a:b' }))), /invalid KMS provider name a:b, must not contain ':'/],
    [of(entry(['secrets'], kms({}), kms({}))), /duplicate KMS provider name k, names must be unique/],
    [of(entry(['secrets'], kms({ endpoint: '' }))), /endpoint is a mandatory field for a kms/],
    [
      of(entry(['secrets'], kms({ endpoint: 'http://x' }))),
      /unsupported scheme "http" for KMS provider, only unix is supported/,
    ],
    [of(entry(['secrets'], kms({ timeout: '-1s' }))), /timeout should be a positive value/],
    [of(entry(['secrets'], kms({ cachesize: 5 }))), /cachesize is not supported in v2/],
    [of(entry(['secrets'], kms({ apiVersion: 'v3' }))), /only v1 and v2 are supported/],
    [of(entry(['secrets'], kms({ apiVersion: 'v1' }))), /KMSv1 is deprecated/],
    [of({ resources: ['secrets'], provider: [] }), /unknown field "resources\[0\]\.provider"/],
    [{ kind: 'EncryptionConfig', apiVersion: 'v1' }, /expected EncryptionConfiguration/],
    ['text', /must be an object/],
  ]
  for (const [value, wanted] of cases) {
    assert.match(message(value), wanted)
    assert.doesNotMatch(message(value), /hidden|aGlkZGVu|AQEB/)
  }
})

test('two entries may name the same resource: their providers follow each other', () => {
  assert.equal(message(of(entry(['secrets'], good), entry(['secrets'], { identity: {} }), entry(['*.'], good))), '')
})
