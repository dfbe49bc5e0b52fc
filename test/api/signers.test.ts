import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Wire, openWire } from './wire.ts'

let wire: Wire
const at = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const rights = { verbs: ['get', 'update', 'patch'], apiGroups: ['certificates.k8s.io'] }
const requests = {
  ...rights,
  resources: ['certificatesigningrequests', 'certificatesigningrequests/approval', 'certificatesigningrequests/status'],
}
const merge = { 'content-type': 'application/merge-patch+json' }
const lines =
  'MIIBbzCCARWgAwIBAgIUGwfy5cYDJ1rsZhK7K5DCZUora7YwCgYIKoZIzj0EAwIw\n' +
  'DDEKMAgGA1UEAwwBYTAgFw0yNjExMjcxMzQ5MTFaGA8yMTI2MTEwMzEzNDkxMVow\n' +
  'DDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNl7VkdJknBU\n' +
  'sYVaKWl2ArYj1B82w3OlquTnJESHBLFavtv64eMqAmRStijjybm8hbkIv8I+G2vF\n' +
  'taIdqsJRWcijUzBRMB0GA1UdDgQWBBTZdpjr7c8MlEzNKaIfXpizWT7qnTAfBgNV\n' +
  'HSMEGDAWgBTZdpjr7c8MlEzNKaIfXpizWT7qnTAPBgNVHRMBAf8EBTADAQH/MAoG\n' +
  'CCqGSM49BAMCA0gAMEUCICjomImR2h1yKsX80BzZ5i77IjLhQXBom0R9koNJfLlV\n' +
  'AiEAxSH+8MtnpvnQkI9wfikdOURZD1Z33oV3XqwrDkX0b+s='
const pem = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
const status = { status: { certificate: Buffer.from(pem).toString('base64') } }
const condition = { type: 'Approved', status: 'True', reason: 'r', message: 'm' }
const approved = { status: { conditions: [condition] } }

before(async () => {
  wire = await openWire()
})
after(() => wire.stop())

test('to approve or sign takes a right on the signer', async () => {
  const store = wire.cluster.plane.store
  const made = await store.commit([
    {
      type: 'put',
      resource: 'certificatesigningrequests.certificates.k8s.io',
      key: 'one',
      managed: '',
      object: Object.assign(
        {
          apiVersion: 'certificates.k8s.io/v1',
          kind: 'CertificateSigningRequest',
          metadata: { name: 'one', uid: 'u' },
        },
        { spec: { request: '', signerName: 'example.org/x', usages: ['client auth'] }, status: {} },
      ),
    },
  ])
  assert.ok(made.ok)
  const plain = await wire.account('plain', [requests], true)
  const signer = { apiGroups: ['certificates.k8s.io'], resources: ['signers'], resourceNames: ['example.org/*'] }
  const approver = await wire.account('approver', [requests, { ...signer, verbs: ['approve'] }], true)
  const send = (token: string, subresource: string, body: object) =>
    wire.call('PATCH', `${at}/one/${subresource}`, { token, body, headers: merge })
  const refused = await send(plain, 'approval', approved)
  assert.equal(refused.status, 403)
  assert.match(refused.json.message, /user not permitted to approve requests with signerName \\?"example.org\/x/)
  assert.equal((await send(approver, 'status', status)).status, 403)
  assert.notEqual((await send(approver, 'approval', approved)).status, 403)
  assert.equal((await send(approver, 'approval', { status: { conditions: 'nonsense' } })).status, 422)
})
