/** What is wrong with configurations of webhooks, as a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Changes, type Row, failures, right, wrong } from '../table.ts'
import { MutatingWebhookConfiguration } from './mutatingWebhookConfiguration.ts'
import { ValidatingWebhookConfiguration } from './validatingWebhookConfiguration.ts'

const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }
const webhook = {
  name: 'a.example.com',
  clientConfig: { url: 'https://example.com/x' },
  rules: [rule],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}
const base: Changes = { webhooks: [webhook] }
const at = (field: string): string => `webhooks.0.${field}`
const label =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const form = '; desired format: https://host[/path]'
const service = { name: 's', namespace: 'n' }

const rules: readonly Row[] = [
  ...right(
    { [at('rules')]: [] },
    { [at('rules.0.resources')]: ['*'] },
    { [at('rules.0.resources')]: ['*', '*/status'] },
    { [at('rules.0.resources')]: ['pods/*'] },
    { [at('rules.0.operations')]: ['*'] },
    { [at('rules.0.scope')]: 'Cluster' },
  ),
  wrong({ [at('rules.0.operations')]: [] }, 'webhooks[0].rules[0].operations: Required value'),
  wrong(
    { [at('rules.0.operations')]: ['*', 'CREATE'] },
    `webhooks[0].rules[0].operations: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations`,
  ),
  wrong(
    { [at('rules.0.operations')]: ['PATCH'] },
    'webhooks[0].rules[0].operations[0]: Unsupported value: "PATCH": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
  ),
  wrong({ [at('rules.0.apiGroups')]: [] }, 'webhooks[0].rules[0].apiGroups: Required value'),
  wrong(
    { [at('rules.0.apiGroups')]: ['a', '*'] },
    `webhooks[0].rules[0].apiGroups: Invalid value: ["a","*"]: if '*' is present, must not specify other API groups`,
  ),
  wrong({ [at('rules.0.apiVersions')]: [''] }, 'webhooks[0].rules[0].apiVersions[0]: Required value'),
  wrong({ [at('rules.0.resources')]: [''] }, 'webhooks[0].rules[0].resources[0]: Required value'),
  wrong(
    { [at('rules.0.resources')]: ['*/*', 'a'] },
    `webhooks[0].rules[0].resources: Invalid value: ["*/*","a"]: if '*/*' is present, must not specify other resources`,
  ),
  wrong(
    { [at('rules.0.resources')]: ['*', 'a'] },
    `webhooks[0].rules[0].resources: Invalid value: ["*","a"]: if '*' is present, must not specify other resources without subresources`,
  ),
  wrong(
    { [at('rules.0.resources')]: ['a/*', 'a/x'] },
    `webhooks[0].rules[0].resources[1]: Invalid value: "a/x": if 'a/*' is present, must not specify a/x`,
  ),
  wrong(
    { [at('rules.0.resources')]: ['*/a', 'x/a'] },
    `webhooks[0].rules[0].resources[1]: Invalid value: "x/a": if '*/a' is present, must not specify x/a`,
  ),
  wrong(
    { [at('rules.0.scope')]: 'Node' },
    'webhooks[0].rules[0].scope: Unsupported value: "Node": supported values: "*", "Cluster", "Namespaced"',
  ),
]

const clients: readonly Row[] = [
  ...right(
    { [at('clientConfig')]: { service } },
    { [at('clientConfig')]: { service: { ...service, path: '/a/b/', port: 8443 } } },
    { [at('clientConfig.url')]: 'https://127.0.0.1:8443' },
  ),
  wrong(
    { [at('clientConfig')]: {} },
    'webhooks[0].clientConfig: Required value: exactly one of url or service is required',
  ),
  wrong(
    { [at('clientConfig.service')]: service },
    'webhooks[0].clientConfig: Required value: exactly one of url or service is required',
  ),
  wrong(
    { [at('clientConfig.url')]: 'http://a' },
    `webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme${form}`,
  ),
  wrong(
    { [at('clientConfig.url')]: 'https:///x' },
    `webhooks[0].clientConfig.url: Invalid value: "": host must be specified${form}`,
  ),
  wrong(
    { [at('clientConfig.url')]: 'https://me:pw@a/x?q=1#f' },
    'webhooks[0].clientConfig.url: Invalid value: "me:pw": user information is not permitted in the URL',
    'webhooks[0].clientConfig.url: Invalid value: "f": fragments are not permitted in the URL',
    'webhooks[0].clientConfig.url: Invalid value: "q=1": query parameters are not permitted in the URL',
  ),
  wrong(
    { [at('clientConfig.url')]: 'https://a b' },
    'webhooks[0].clientConfig.url: Required value: url must be a valid URL: …',
  ),
  wrong(
    { [at('clientConfig')]: { service: { name: '', namespace: '', port: 70_000, path: 'x' } } },
    'webhooks[0].clientConfig.service.name: Required value',
    'webhooks[0].clientConfig.service.namespace: Required value',
    'webhooks[0].clientConfig.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive',
    `webhooks[0].clientConfig.service.path: Invalid value: "x": must start with a '/'`,
    'webhooks[0].clientConfig.service.path: Invalid value: "x": segment[0] may not be empty',
  ),
  wrong(
    { [at('clientConfig')]: { service: { ...service, path: '/a//b' } } },
    'webhooks[0].clientConfig.service.path: Invalid value: "/a//b": segment[1] may not be empty',
  ),
  wrong(
    { [at('clientConfig')]: { service: { ...service, path: '/A' } } },
    `webhooks[0].clientConfig.service.path: Invalid value: "/A": segment[0]: ${label}`,
  ),
]

