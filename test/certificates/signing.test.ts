/** Certificates for who asks: they come when they were approved, and are good for who they name, for as long as they say. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, before, test } from 'node:test'
import { alternative, hex } from '#codec/csr-samples.ts'
import { newPair, requestFor } from '#controllers/certificates/samples.ts'
import { skip } from '../tools/clients.ts'
import { openSession } from '../conformance/session.ts'
import { type Signing, client, kubelet, openSigning, path, serving, shownOf } from './plane.ts'

let signing: Signing
before(async () => {
  signing = await openSigning()
  await signing.api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'devs' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'devs' }],
  })
})
after(() => signing.stop())

const configMaps = '/api/v1/namespaces/default/configmaps'
const nodes = '/api/v1/nodes'
const year = 365 * 24 * 3600

test('kubectl asks, an administrator approves, and the certificate is somebody', { skip }, async () => {
  const session = await openSession()
  const pair = newPair()
  const manifest = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'jane' },
    spec: {
      request: requestFor({ name: 'jane', groups: ['devs'] }, pair),
      signerName: client,
      usages: ['client auth'],
    },
  }
  await session.kubectl(['apply', '-f', '-'], JSON.stringify(manifest))
  assert.match(await session.kubectl(['get', 'csr', 'jane']), /kube-apiserver-client +bulwark:test +<none> +Pending/)
  await session.kubectl(['certificate', 'approve', 'jane'])
  await session.kubectl(['wait', '--for=jsonpath={.status.certificate}', 'csr/jane', '--timeout=20s'])
  assert.match(await session.kubectl(['get', 'csr', 'jane']), / Approved,Issued/)
  const { pem, key } = shownOf(await session.api.get(`${path}/jane`), pair)
  await session.kubectl(['config', 'set-credentials', 'jane', '--embed-certs=false'])
  await session.kubectl(['config', 'set', 'users.jane.client-certificate-data', base64(pem)])
  await session.kubectl(['config', 'set', 'users.jane.client-key-data', base64(key)])
  assert.match(
    await session.kubectl(['auth', 'whoami', '--user=jane']),
    /Username +jane\nGroups +\[devs system:authenticated\]/,
  )
  await session.stop()
})

const base64 = (text: string): string => Buffer.from(text).toString('base64')

test('it is of the cluster, for what was asked and nothing else, and may do what its groups may', async () => {
  const shown = await signing.certificate('one', {
    sample: { name: 'one', groups: ['devs'] },
    expirationSeconds: 3600,
    usages: ['client auth', 'digital signature'],
  })
  const ca = new X509Certificate(signing.api.wire.tls.ca)
  assert.ok(shown.parsed.verify(ca.publicKey) && !shown.parsed.ca)
  assert.deepEqual(shown.parsed.keyUsage, ['1.3.6.1.5.5.7.3.2'])
  const left = Date.parse(shown.parsed.validTo) - signing.clock.now()
  assert.ok(left > 3_590_000 && left <= 3_600_000, String(left))
  assert.equal(await signing.code(shown, configMaps), 200)
  assert.equal(await signing.code(shown, '/api/v1/namespaces/default/secrets'), 403)
})

test('years are cut to one', async () => {
  const { parsed } = await signing.certificate('years', { sample: { name: 'y' }, expirationSeconds: 50 * year })
  assert.ok(Date.parse(parsed.validTo) <= signing.clock.now() + year * 1000)
})

test('a node that joins, and one that renews, are approved where they may; serving certificates are not', async () => {
  const { api } = signing
  const bootstrapper = { name: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:authenticated'] }
  const node = { name: 'system:node:n1', groups: ['system:nodes'] }
  const usages = ['client auth', 'digital signature']
  const bind = (name: string, group: string) =>
    api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: `auto-${name}` },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: `system:certificates.k8s.io:certificatesigningrequests:${name}`,
      },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
    })
  // Who joins must be able to ask at all.
  await api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'bootstrap' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:node-bootstrapper' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:bootstrappers' }],
  })
  const asked = await signing.ask('join', { sample: node, signerName: kubelet, usages, as: bootstrapper })
  assert.equal(asked.reply.status, 201, asked.reply.text)
  assert.equal(asked.reply.json.spec.username, bootstrapper.name)
  await new Promise(resolve => setTimeout(resolve, 300))
  assert.equal((await api.get(`${path}/join`)).status.conditions, undefined, 'nobody may by default')
  await bind('nodeclient', 'system:bootstrappers')
  const joined = await signing.answered('join')
  assert.deepEqual(
    joined.status.conditions.map((one: { type: string; reason: string }) => [one.type, one.reason]),
    [['Approved', 'AutoApproved']],
  )
  const shown = shownOf(joined, asked.pair)
  assert.equal(await signing.code(shown, `${nodes}/n1`), 404, 'it is the node, which is not there yet')
  assert.equal(await signing.code(shown, `${nodes}/n2`), 403)
  await bind('selfnodeclient', 'system:nodes')
  await signing.ask('renew', { sample: node, signerName: kubelet, usages, as: node })
  assert.ok((await signing.answered('renew')).status.certificate)
  const sample = { ...node, alternatives: [[alternative.ip, hex('0a000001')]] as const }
  const forServing = { sample, signerName: serving, usages: ['digital signature', 'server auth'] }
  const server = await signing.ask('serve', { ...forServing, as: node })
  await new Promise(resolve => setTimeout(resolve, 300))
  assert.equal((await api.get(`${path}/serve`)).status.conditions, undefined)
  assert.equal((await signing.approve('serve')).status, 200)
  const served = shownOf(await signing.answered('serve'), server.pair)
  assert.equal(served.parsed.subjectAltName, 'IP Address:10.0.0.1')
  assert.ok(![200, 403, 404].includes(await signing.code(served, `${nodes}/n1`)), 'a server is no client')
})

// The last: certificates of a moved clock are of the future, which TLS looks at by the machine's.
test('one that was taken back, and one whose time is over, are nobody', async () => {
  const asking = { sample: { name: 'two', groups: ['devs'] }, expirationSeconds: 600 }
  const [lost, other] = [await signing.certificate('lost', asking), await signing.certificate('other', asking)]
  assert.deepEqual([await signing.code(lost, configMaps), await signing.code(other, configMaps)], [200, 200])
  await signing.api.create('/apis/bulwark.dev/v1alpha1/revokedcertificates', {
    apiVersion: 'bulwark.dev/v1alpha1',
    kind: 'RevokedCertificate',
    metadata: { name: 'lost' },
    spec: { serialNumber: lost.parsed.serialNumber },
  })
  assert.deepEqual([await signing.code(lost, configMaps), await signing.code(other, configMaps)], [401, 200])
  signing.clock.advance(601_000)
  assert.equal(await signing.code(other, configMaps), 401)
  // And with it goes the request.
  await signing.api.until(
    'the request is gone',
    () => signing.api.call('GET', `${path}/other`),
    ({ status }) => status === 404,
  )
})
