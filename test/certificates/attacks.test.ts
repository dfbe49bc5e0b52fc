/** Whoever wants a certificate that is not theirs. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { alternative, derItem } from '#codec/csr-samples.ts'
import { type Asking, type Signing, client, headersOf, kubelet, openSigning, path, serving } from './plane.ts'

let signing: Signing
const anybody = { name: 'mallory', groups: ['system:authenticated'] }
const requests = ['certificatesigningrequests', 'certificatesigningrequests/approval']

before(async () => {
  signing = await openSigning()
  const { api } = signing
  const rbac = '/apis/rbac.authorization.k8s.io/v1'
  const allow = async (name: string, rules: readonly object[]) => {
    await api.create(`${rbac}/clusterroles`, { metadata: { name }, rules })
    await api.create(`${rbac}/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
    })
  }
  const apiGroups = ['certificates.k8s.io']
  const own = { apiGroups, resources: requests, verbs: ['create', 'get', 'patch', 'update'] }
  const kubelets = { apiGroups, resources: ['signers'], resourceNames: [kubelet], verbs: ['approve'] }
  await allow('mallory', [own])
  await allow('approver', [own, kubelets])
})
after(() => signing.stop())

const refused = async (name: string, asking: Asking): Promise<readonly [number, string]> => {
  const { reply } = await signing.ask(name, asking)
  return [reply.status, reply.json.message]
}

/** What the signer says of what an administrator approved without looking. */
async function failure(name: string, asking: Asking): Promise<string> {
  const { reply } = await signing.ask(name, asking)
  assert.equal(reply.status, 201, reply.text)
  assert.equal((await signing.approve(name)).status, 200)
  const { status } = await signing.answered(name)
  assert.equal(status.certificate, undefined)
  const failed = status.conditions.find((one: { type: string }) => one.type === 'Failed')
  assert.deepEqual([failed.status, failed.reason], ['True', 'SignerValidationFailure'])
  return failed.message
}

test('system:masters is nobody to become, however it is written', async () => {
  const inUtf16 = derItem(0x1e, Buffer.from('system:masters', 'utf16le').swap16())
  const samples: readonly Asking['sample'][] = [
    { name: 'm', groups: ['system:masters'] },
    { name: 'm', groups: ['devs', 'system:masters'] },
    { name: 'm', more: [['55040a', inUtf16]] },
  ]
  for (const sample of samples) {
    const [code, message] = await refused('masters', { sample, as: anybody })
    assert.equal(code, 403)
    assert.match(message, /use of kubernetes.io\/kube-apiserver-client signer with system:masters group is not allowed/)
  }
})

test('a group that reads like bytes of a group is no other group', async () => {
  const name = `#0c0e${Buffer.from('system:masters').toString('hex')}`
  const shown = await signing.certificate('bytes', { sample: { name: 'bytes', groups: [name] } })
  assert.equal(shown.parsed.toLegacyObject().subject.O, name)
  assert.equal(await signing.code(shown, '/api/v1/secrets'), 403)
})

test('a node asks for itself; whoever is none may ask and waits for ever', async () => {
  const usages = ['client auth', 'digital signature']
  const node = { name: 'system:node:n2', groups: ['system:nodes', 'system:authenticated'] }
  const victim = { name: 'system:node:n1', groups: ['system:nodes'] }
  for (const signerName of [kubelet, serving]) {
    const [code, message] = await refused('other', { sample: victim, signerName, usages, as: node })
    assert.deepEqual([code, /can only create a node CSR with CN=system:node:n2/.test(message)], [403, true])
  }
  const { reply } = await signing.ask('stranger', { sample: victim, signerName: kubelet, usages, as: anybody })
  assert.equal(reply.status, 201)
  await new Promise(resolve => setTimeout(resolve, 500))
  assert.deepEqual((await signing.api.get(`${path}/stranger`)).status, {})
})

test('who asks does not say who asked', async () => {
  const { api } = signing
  const made = await signing.ask('self', { sample: { name: 'mallory' }, as: anybody })
  const spec = { ...made.reply.json.spec, username: 'system:node:n1', groups: ['system:nodes'], extra: { a: ['b'] } }
  const body = { ...made.reply.json, metadata: { name: 'posed' }, spec }
  const posed = await api.call('POST', path, { body, headers: headersOf({ as: anybody }) })
  assert.equal(posed.status, 201, posed.text)
  assert.equal(posed.json.spec.username, 'mallory')
  assert.deepEqual([posed.json.spec.groups, posed.json.spec.extra], [['system:authenticated'], undefined])
  // Neither later.
  const changed = await api.call('PUT', `${path}/posed`, { body: { ...posed.json, spec } })
  assert.equal(changed.json.spec.username, 'mallory')
})

