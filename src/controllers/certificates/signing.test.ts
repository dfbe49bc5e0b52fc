import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { type Sample, alternative, derItem, hex } from '#codec/csr-samples.ts'
import { certificateSigningRequests } from '#kinds/facts/generated/refs.ts'
import type { CertificateSigningRequestSpec as Spec } from '#kinds/facts/generated/types/certificates_v1.ts'
import { makeWorld } from '../world.ts'
import { judged, requestFor, signingRequest } from './samples.ts'
import { type WantedCertificate, certificateSigning } from './signing.ts'

async function openSigner(longest?: number) {
  const wanted: WantedCertificate[] = []
  const state = { away: false }
  const world = await makeWorld([
    certificateSigning(one => {
      wanted.push(one)
      return state.away ? Promise.reject(new Error('no authority')) : Promise.resolve(`PEM ${wanted.length}`)
    }, longest),
  ])
  return { world, wanted, state }
}

const approved = [judged('Approved')]
const kubelet = 'kubernetes.io/kube-apiserver-client-kubelet'
const serving = 'kubernetes.io/kubelet-serving'
const node = { name: 'system:node:n1', groups: ['system:nodes'] }

test('what is approved is signed, once; what is not, denied, failed or of another signer is left alone', async () => {
  const { world, wanted } = await openSigner()
  const add = (name: string, spec: Partial<Spec>, conditions = approved) =>
    world.client.create(certificateSigningRequests, signingRequest(name, spec, conditions))
  await add('good', { expirationSeconds: 7200, usages: ['client auth', 'digital signature'] })
  await add('pending', {}, [])
  await add('denied', {}, [judged('Denied')])
  await add('both', {}, [judged('Approved'), judged('Denied')])
  await add('failed', {}, [judged('Approved'), judged('Failed')])
  await add('foreign', { signerName: 'example.com/own' })
  await add('near', { signerName: 'kubernetes.io/kube-apiserver-client2' })
  await world.settle()
  const signed = (await world.list(certificateSigningRequests)).filter(one => one.status?.certificate !== undefined)
  assert.deepEqual(
    signed.map(one => one.metadata.name),
    ['good'],
  )
  assert.equal(Buffer.from(signed[0]?.status?.certificate ?? '', 'base64').toString(), 'PEM 1')
  assert.equal(wanted.length, 1)
  assert.deepEqual(
    wanted[0]?.subject.map(one => one.value),
    ['devs', 'jane'],
  )
  assert.deepEqual([wanted[0]?.usages, wanted[0]?.seconds], [['client auth', 'digital signature'], 7200])
  await world.stop()
})

test('a signer that is away is asked again', async () => {
  const { world, state, wanted } = await openSigner()
  state.away = true
  await world.client.create(certificateSigningRequests, signingRequest('a', {}, approved))
  await world.settle()
  const found = async () => (await world.client.get(certificateSigningRequests, 'a')).status
  assert.deepEqual(await found(), { conditions: approved })
  assert.ok(wanted.length > 0)
  state.away = false
  await world.clock.advance(10_000)
  await world.settle()
  assert.match(Buffer.from((await found())?.certificate ?? '', 'base64').toString(), /^PEM/)
  await world.stop()
})

test('time is what was asked for, within bounds', async () => {
  const { world, wanted } = await openSigner()
  const year = 365 * 24 * 3600
  const cases: readonly (readonly [number | undefined, number])[] = [
    [undefined, year],
    [1, 600],
    [601, 601],
    [50 * year, year],
  ]
  for (const [expirationSeconds, seconds] of cases) {
    const spec = expirationSeconds === undefined ? {} : { expirationSeconds }
    await world.client.create(
      certificateSigningRequests,
      signingRequest(`a${seconds}${expirationSeconds}`, spec, approved),
    )
    await world.settle()
    assert.equal(wanted.at(-1)?.seconds, seconds)
  }
  await world.stop()
})

