import assert from 'node:assert/strict'
import { test } from 'node:test'
import { trustOf } from './trust-flags.ts'

test('what no flag says is not there; files are absolute', () => {
  assert.equal(trustOf({}), undefined)
  assert.deepEqual(trustOf({ authenticationConfig: '/etc/a.yaml' }), { authenticationConfig: '/etc/a.yaml' })
  assert.ok(trustOf({ authorizationConfig: 'a.yaml' })?.authorizationConfig?.startsWith('/'))
  assert.deepEqual(trustOf({ authorizationMode: 'Node, RBAC', oidcIssuerUrl: 'https://a', oidcSigningAlgs: 'ES256' }), {
    oidc: { issuerUrl: 'https://a', signingAlgs: ['ES256'] },
    authorization: { modes: ['Node', 'RBAC'] },
  })
})

test('a webhook without its place is a mistake', () => {
  assert.throws(() => trustOf({ authenticationTokenWebhookVersion: 'v1' }), /config-file is missing/)
  assert.deepEqual(trustOf({ authenticationTokenWebhookConfigFile: '/w', authenticationTokenWebhookVersion: 'v1' }), {
    tokenWebhook: { configFile: '/w', version: 'v1' },
  })
})
