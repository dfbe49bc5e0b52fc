import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthorizationConfiguration } from '#kinds/facts/generated/types/apiserver_v1.ts'
import { ConfigurationError } from '#codec/configuration.ts'
import { checkAuthorization, readAuthorization } from './configuration.ts'
import { fromFlags } from './flags.ts'

type Draft = Record<string, unknown>

const good: Draft = {
  timeout: '3s',
  subjectAccessReviewVersion: 'v1',
  failurePolicy: 'Deny',
  connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/etc/webhook' },
}

function problems(...authorizers: readonly Draft[]): string {
  try {
    checkAuthorization({ authorizers } as unknown as AuthorizationConfiguration, { everythingAllowed: false })
    return ''
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error))
    return error.message
  }
}

const webhook = (fields: Draft): string =>
  problems({ type: 'Webhook', name: 'w', webhook: { ...good, ...fields } }).replace('authorizers[0]', '@')

test('authorizers are checked as upstream checks them', () => {
  assert.equal(problems({ type: 'Node', name: 'node' }, { type: 'RBAC', name: 'rbac' }), '')
  assert.equal(problems(), 'authorizers: Required value: at least one authorization mode must be defined')
  assert.equal(problems({ name: 'a' }), 'authorizers[0].type: Required value')
  assert.match(problems({ type: 'ABAC', name: 'a' }), /^authorizers\[0\]\.type: Unsupported value: "ABAC": supported/)
  assert.match(
    problems({ type: 'RBAC', name: 'a' }, { type: 'RBAC', name: 'b' }),
    /authorizers\[1\]\.type: Duplicate value: "RBAC"/,
  )
  assert.match(
    problems({ type: 'RBAC', name: 'a' }, { type: 'Node', name: 'a' }),
    /authorizers\[1\]\.name: Duplicate value: "a"/,
  )
  assert.match(problems({ type: 'RBAC', name: 'A' }), /authorizer name is invalid: a lowercase RFC 1123 subdomain/)
  assert.match(problems({ type: 'RBAC' }), /authorizers\[0\]\.name: Required value/)
  assert.match(problems({ type: 'RBAC', name: 'a', webhook: good }), /may only be specified when type=Webhook/)
  assert.match(problems({ type: 'Webhook', name: 'a' }), /webhook: Required value: required when type=Webhook/)
})

test('everybody may do everything only where somebody said so', () => {
  assert.match(problems({ type: 'AlwaysAllow', name: 'a' }), /type: Forbidden: AlwaysAllow gives everybody every right/)
  const authorizers = [{ type: 'AlwaysAllow', name: 'a' }]
  assert.deepEqual(checkAuthorization({ authorizers }, { everythingAllowed: true }), [{ type: 'AlwaysAllow' }])
})

test('webhooks are checked as upstream checks them', () => {
  assert.equal(webhook({}), '')
  assert.equal(webhook({ timeout: undefined }), '@.timeout: Required value')
  assert.equal(webhook({ timeout: '31s' }), '@.timeout: Invalid value: "31s": must be > 0s and <= 30s')
  assert.match(webhook({ authorizedTTL: '-1s' }), /@\.authorizedTTL: Invalid value: "-1s": must be > 0s$/)
  assert.match(webhook({ subjectAccessReviewVersion: 'v2' }), /supported values: "v1", "v1beta1"$/)
  assert.equal(webhook({ failurePolicy: '' }), '@.failurePolicy: Required value')
  assert.match(webhook({ failurePolicy: 'Allow' }), /Unsupported value: "Allow"/)
  assert.match(webhook({ connectionInfo: { type: 'KubeConfigFile' } }), /kubeConfigFile: Required value$/)
  assert.match(
    webhook({ connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: 'x' } }),
    /must be an absolute path$/,
  )
  const conditions = (...expressions: readonly string[]): string =>
    webhook({
      matchConditions: expressions.map(expression => ({ expression })),
      matchConditionSubjectAccessReviewVersion: 'v1',
    })
  assert.equal(conditions("request.user == 'jane'", 'has(request.resourceAttributes)'), '')
  assert.match(conditions('request.who == 1'), /matchConditions\[0\]\.expression: .*compilation failed/s)
  assert.match(conditions('request.user'), /must evaluate to bool$/)
  assert.match(conditions(' '), /expression: Required value$/)
  assert.match(conditions('true', 'true'), /matchConditions\[1\]\.expression: Duplicate value: "true"$/)
  assert.match(
    webhook({ matchConditions: [{ expression: 'true' }] }),
    /matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified$/,
  )
})

test('a file is read strictly, and what it leaves out is as upstream has it', () => {
  const file = (text: string) =>
    readAuthorization(`apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n${text}`, {
      everythingAllowed: false,
    })
  const [only] = file(`authorizers: [{type: Webhook, name: w, webhook: ${JSON.stringify(good)}}]`)
  assert.ok(only?.type === 'Webhook')
  assert.deepEqual([only.webhook.allowedFor, only.webhook.refusedFor], [300_000, 30_000])
  assert.throws(() => file('authorizer: []'), /unknown field "authorizer"/)
  assert.throws(() => file(''), /at least one authorization mode must be defined/)
})

test('flags mean what upstream makes of them', () => {
  assert.equal(fromFlags({}), undefined)
  assert.throws(() => fromFlags({ modes: ['ABAC'] }), /authorization-mode "ABAC" is not a valid mode/)
  assert.throws(() => fromFlags({ modes: ['RBAC', 'RBAC'] }), /has mode specified more than once/)
  assert.throws(() => fromFlags({ modes: ['Webhook'] }), /Webhook's authorization config file not passed/)
  assert.throws(() => fromFlags({ webhookConfigFile: '/x' }), /without mode Webhook/)
  const made = fromFlags({ modes: ['RBAC', 'Webhook'], webhookConfigFile: '/x', webhookAuthorizedTtl: '0s' })
  assert.ok(made !== undefined)
  const [, second] = checkAuthorization(made, { everythingAllowed: false })
  assert.ok(second?.type === 'Webhook')
  assert.deepEqual(
    [second.webhook.allowedFor, second.webhook.refusedFor, second.webhook.version],
    [0, 30_000, 'v1beta1'],
  )
})