test('the longest time is the cluster’s to say, also for those who say nothing', async () => {
  const { world, wanted } = await openSigner(8 * 3600)
  const cases: readonly (readonly [number | undefined, number])[] = [
    [undefined, 8 * 3600],
    [600, 600],
    [9 * 3600, 8 * 3600],
  ]
  for (const [at, [expirationSeconds, seconds]] of cases.entries()) {
    const spec = expirationSeconds === undefined ? {} : { expirationSeconds }
    await world.client.create(certificateSigningRequests, signingRequest(`a${at}`, spec, approved))
    await world.settle()
    assert.equal(wanted.at(-1)?.seconds, seconds)
  }
  await world.stop()
})

test('what names nobody is not signed along: user ids, mail addresses in the subject', async () => {
  const { world, wanted } = await openSigner()
  const text = derItem(0x0c, Buffer.from('0'))
  const request = requestFor({
    name: 'jane',
    more: [
      ['2b0601040181c35f02', text],
      ['2a864886f70d010901', text],
    ],
  })
  await world.client.create(certificateSigningRequests, signingRequest('a', { request }, approved))
  await world.settle()
  assert.deepEqual(wanted[0]?.subject, [{ type: '550403', value: 'jane' }])
  await world.stop()
})

interface Case {
  readonly signerName?: string
  readonly usages?: NonNullable<Spec['usages']>
  readonly sample: Sample
}

/** What the signer says of it; '' where it signs. */
async function said(cases: readonly Case[]): Promise<readonly string[]> {
  const { world } = await openSigner()
  const found: string[] = []
  for (const [at, { sample, ...spec }] of cases.entries()) {
    const name = `case-${at}`
    await world.client.create(
      certificateSigningRequests,
      signingRequest(name, { ...spec, request: requestFor(sample) }, approved),
    )
    await world.settle()
    const { status } = await world.client.get(certificateSigningRequests, name)
    const failed = status?.conditions?.find(one => one.type === 'Failed')
    assert.equal(failed === undefined, status?.certificate !== undefined)
    if (failed !== undefined) assert.equal(failed.reason, 'SignerValidationFailure')
    found.push(failed?.message ?? '')
  }
  await world.stop()
  return found
}

const clientUsages = ['client auth', 'digital signature'] as const
const clientOfNode = (more: Sample, usages: NonNullable<Spec['usages']> = clientUsages): Case => ({
  signerName: kubelet,
  usages,
  sample: { ...node, ...more },
})
const address = [alternative.ip, hex('0a000001')] as const

test('certificates of kubelets as clients are for nodes, and for nothing but that', async () => {
  const cases: readonly (readonly [Case, string])[] = [
    [clientOfNode({}), ''],
    [clientOfNode({}, ['key encipherment', ...clientUsages]), ''],
    [clientOfNode({ groups: ['system:nodes', 'devs'] }), 'subject organization is not system:nodes'],
    [clientOfNode({ groups: ['system:nodes', 'system:nodes'] }), 'subject organization is not system:nodes'],
    [clientOfNode({ groups: [] }), 'subject organization is not system:nodes'],
    [clientOfNode({ name: 'jane' }), 'subject common name does not begin with system:node:'],
    [clientOfNode({ alternatives: [[alternative.dns, 'n1']] }), 'DNS subjectAltNames are not allowed'],
    [clientOfNode({ alternatives: [[alternative.email, 'a@b']] }), 'Email subjectAltNames are not allowed'],
    [clientOfNode({ alternatives: [address] }), 'IP subjectAltNames are not allowed'],
    [clientOfNode({ alternatives: [[alternative.uri, 'a:b']] }), 'URI subjectAltNames are not allowed'],
    [clientOfNode({}, ['client auth']), 'usages did not match [client auth digital signature key encipherment]'],
    [
      clientOfNode({}, [...clientUsages, 'server auth']),
      'usages did not match [client auth digital signature key encipherment]',
    ],
  ]
  assert.deepEqual(
    await said(cases.map(([one]) => one)),
    cases.map(([, message]) => message),
  )
})

