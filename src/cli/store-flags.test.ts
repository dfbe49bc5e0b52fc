import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UsageError } from './place.ts'
import { storeAt, withoutEtcd } from './store-flags.ts'

const usualKey = '/data/store.key'

test('the store is sqlite, or the addresses of an etcd with the files to come in', () => {
  assert.equal(storeAt('--store', 'sqlite', { usualKey }), 'sqlite')
  assert.deepEqual(storeAt('--store', 'https://a:2379, https://b:2379', { usualKey }), {
    endpoints: ['https://a:2379', 'https://b:2379'],
    prefix: '/registry',
    masterKey: usualKey,
  })
  const flags = { keyFile: '/k', etcdCafile: '/ca', etcdCertfile: '/c', etcdKeyfile: '/ck', etcdPrefix: '/p/q' }
  assert.deepEqual(storeAt('--store', 'https://a:2379', { ...flags, usualKey }), {
    endpoints: ['https://a:2379'],
    prefix: '/p/q',
    masterKey: '/k',
    ca: '/ca',
    cert: '/c',
    key: '/ck',
  })
})

test('what makes no sense is a usage error that names the flag', () => {
  for (const text of ['', 'postgres', 'https://a:2379,', 'https://a:2379/path', 'a:2379'])
    assert.throws(() => storeAt('--store', text, { usualKey }), UsageError, text)
  assert.throws(
    () => storeAt('--store', 'https://a', { usualKey, etcdCertfile: '/c' }),
    /--etcd-certfile and --etcd-keyfile/,
  )
  for (const etcdPrefix of ['/', '', '/a/../b//', 'a b'])
    assert.throws(() => storeAt('--store', 'https://a', { usualKey, etcdPrefix }), /--etcd-prefix/, etcdPrefix)
  assert.throws(() => withoutEtcd({ etcdCafile: '/ca' }), /--etcd-cafile is for a store in etcd/)
  withoutEtcd({})
})
