import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timestamp } from '#base/clock.ts'
import { certificateSigningRequests } from '#kinds/facts/generated/refs.ts'
import type { CertificateSigningRequestStatus as Status } from '#kinds/facts/generated/types/certificates_v1.ts'
import { makeWorld } from '../world.ts'
import { certificateCleaning } from './cleaning.ts'
import { judged, signingRequest } from './samples.ts'

const minute = 60_000
const hour = 60 * minute

/** Over ten minutes after the fake clock begins. */
const shortLived = [
  'MIIBXTCCAQOgAwIBAgIRAKa7dhbvx3HzQ+l/wZYvFdIwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAxMBYTAeFw0yNTEyMzEyMzU1MDBa',
  'Fw0yNjAxMDEwMDEwMDBaMAwxCjAIBgNVBAMTAWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATN1cJVy8ouegywBTYQVbaXlXxz',
  'ojDY1p3K+gEl4Lm4ixaqXAsSk4jYrN71mg3IZ6OUYQhxAi0jsfw3BfMGKzyOo0YwRDAMBgNVHRMBAf8EAjAAMBMGA1UdJQQMMAoG',
  'CCsGAQUFBwMCMB8GA1UdIwQYMBaAFNSe50IYozlCzLmWqsDFTvUiHUh+MAoGCCqGSM49BAMCA0gAMEUCIQDT6TQwdu7U8PqLfM3x',
  'geztxlCxWhmkZWwjg759kUjp9wIgDlayS8LWkB9NSA/3Cmjui6F58uNRAet6VefuZSspcOg=',
].join('')

test('each goes at its time: judged ones after an hour, unanswered ones after a day, expired ones at once', async () => {
  const world = await makeWorld([certificateCleaning])
  const now = timestamp(world.clock.now())
  const add = (name: string, status: Status) =>
    world.client.create(certificateSigningRequests, { ...signingRequest(name, {}), status })
  const certificate = Buffer.from('PEM').toString('base64')
  await add('approved', { conditions: [judged('Approved', now)], certificate })
  await add('denied', { conditions: [judged('Denied', now)] })
  await add('failed', { conditions: [judged('Approved', now), judged('Failed', now)] })
  const pem = `-----BEGIN CERTIFICATE-----\n${shortLived}\n-----END CERTIFICATE-----\n`
  await add('over', { conditions: [judged('Approved', now)], certificate: Buffer.from(pem).toString('base64') })
  await add('pending', {})
  await add('unsigned', { conditions: [judged('Approved', now)] })
  await add('custom', { conditions: [judged('Custom', now)] })
  await add('undated', { conditions: [judged('Denied')] })
  const names = async (passed: number) => {
    await world.clock.advance(passed)
    await world.settle()
    return (await world.list(certificateSigningRequests)).map(one => one.metadata.name ?? '').toSorted()
  }
  const day = ['custom', 'pending', 'undated', 'unsigned']
  assert.ok((await names(9 * minute)).includes('over'))
  assert.deepEqual(await names(50 * minute), ['approved', ...day, 'denied', 'failed'].toSorted())
  assert.deepEqual(await names(2 * minute), day)
  assert.deepEqual(await names(22 * hour), day)
  assert.deepEqual(await names(hour), ['custom', 'undated'])
  await world.stop()
})