test('serving certificates of kubelets have names of nodes, and none of a service', async () => {
  const of = (alternatives: Sample['alternatives'], more: Partial<Case> = {}): Case => ({
    signerName: serving,
    usages: ['digital signature', 'server auth'],
    sample: { ...node, ...(alternatives === undefined ? {} : { alternatives }) },
    ...more,
  })
  const services = [
    'kubernetes',
    'kubernetes.default.',
    'kubernetes.default.svc',
    'db.prod.SVC.cluster.local',
    '*.example.com',
  ]
  const cases: readonly (readonly [Case, string])[] = [
    [of([[alternative.dns, 'n1.example.com'], address]), ''],
    [
      of([
        [alternative.dns, 'svc1.cluster.local'],
        [alternative.dns, 'kubernetes.example.com'],
      ]),
      '',
    ],
    [of(undefined), 'DNS or IP subjectAltName is required'],
    [of([address, [alternative.email, 'a@b']]), 'Email subjectAltNames are not allowed'],
    [of([address, [alternative.uri, 'a:b']]), 'URI subjectAltNames are not allowed'],
    [of([address], { usages: clientUsages }), 'usages did not match [digital signature key encipherment server auth]'],
    ...services.map((name): readonly [Case, string] => [
      of([address, [alternative.dns, name]]),
      `DNS subjectAltName "${name}" is no name of a node`,
    ]),
  ]
  assert.deepEqual(
    await said(cases.map(([one]) => one)),
    cases.map(([, message]) => message),
  )
})

test('nobody becomes a master, two at once, or somebody who cannot be read', async () => {
  const client = 'kubernetes.io/kube-apiserver-client'
  const legacy = 'kubernetes.io/legacy-unknown'
  const masters = (signer: string) => `use of ${signer} signer with system:masters group is not allowed`
  const inUtf16 = derItem(0x1e, Buffer.from('system:masters', 'utf16le').swap16())
  const cases: readonly (readonly [Case, string])[] = [
    [{ sample: { name: 'a', groups: ['devs', 'system:masters'] } }, masters(client)],
    [{ sample: { name: 'a', more: [['55040a', inUtf16]] } }, masters(client)],
    [{ signerName: legacy, sample: { name: 'a', groups: ['system:masters'] } }, masters(legacy)],
    [{ signerName: legacy, sample: { name: 'a' } }, ''],
    [{ signerName: legacy, usages: ['cert sign'], sample: { name: 'a' } }, 'invalid usage: cert sign'],
    [
      { sample: { name: 'a', more: [['550403', derItem(0x0c, Buffer.from('b'))]] } },
      'subject has more than one common name',
    ],
    [{ sample: { name: 'admin\0x' } }, 'subject holds characters that nobody can read'],
    [{ usages: ['server auth'], sample: { name: 'a' } }, 'invalid usage for client certificate: server auth'],
    [
      { usages: ['digital signature'], sample: { name: 'a' } },
      'missing required usage for client certificate: client auth',
    ],
    [{ sample: { name: 'a', groups: ['x'.repeat(100_000)] } }, 'the request is longer than 65536 characters'],
  ]
  assert.deepEqual(
    await said(cases.map(([one]) => one)),
    cases.map(([, message]) => message),
  )
})

test('keys that peers refuse are not signed', async () => {
  const { world, wanted } = await openSigner()
  const pairs = [
    generateKeyPairSync('rsa', { modulusLength: 1024 }),
    generateKeyPairSync('ec', { namedCurve: 'secp224r1' }),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ]
  for (const [at, pair] of pairs.entries()) {
    const request = requestFor({ name: 'a' }, pair)
    await world.client.create(certificateSigningRequests, signingRequest(`k${at}`, { request }, approved))
  }
  await world.settle()
  const all = await world.list(certificateSigningRequests)
  assert.deepEqual(
    all.map(({ status }) => status?.conditions?.at(-1)?.type),
    ['Failed', 'Failed', 'Approved'],
  )
  assert.equal(wanted.length, 1)
  await world.stop()
})