test('who may write approvals still may not approve for a signer that is not theirs', async () => {
  await signing.ask('wish', { sample: { name: 'wish', groups: ['devs'] }, as: anybody })
  for (const name of ['mallory', 'approver']) {
    const reply = await signing.approve('wish', headersOf({ as: { name, groups: ['system:authenticated'] } }))
    assert.equal(reply.status, 403)
    assert.match(reply.json.message, /user not permitted to approve requests with signerName/)
  }
  // Nor at creation, in the status, or by a change of the whole.
  const made = await signing.api.get(`${path}/wish`)
  const status = { conditions: [{ type: 'Approved', status: 'True', reason: 'Mine' }] }
  const headers = headersOf({ as: anybody })
  const whole = await signing.api.call('PUT', `${path}/wish`, { body: { ...made, status }, headers })
  assert.deepEqual([whole.status, whole.json.status], [200, {}])
  const born = { ...made, metadata: { name: 'born' }, status }
  const created = await signing.api.call('POST', path, { body: born, headers })
  assert.deepEqual([created.status, created.json.status], [201, {}])
  assert.equal(
    (await signing.api.call('PUT', `${path}/wish/status`, { body: { ...made, status }, headers })).status,
    403,
  )
})

test('names and signatures that are none are refused at the door', async () => {
  const tricks: readonly (readonly [Asking['sample'], RegExp])[] = [
    [{ alternatives: [[alternative.dns, 'n1\0.example.com']] }, /SAN dNSName is malformed/],
    [{ alternatives: [[alternative.ip, 'abc']] }, /cannot parse IP address of length 3/],
    [{ alternatives: [[alternative.dns, 'a']], times: 2 }, /duplicate requested extensions/],
  ]
  for (const [sample, message] of tricks) {
    const [code, said] = await refused('trick', { sample, as: anybody })
    assert.deepEqual([code, message.test(said)], [422, true], said)
  }
  const [legacy, said] = await refused('legacy', {
    sample: { name: 'a' },
    signerName: 'kubernetes.io/legacy-unknown',
    as: anybody,
  })
  assert.deepEqual([legacy, /legacy signerName is not allowed/.test(said)], [422, true])
  const [short] = await refused('short', { sample: { name: 'a' }, expirationSeconds: 599, as: anybody })
  assert.equal(short, 422)
})

test('what was approved without a look is not signed all the same', async () => {
  const node = { name: 'system:node:n1', groups: ['system:nodes'] }
  assert.equal(
    await failure('wrong-usage', { sample: { name: 'a' }, usages: ['client auth', 'server auth'] }),
    'invalid usage for client certificate: server auth',
  )
  assert.equal(
    await failure('authority', { sample: { name: 'a' }, usages: ['client auth', 'cert sign'] }),
    'invalid usage for client certificate: cert sign',
  )
  assert.equal(
    await failure('api', {
      sample: { ...node, alternatives: [[alternative.dns, 'kubernetes.default.svc']] },
      signerName: serving,
      usages: ['digital signature', 'server auth'],
    }),
    'DNS subjectAltName "kubernetes.default.svc" is no name of a node',
  )
  assert.equal(
    await failure('huge', { sample: { name: 'a', groups: Array.from({ length: 20_000 }, (_, at) => `g${at}`) } }),
    'the request is longer than 65536 characters',
  )
})

test('the name of the front proxy is a name as any other where the cluster signed it', async () => {
  const shown = await signing.certificate('proxy', { sample: { name: 'front-proxy-client' } })
  const headers = { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' }
  assert.equal(await signing.code(shown, '/api/v1/secrets', headers), 403)
})

test('another signer is not ours to sign for', async () => {
  await signing.ask('foreign', { sample: { name: 'a' }, signerName: 'example.com/own' })
  assert.equal((await signing.approve('foreign')).status, 200)
  await signing.certificate('later', { sample: { name: 'b' }, signerName: client })
  assert.equal((await signing.api.get(`${path}/foreign`)).status.certificate, undefined)
})
