import assert from 'node:assert/strict'
import { createCipheriv, createHmac } from 'node:crypto'
import { test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { Keyring } from '../encryption.ts'
import { EncryptedObjectSchema } from '../kms/rpc.gen.ts'
import { framed, unframed } from './frame.ts'
import { Providers, prefixIn, type ProviderSettings } from './providers.ts'
import { type Seed, seedProblem } from './seeds.ts'

const aad = Buffer.from('/registry/secrets/a/x')
const secret = (fill: number, bytes = 32): Buffer => Buffer.alloc(bytes, fill)
const plain = Buffer.from('{"kind":"Secret","data":"confidential"}')
const now = (): number => 1000

const withOne = (settings: ProviderSettings): Providers =>
  new Providers([{ resources: ['secrets'], providers: [settings] }], now)

const seed: Seed = { keyId: '1', source: Buffer.from('sealed seed'), annotations: {}, type: 1, secret: secret(7) }
const kinds: readonly ProviderSettings[] = [
  { type: 'aesgcm', keys: [{ name: 'key1', secret: secret(1, 16) }] },
  { type: 'aesgcm', keys: [{ name: 'key1', secret: secret(1) }] },
  { type: 'aescbc', keys: [{ name: 'key1', secret: secret(1, 24) }] },
  { type: 'secretbox', keys: [{ name: 'key1', secret: secret(1) }] },
  { type: 'kms', state: { name: 'mine', write: seed, until: 2000, read: [] } },
]

test('what a provider seals it opens, under a prefix of its own, and never looks the same twice', () => {
  for (const settings of kinds) {
    const providers = withOne(settings)
    const value = providers.writer('secrets')?.seal(plain, aad) ?? Buffer.alloc(0)
    assert.deepEqual(Buffer.from(providers.open('secrets', value, aad) ?? []), plain)
    assert.notDeepEqual(providers.writer('secrets')?.seal(plain, aad), value)
    assert.match(prefixIn(value), settings.type === 'kms' ? /^k8s:enc:kms:v2:mine:$/ : /^k8s:enc:[a-z]+:v1:key1:$/)
    assert.ok(!providers.stale('secrets', value))
    assert.equal(providers.open('configmaps', value, aad), undefined)
    for (let at = 0; at < value.length; at++) {
      const flipped = Buffer.from(value)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      const found = providers.open('secrets', flipped, aad)
      // CBC proves nothing: the frame inside does. What holds a plugin's value together may be written in more than one way.
      if (settings.type === 'aescbc') assert.notDeepEqual(found === undefined ? found : Buffer.from(found), plain)
      else if (settings.type === 'kms') assert.deepEqual(Buffer.from(found ?? plain), plain)
      else assert.equal(found, undefined, `byte ${at} of ${settings.type}`)
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        const junk = Buffer.concat([Buffer.from(prefixIn(value)), bytes])
        const found = providers.open('secrets', junk, aad)
        if (settings.type !== 'aescbc') assert.equal(found, undefined)
      }),
    )
  }
})

test("values that others made by the published formats open: NaCl's secretbox, AES-CBC, and a plugin's seed or key", () => {
  // The vector of NaCl's own tests (secretbox.c).
  const key = Buffer.from('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389', 'hex')
  const nonce = Buffer.from('69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37', 'hex')
  const sealed = Buffer.from(
    'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5',
    'hex',
  )
  const box = withOne({ type: 'secretbox', keys: [{ name: 'k', secret: key }] })
  const opened = box.open('secrets', Buffer.concat([Buffer.from('k8s:enc:secretbox:v1:k:'), nonce, sealed]), aad)
  assert.equal(
    Buffer.from(opened ?? [])
      .toString('hex')
      .slice(0, 32),
    'be075fc53c81f2d5cf141316ebeb0c7b',
  )

  const iv = secret(9, 16)
  const cipher = createCipheriv('aes-256-cbc', secret(1), iv)
  const value = Buffer.concat([Buffer.from('k8s:enc:aescbc:v1:key1:'), iv, cipher.update(plain), cipher.final()])
  const cbc = withOne({ type: 'aescbc', keys: [{ name: 'key1', secret: secret(1) }] })
  assert.deepEqual(Buffer.from(cbc.open('secrets', value, aad) ?? []), plain)

  const info = secret(5)
  const derived = createHmac('sha256', seed.secret).update(info).update(Uint8Array.of(1)).digest()
  for (const [type, secretKey, before] of [
    [1, derived, info],
    [0, seed.secret, Buffer.alloc(0)],
  ] as const) {
    const gcm = createCipheriv('aes-256-gcm', secretKey, secret(3, 12))
    gcm.setAAD(aad)
    const body = Buffer.concat([before, secret(3, 12), gcm.update(plain), gcm.final(), gcm.getAuthTag()])
    const object = create(EncryptedObjectSchema, {
      encryptedData: Uint8Array.from(body),
      keyID: '1',
      encryptedDEKSource: Uint8Array.from(seed.source),
      encryptedDEKSourceType: type,
    })
    const bytes = Buffer.concat([Buffer.from('k8s:enc:kms:v2:mine:'), toBinary(EncryptedObjectSchema, object)])
    const kms = withOne({ type: 'kms', state: { name: 'mine', until: 0, read: [{ ...seed, type }] } })
    assert.deepEqual(Buffer.from(kms.open('secrets', bytes, aad) ?? []), plain)
    assert.throws(() => kms.writer('secrets')?.seal(plain, aad), /has not answered since/)
  }
})

