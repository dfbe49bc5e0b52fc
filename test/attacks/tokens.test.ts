/** Tokens that should open nothing, sent as a client sends them. */
import assert from 'node:assert/strict'
import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { tokenKeys } from '#server/authn/tokens.ts'
import { type Siege, besiege, must } from './siege.ts'

const secret = '/api/v1/namespaces/default/secrets/gold'
const unauthorized = { path: secret, code: 401, reason: 'Unauthorized' } as const
const accounts = '/api/v1/namespaces/default/serviceaccounts'
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

let siege: Siege
let good = ''
before(async () => {
  siege = await besiege()
  await must(siege.wire, '/api/v1/namespaces/default/secrets', {
    metadata: { name: 'gold' },
    stringData: { key: 's3cr3t-value' },
  })
  good = await siege.wire.account('robot', [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }])
  siege.secrets.push(good)
})
after(() => siege.stop())

/** A 401 says the same to everybody. */
async function refused(token: string, headers: Record<string, string> = {}): Promise<void> {
  const { json } = await siege.refused({ ...unauthorized, token, headers })
  assert.deepEqual([json.message, json.details], ['Unauthorized', undefined])
}

/** A good one with some of its claims changed, signed with the right key. */
function signed(change: object): string {
  const { tokenKey } = siege.keys
  const keys = tokenKeys(tokenKey)
  const [head = '', body = ''] = good.split('.')
  const claims: object = JSON.parse(Buffer.from(body, 'base64url').toString())
  return resigned(keys, `${head}.${part({ ...claims, ...change })}`)
}

function resigned({ privateKey }: ReturnType<typeof tokenKeys>, text: string): string {
  const signature = signatureOf(text, privateKey)
  return `${text}.${signature}`
}

const signatureOf = (text: string, key: ReturnType<typeof tokenKeys>['privateKey']): string =>
  sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')

test('no algorithm, and a public key taken for a secret', async () => {
  const [, body = '', signature = ''] = good.split('.')
  const { id } = tokenKeys(siege.keys.tokenKey)
  const publicKey = createPublicKey(siege.keys.tokenKey)
  const spki = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  for (const alg of ['none', 'None', 'nOnE', '', null])
    for (const end of ['', signature]) await refused(`${part({ alg, kid: id, typ: 'JWT' })}.${body}.${end}`)
  for (const key of [spki, spki.trim(), publicKey.export({ type: 'spki', format: 'der' }), id]) {
    const text = `${part({ alg: 'HS256', kid: id, typ: 'JWT' })}.${body}`
    await refused(`${text}.${createHmac('sha256', key).update(text).digest('base64url')}`)
  }
})

test('keys that the token brings along, or that are somebody else’s', async () => {
  const [, body = ''] = good.split('.')
  const { id } = tokenKeys(siege.keys.tokenKey)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = publicKey.export({ format: 'jwk' })
  for (const header of [
    { kid: id },
    { kid: id, jwk },
    { jwk },
    { kid: '../../../../dev/null' },
    { kid: id, jku: 'https://169.254.169.254/keys' },
    { kid: '__proto__' },
  ]) {
    const text = `${part({ alg: 'ES256', typ: 'JWT', ...header })}.${body}`
    await refused(`${text}.${signatureOf(text, privateKey)}`)
  }
})

test('another audience, another issuer, another time', async () => {
  const now = Math.floor(Date.now() / 1000)
  assert.equal((await siege.wire.call('GET', secret, { token: signed({}) })).status, 200)
  for (const change of [
    { aud: ['vault'] },
    { aud: [] },
    { iss: 'https://issuer.example.com' },
    { iss: 'https://kubernetes.default.svc.cluster.local.' },
    { exp: now - 1 },
    { nbf: now + 3600 },
    { exp: `${now + 9999}` },
    { sub: 'system:serviceaccount:kube-system:namespace-controller' },
    { sub: 'system:admin' },
    { 'kubernetes.io': { namespace: 'kube-system', serviceaccount: { name: 'robot', uid: 'x' } } },
  ])
    await refused(signed(change))
  const { json } = await must(siege.wire, `${accounts}/robot/token`, {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    spec: { audiences: ['vault'] },
  })
  siege.secrets.push(json.status.token)
  await refused(json.status.token)
})

test('as a header in other ways, in a subprotocol, in the path: nothing else than what is meant for it', async () => {
  for (const authorization of [`Basic ${good}`, `Bearer ${good} ${good}`, `Bearer,${good}`, good])
    await refused('', { authorization })
  const { status } = await siege.wire.call('GET', `${secret}?access_token=${good}`, { token: '' })
  assert.equal(status, 401)
  siege.silent()
})

test('an account that was deleted, and another one of its name', async () => {
  const token = await siege.wire.account('ghost', [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }])
  siege.secrets.push(token)
  assert.equal((await siege.wire.call('GET', secret, { token })).status, 200)
  await siege.wire.call('DELETE', `${accounts}/ghost`)
  await refused(token)
  await must(siege.wire, accounts, { metadata: { name: 'ghost' } })
  await refused(token)
})

test('what is compared with a secret is compared by signature, or in constant time', () => {
  const src = join(import.meta.dirname, '../../src')
  const compared = /\b\w*(?:token|secret|password|signature|hmac|mac|digest)\b\s*[!=]==?\s*([\w$.[\]'"`]+)/gi
  const harmless = /^(?:undefined|null|true|false|''|'[\w/.-]+'|""|`.*)$/
  const found = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts') && !file.includes('generated'))
    .flatMap(file =>
      [...readFileSync(join(src, file), 'utf8').matchAll(compared)]
        .filter(([, other = '']) => !harmless.test(other))
        .map(([text]) => `${file}: ${text}`),
    )
  // Digests of what is public (images, documents), and parts of a JSON path.
  const known = /^(?:images|node|codec|setup|server\/aggregation\/documents.ts)/
  assert.deepEqual(
    found.filter(one => !known.test(one)),
    [],
  )
  assert.match(readFileSync(join(src, 'server/authn/tokens.ts'), 'utf8'), /const genuine = verify\(/)
})
