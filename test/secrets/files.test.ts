/** Files with keys and tokens in them that cannot be read, and processes that end with one in hand. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadKubeconfig, loadWebhookKubeconfig } from '#client/kubeconfig.ts'
import { parseYaml } from '#codec/yaml.ts'
import { readAdmissionFile } from '#processes/admission-file.ts'
import { readRulesFile } from '#processes/encryption/rules.ts'
import { webhookPlace } from '#processes/webhook-config.ts'
import { readAuthentication } from '#server/authn/oidc/configuration.ts'
import { readAuthorization } from '#server/authz/configuration.ts'
import { parsePolicy } from '#server/audit/policy.ts'
import { tellCrashes } from '../../src/cli/process.ts'
import { assertAbsent, makeCanary } from './canary.ts'

const canary = makeCanary()
const dir = mkdtempSync(join(tmpdir(), 'secret-files-'))
const text = canary.text

/** What is wrong with them differs; a value stands near it in each. */
const broken: readonly string[] = [
  `users:\n- name: a\n  user:\n    token: ${text}\n   bad: x\n`,
  `users:\n- name: a\n  user: {token: "${text}\n`,
  `token: ${text}\n\tx: y\n`,
  `token: *${text}\n`,
  `token: !${text} x\n`,
  `token: !${text}!a x\n`,
  `token: &${text} *${text}\n`,
  `token: ${text}\ntoken: ${text}\n`,
  `{"users": [{"user": {"token": "${text}"}}`,
  `token: |\n  ${text}\n x\n`,
  `%TAG ${text}\n---\na: b\n`,
  `- ${text}\na: b\n`,
  `"${text}": "\\${text}"\n`,
  text,
  canary.base64,
]

async function messageOf(act: () => unknown): Promise<string> {
  try {
    await act()
    return ''
  } catch (error) {
    const inner = error instanceof Error ? error.cause : undefined
    return [error, inner].map(one => (one instanceof Error ? `${one.message}\n${one.stack ?? ''}` : '')).join('\n')
  }
}

test('kubeconfigs, those of webhooks and admission configurations say where they are wrong, not what stands there', async () => {
  const readers: Readonly<Record<string, (file: string) => unknown>> = {
    kubeconfig: loadKubeconfig,
    webhook: loadWebhookKubeconfig,
    audit: webhookPlace,
    admission: readAdmissionFile,
    encryption: readRulesFile,
    authentication: file => readAuthentication(readFileSync(file, 'utf8'), []),
    authorization: file => readAuthorization(readFileSync(file, 'utf8'), { everything: false } as never),
    policy: file => parsePolicy(readFileSync(file, 'utf8')),
  }
  for (const [at, content] of broken.entries()) {
    const file = join(dir, `${at}.yaml`)
    writeFileSync(file, content, { mode: 0o600 })
    for (const [name, read] of Object.entries(readers)) {
      const message = await messageOf(() => read(file))
      assert.notEqual(message, '', `${name} ${at}`)
      assertAbsent(canary, message, `${name}: ${content}`)
    }
    assertAbsent(canary, await messageOf(() => parseYaml(content)), `yaml: ${content}`)
  }
})

test('keys and certificates in kubeconfigs that are none', async () => {
  const file = join(dir, 'key.yaml')
  const user = { 'client-certificate-data': canary.base64, 'client-key-data': canary.base64, token: text }
  const config = {
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    clusters: [
      { name: 'a', cluster: { server: `http://user:${text}@host`, 'certificate-authority-data': canary.base64 } },
    ],
    users: [{ name: 'a', user }],
  }
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  assertAbsent(canary, await messageOf(() => loadWebhookKubeconfig(file)), 'webhook')
  assertAbsent(canary, await messageOf(() => webhookPlace(file)), 'audit')
})

test('encryption configurations with keys that are none', async () => {
  const file = join(dir, 'encryption.yaml')
  const keys = (...secrets: readonly unknown[]) => secrets.map((secret, at) => ({ name: `key${at}`, secret }))
  const providers: readonly object[] = [
    { aesgcm: { keys: keys(text) } },
    { aesgcm: { keys: keys(canary.base64) } },
    { aescbc: { keys: keys(`${canary.base64}!`) } },
    { secretbox: { keys: keys(canary.base64) } },
    { secretbox: { keys: keys({ inner: text }) } },
    { secretbox: { keys: text } },
    { aesgcm: { keys: [{ name: 'a:b', secret: canary.base64 }] } },
    { aesgcm: { keys: [{ name: 'a', secret: canary.base64, more: text }] } },
    { aesgcm: { keys: [...keys(canary.base64), { name: 'key0', secret: canary.base64 }] } },
  ]
  for (const provider of providers) {
    const config = {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{ resources: ['secrets'], providers: [provider] }],
    }
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
    const message = await messageOf(() => readRulesFile(file))
    assert.notEqual(message, '', JSON.stringify(provider))
    assertAbsent(canary, message, JSON.stringify(provider))
  }
})

test('a process that nobody caught says its name and place', () => {
  let written = ''
  let code = 0
  tellCrashes(
    line => (written += line),
    ended => (code = ended),
  )(Object.assign(new Error(text), { body: text }))
  assert.equal(code, 3)
  assertAbsent(canary, written, 'the crash')
  assert.match(written, /"message":"crashed".*files\.test\.ts/)
})

test('a whole process: unhandled rejections and throws leave no value behind', () => {
  const module = join(import.meta.dirname, '../../src/cli/process.ts')
  for (const act of [
    `JSON.parse(value)`,
    `throw Object.assign(new Error(value), { object: { data: value } })`,
    `throw value`,
    `Promise.reject(new Error(value))`,
    `Promise.reject(value)`,
    `new URL(value)`,
    `setTimeout(() => { throw new TypeError(value) }, 1)`,
  ]) {
    const code = `
      const { guardCrashes } = await import(${JSON.stringify(module)})
      guardCrashes()
      const value = process.env.CANARY
      setImmediate(() => { ${act} })
      setTimeout(() => undefined, 200)`
    const ran = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      env: { ...process.env, CANARY: text, NODE_OPTIONS: '' },
      encoding: 'utf8',
      cwd: join(import.meta.dirname, '../..'),
      timeout: 20_000,
    })
    assert.equal(ran.status, 3, `${act}: ${ran.stderr}`)
    assert.match(ran.stderr, /"message":"crashed"/, act)
    assertAbsent(canary, ran.stderr + ran.stdout, act)
  }
})