test('the first key writes and all read; what is not as the first would write it is stale', () => {
  const keys = [
    { name: 'new', secret: secret(2) },
    { name: 'old', secret: secret(1) },
  ]
  const before = withOne({ type: 'aesgcm', keys: keys.slice(1) })
  const after = withOne({ type: 'aesgcm', keys })
  const value = before.writer('secrets')?.seal(plain, aad) ?? Buffer.alloc(0)
  assert.deepEqual(Buffer.from(after.open('secrets', value, aad) ?? []), plain)
  assert.ok(after.stale('secrets', value))
  assert.equal(prefixIn(after.writer('secrets')?.seal(plain, aad) ?? Buffer.alloc(0)), 'k8s:enc:aesgcm:v1:new:')
  const off = new Providers(
    [{ resources: ['secrets'], providers: [{ type: 'identity' }, { type: 'aesgcm', keys }] }],
    now,
  )
  assert.equal(off.writer('secrets'), undefined)
  assert.deepEqual(Buffer.from(off.open('secrets', value, aad) ?? []), plain)
  assert.ok(off.stale('secrets', value))
})

test('wildcards: a name before its group, its group before all; what no request reaches stays ours', () => {
  const named = (name: string): ProviderSettings => ({ type: 'aesgcm', keys: [{ name, secret: secret(1) }] })
  const providers = new Providers(
    [
      { resources: ['secrets', 'deployments.apps'], providers: [named('name')] },
      { resources: ['*.apps', '*.'], providers: [named('group')] },
      { resources: ['*.*'], providers: [named('all')] },
    ],
    now,
  )
  const of = (resource: string): string => prefixIn(providers.writer(resource)?.seal(plain, aad) ?? Buffer.alloc(0))
  assert.deepEqual(
    ['secrets', 'deployments.apps', 'daemonsets.apps', 'pods', 'widgets.example.com'].map(of),
    ['name', 'name', 'group', 'group', 'all'].map(name => `k8s:enc:aesgcm:v1:${name}:`),
  )
  assert.equal(providers.writer('sharedkeys.internal.bulwark.dev'), undefined)
})

test('a seed that is over, and a sealed seed that breaks the limits, are refused', () => {
  const over = withOne({ type: 'kms', state: { name: 'mine', write: seed, until: 999, read: [] } })
  assert.throws(() => over.writer('secrets')?.seal(plain, aad), /has not been well for long/)
  const problem = (more: Partial<Seed>): string => seedProblem({ ...seed, ...more }) ?? ''
  assert.equal(problem({}), '')
  assert.match(problem({ keyId: '' }), /keyID is empty/)
  assert.match(problem({ keyId: 'x'.repeat(1025) }), /exceeds the max size of 1024/)
  assert.match(problem({ source: new Uint8Array() }), /source is empty/)
  assert.match(problem({ source: new Uint8Array(1025) }), /exceeds the max size of 1024/)
  assert.match(problem({ annotations: { plain: new Uint8Array() } }), /at least two segments/)
  assert.match(problem({ annotations: { 'a.b': new Uint8Array(32 * 1024) } }), /exceeds the max size of 32768/)
})

test('a frame is JSON that says nothing new to others, and comes back only at its place, as a whole', () => {
  const ring = new Keyring([secret(1)])
  const path = { resource: 'secrets', key: 'a/x', version: 3, id: 4096 }
  for (const managed of ['', '[{"manager":"m"}]'])
    for (const object of ['{}', '{"kind":"Secret"}']) {
      const content = { mark: 'abc.1', expires: 17, text: Buffer.from(`${managed}\n${object}`) }
      const bytes = framed(path, content, ring)
      const { 'bulwark.dev': _, ...rest } = JSON.parse(bytes.toString())
      assert.equal(JSON.stringify(rest), object)
      assert.deepEqual(unframed(path, bytes, ring), content)
      for (const other of [{ key: 'a/y' }, { resource: 'pods' }, { version: 2 }, { id: 1 }])
        assert.equal(unframed({ ...path, ...other }, bytes, ring), undefined)
      for (let at = 0; at < bytes.length; at++) {
        const flipped = Buffer.from(bytes)
        flipped[at] = (flipped[at] ?? 0) ^ 1
        assert.equal(unframed(path, flipped, ring), undefined, `byte ${at}`)
        assert.equal(unframed(path, bytes.subarray(0, at), ring), undefined)
      }
    }
})

test('what Secrets held before is sealed as Secrets are, unless a rule is about it', () => {
  const [gcm, cbc] = (['aesgcm', 'aescbc'] as const).map(type => ({
    type,
    keys: [{ name: 'key1', secret: secret(1) }],
  }))
  const prefix = (rules: ConstructorParameters<typeof Providers>[0]): string =>
    String(new Providers(rules, now).writer('secretversions.bulwark.dev')?.prefix ?? 'own')
  assert.ok(gcm !== undefined && cbc !== undefined)
  assert.match(prefix([{ resources: ['secrets'], providers: [gcm] }]), /aesgcm/)
  assert.match(prefix([{ resources: ['*.'], providers: [gcm] }]), /aesgcm/)
  assert.match(
    prefix([
      { resources: ['secrets'], providers: [gcm] },
      { resources: ['secretversions.bulwark.dev'], providers: [cbc] },
    ]),
    /aescbc/,
  )
  assert.equal(prefix([{ resources: ['configmaps'], providers: [gcm] }]), 'own')
})
