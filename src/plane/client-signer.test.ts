import assert from 'node:assert/strict'
import { X509Certificate, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { makeFakeClock } from '#client/fake-clock.ts'
import { makeAuthority } from '#pki/issue.ts'
import { clientSigner, requestSigner } from './client-signer.ts'
import type { SharedKeys } from './keys.ts'

test('the authority whose turn it is signs, under the names that were asked for', async () => {
  const clock = makeFakeClock()
  const first = await makeAuthority('one', clock.now())
  const second = await makeAuthority('two', clock.now())
  let authority = first
  const keys: SharedKeys = {
    get authority() {
      return authority
    },
    authorities: '',
    frontProxy: first,
    frontProxies: '',
    tokenKey: '',
  }
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const byRequest = requestSigner(keys, clock)
  const forPerson = clientSigner(keys, clock)
  const both = async () => {
    const wanted = {
      subject: [
        { type: '55040a', value: 'devs' },
        { type: '550403', value: 'jane' },
      ],
      alternatives: [],
      publicKey: publicKey.export({ format: 'der', type: 'spki' }),
      usages: ['client auth'],
      seconds: 600,
    }
    const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
    const texts = [
      await byRequest(wanted),
      await forPerson({ name: 'jane', groups: ['devs'], publicKey: pem, seconds: 600 }),
    ]
    return texts.map(text => new X509Certificate(text))
  }
  for (const now of [first, second]) {
    authority = now
    for (const certificate of await both()) {
      assert.ok(certificate.verify(new X509Certificate(now.cert).publicKey))
      const { CN, O } = certificate.toLegacyObject().subject
      assert.deepEqual([CN, O], ['jane', 'devs'])
    }
  }
})