const others: readonly Row[] = [
  ...right(
    {},
    { [at('timeoutSeconds')]: 30 },
    { [at('admissionReviewVersions')]: ['v9', 'v1beta1'] },
    { webhooks: [] },
  ),
  wrong(
    { [at('name')]: 'a.b' },
    'webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
  ),
  wrong({ [at('name')]: '' }, 'webhooks[0].name: Required value'),
  wrong({ webhooks: [webhook, webhook] }, 'webhooks[1].name: Duplicate value: "a.example.com"'),
  wrong(
    { [at('failurePolicy')]: 'No' },
    'webhooks[0].failurePolicy: Unsupported value: "No": supported values: "Fail", "Ignore"',
  ),
  wrong(
    { [at('matchPolicy')]: 'No' },
    'webhooks[0].matchPolicy: Unsupported value: "No": supported values: "Equivalent", "Exact"',
  ),
  wrong(
    { [at('sideEffects')]: undefined },
    'webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun',
  ),
  wrong(
    { [at('sideEffects')]: 'Some' },
    'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
  ),
  wrong(
    { [at('timeoutSeconds')]: 31 },
    'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
  ),
  wrong(
    { [at('objectSelector')]: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
    "webhooks[0].objectSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
  ),
  wrong(
    { [at('admissionReviewVersions')]: [] },
    'webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1',
  ),
  wrong(
    { [at('admissionReviewVersions')]: ['v1', 'v1'] },
    'webhooks[0].admissionReviewVersions[1]: Invalid value: "v1": duplicate version',
  ),
  wrong(
    { [at('admissionReviewVersions')]: ['v9'] },
    'webhooks[0].admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
  ),
  wrong(
    {
      [at('matchConditions')]: [
        { name: 'n', expression: ' ' },
        { name: 'n', expression: 'true' },
      ],
    },
    'webhooks[0].matchConditions[0].expression: Required value',
    'webhooks[0].matchConditions[1].name: Duplicate value: "n"',
  ),
  ...right(
    {
      [at('matchConditions')]: [
        { name: 'a', expression: "object.metadata.name == 'x' && request.operation == 'CREATE'" },
      ],
    },
    {
      [at('matchConditions')]: [
        { name: 'a', expression: "authorizer.group('').resource('pods').check('get').allowed()" },
      ],
    },
  ),
  wrong(
    { [at('matchConditions')]: [{ name: 'a', expression: 'request.nothing == 1' }] },
    'webhooks[0].matchConditions[0].expression: Invalid value: "request.nothing == 1": compilation failed: ERROR: <input>:1:8: undefined field \'nothing\'…',
  ),
  wrong(
    { [at('matchConditions')]: [{ name: 'a', expression: '1 +' }] },
    'webhooks[0].matchConditions[0].expression: Invalid value: "1 +": compilation failed: ERROR: <input>:1:4: Syntax error…',
  ),
  wrong(
    { [at('matchConditions')]: [{ name: 'a', expression: 'object.spec.ready' }] },
    'webhooks[0].matchConditions[0].expression: Invalid value: "object.spec.ready": must evaluate to bool but got dyn',
  ),
  {
    old: { [at('matchConditions')]: [{ name: 'a', expression: 'no longer' }] },
    change: { [at('matchConditions')]: [{ name: 'a', expression: 'no longer' }] },
    wrong: [],
  },
  // What was stored before these were required may be kept as it is.
  { old: { [at('sideEffects')]: 'Some' }, change: { [at('sideEffects')]: 'Some' }, wrong: [] },
  { old: { [at('admissionReviewVersions')]: ['v9'] }, change: { [at('admissionReviewVersions')]: ['v9'] }, wrong: [] },
  { old: { webhooks: [webhook, webhook] }, change: { webhooks: [webhook, webhook] }, wrong: [] },
]

test('validating webhooks', () =>
  assert.deepEqual(failures(ValidatingWebhookConfiguration, base, [...rules, ...clients, ...others]), []))

test('mutating webhooks', () =>
  assert.deepEqual(
    failures(MutatingWebhookConfiguration, base, [
      ...rules,
      ...clients,
      ...others,
      wrong(
        { [at('reinvocationPolicy')]: 'Always' },
        'webhooks[0].reinvocationPolicy: Unsupported value: "Always": supported values: "IfNeeded", "Never"',
      ),
    ]),
    [],
  ))
