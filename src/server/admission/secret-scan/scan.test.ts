/** What is taken for a secret, and what is not. Values are put together here, so that this file holds none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusError } from '#api/status.ts'
import { type Asked, requestOf } from '../fixture.ts'
import { makeAdmission } from '../step.ts'
import { knownForm } from './forms.ts'
import { isSecretive, promise, tellingLine } from './names.ts'
import { readScanSettings, usualScan } from './settings.ts'
import { notSecret, secretScan } from './step.ts'

const letters = 'aB3dE5gH7jK9mN1pQ2sT4vW6xY8zAbC0'
/** As random as a token. */
const random = (length: number, of = letters): string =>
  Array.from({ length }, (_, at) => of[(at * 7 + (at >> 3)) % of.length] ?? '').join('')
const hex = (length: number): string => random(length, '0123456789abcdef')
const upper = (length: number): string => random(length, 'ABCDEFGH2345JKLMNOPQ67RSTUVWXYZ')
const pemOf = (title: string): string => `-----${'BEGIN'} ${title}-----\n${random(64)}\n-----END ${title}-----\n`
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const jwt = [
  { alg: 'RS256', typ: 'JWT' },
  { sub: 'a', exp: 1 },
]
  .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .concat(random(43))
  .join('.')

const trueOnes: readonly (readonly [value: string, is: string])[] = [
  ...[
    'PRIVATE KEY',
    'RSA PRIVATE KEY',
    'EC PRIVATE KEY',
    'OPENSSH PRIVATE KEY',
    'ENCRYPTED PRIVATE KEY',
    'DSA PRIVATE KEY',
  ].map(title => [pemOf(title), 'a private key (PEM)'] as const),
  [`-----${'BEGIN'} PGP PRIVATE KEY BLOCK-----\n`, 'a private key (PEM)'],
  [`key: |\n  ${pemOf('RSA PRIVATE KEY').replaceAll('\n', '\n  ')}`, 'a private key (PEM)'],
  [base64(pemOf('RSA PRIVATE KEY')), 'a private key (PEM in base64)'],
  [`PuTTY-User-Key-${'File'}-3: ssh-ed25519`, 'a private key (PuTTY)'],
  [`AKIA${upper(16)}`, 'an AWS access key'],
  [`aws_access_key_id = ASIA${upper(16)}\n`, 'an AWS access key'],
  [`AIza${random(35)}`, 'a Google API key'],
  [JSON.stringify({ type: 'service_account', private_key: pemOf('PRIVATE KEY') }), 'a GCP service account key'],
  [
    `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${random(86)}==;EndpointSuffix=core.windows.net`,
    'an Azure connection string',
  ],
  [
    `Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=${random(43)}=`,
    'an Azure connection string',
  ],
  [`abc8Q~${random(34)}`, 'an Azure client secret'],
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map(mark => [mark + random(36), 'a GitHub token'] as const),
  [`github_pat_${random(22)}_${random(59)}`, 'a GitHub token'],
  [`https://x/?t=ghp_${random(36)}&u=1`, 'a GitHub token'],
  ...['glpat-', 'gldt-', 'glrt-'].map(mark => [mark + random(20), 'a GitLab token'] as const),
  [`xoxb-${random(12, '0123456789')}-${random(12, '0123456789')}-${random(24)}`, 'a Slack token'],
  [`xapp-1-A${upper(10)}-${random(13, '0123456789')}-${hex(64)}`, 'a Slack token'],
  [`https://hooks.slack.com/services/T${upper(8)}/B${upper(8)}/${random(24)}`, 'a Slack webhook'],
  [`//registry.npmjs.org/:_authToken=npm_${random(36)}`, 'an npm token'],
  [`sk_live_${random(24)}`, 'a Stripe key'],
  [`rk_test_${random(24)}`, 'a Stripe key'],
  [`SG.${random(22)}.${random(43)}`, 'a SendGrid key'],
  [`hvs.${random(90)}`, 'a Vault token'],
  [`hf_${random(34)}`, 'a Hugging Face token'],
  [jwt, 'a JSON web token'],
  [`Authorization: Bearer ${jwt}`, 'a JSON web token'],
  [JSON.stringify({ auths: { 'registry.example': { auth: base64('user:word') } } }), 'credentials of a registry'],
  [
    `users:\n- name: a\n  user:\n    client-key-data: ${base64(pemOf('EC PRIVATE KEY'))}`,
    'a kubeconfig with a private key',
  ],
  [`current-context: a\nusers:\n- user:\n    token: ${random(20)}`, 'a kubeconfig with a token'],
  ['postgres://app:S3cr3tWord@db:5432/app', 'a password in a URL'],
  ['jdbc:mysql://root:hunter2!@10.0.0.1/x?useSSL=false', 'a password in a URL'],
  ['redis://:f00b4r@cache:6379/0', 'a password in a URL'],
  ['amqp://u:p@ss@mq/', 'a password in a URL'],
  ['a\nmongodb+srv://u:hunter22@x.mongodb.net', 'a password in a URL'],
]

test('forms that issuers gave their secrets', () => {
  for (const [value, is] of trueOnes) assert.equal(knownForm(value), is, value.slice(0, 12))
})

const falseOnes: readonly string[] = [
  pemOf('CERTIFICATE'),
  pemOf('PUBLIC KEY'),
  base64(pemOf('CERTIFICATE')),
  '-----BEGIN PRIVATE',
  `AKIAIOSFODNN7${'EXAMPLE'}`,
  `AKIA${upper(20)}`,
  `XAKIA${upper(16)}`,
  'ASIA',
  `ghp_${'x'.repeat(36)}`,
  `ghp_${random(12)}`,
  `foo_ghp_${random(36)}`,
  'glpat-your-token-here-please',
  'npm_config_registry',
  'npm_package_name_and_version_is_long_enough',
  `sk_test_${'*'.repeat(24)}`,
  'sk_live_...',
  'eyJ',
  'eyJhbGciOi.J',
  `eyJ${random(20)}.eyJ${random(20)}.${random(20)}`,
  'https://example.com/a:b@c',
  'https://example.com:8080/path',
  'postgres://app@db/app',
  'postgres://app:@db/app',
  'postgres://app:$(DB_PASSWORD)@db/app',
  'postgres://app:${DB_PASSWORD}@db/app',
  'postgres://app:{{ .password }}@db/app',
  'postgres://user:password@host/db',
  'postgres://app:<password>@db/app',
  'https://host/?next=mailto:a@b',
  'https://host:443, c@d.e',
  'git@github.com:a/b.git',
  '"auth": true',
  '{"auths":{}}',
  'clusters:\n- cluster:\n    server: https://x\ncurrent-context: ""\nusers: []',
  'tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token\ncurrent-context: default',
  'hf_model_name',
  '',
]

test('what is none: certificates, references, examples, words', () => {
  for (const value of falseOnes) assert.equal(knownForm(value), undefined, value.slice(0, 40))
})

test('names that promise a secret', () => {
  for (const name of [
    'DB_PASSWORD',
    'spring.datasource.password',
    'api_key',
    'X-Api-Key',
    'SECRET_KEY',
    'authToken',
    'AWS_SECRET_ACCESS_KEY',
    'client-secret',
  ])
    assert.ok(promise(name) !== undefined, name)
  for (const name of [
    'TOKEN_FILE',
    'SECRET_NAME',
    'PASSWORD_POLICY',
    'tokenizer',
    'AWS_ACCESS_KEY_ID',
    'password-length',
    'TOKEN_URL',
    'HOME',
    'KEY',
    'secretRef',
    'x'.repeat(300),
  ])
    assert.equal(promise(name), undefined, name)
  const password = { password: true }
  const other = { password: false }
  for (const value of ['S3cr3tWord', 'correct-horse-9', 'Tr0ub4dor&3']) assert.ok(isSecretive(value, password), value)
  for (const value of [
    'true',
    'changeme',
    'password',
    'my-db-credentials',
    '/run/secrets/x',
    '$(PASSWORD)',
    '{{ .x }}',
    '12345',
    '3600',
    '<from vault>',
  ])
    assert.ok(!isSecretive(value, password), value)
  assert.ok(isSecretive(random(24), other))
  assert.ok(!isSecretive('kube-system/my-token', other) && !isSecretive('AAAAAAAAAAAAAAAAAAAA1', other))
  assert.equal(tellingLine('a=1\ndb.url=x\ndb.password = "S3cr3tWord"\n'), 3)
  assert.equal(tellingLine(`{\n  "apiKey": "${random(32)}",\n}`), 2)
  assert.equal(tellingLine('password: ${PASSWORD}\ntoken_file=/x/y1\n'), undefined)
  assert.equal(tellingLine('export DB_PASSWORD="S3cr3tWord"\n'), 1)
  for (const code of [
    'const password = process.env.REDIS_PASSWORD1',
    'password = os.environ["DB_PASSWORD1"]',
    "token := os.Getenv('API_TOKEN_1234567')",
    'The password is: Foo123bar9',
    'if (password === Undefined1) return',
  ])
    assert.equal(tellingLine(code), undefined, code)
})

async function ask(asked: Asked, settings = usualScan) {
  const warnings: string[] = []
  const request = { ...requestOf(asked), warn: (text: string) => void warnings.push(text) }
  let error = ''
  try {
    await makeAdmission([secretScan(settings)]).judge(request)
  } catch (thrown) {
    if (!(thrown instanceof StatusError)) throw thrown
    error = thrown.message
  }
  return { warnings, error }
}

const value = `ghp_${random(36)}`
const spec = (env: object[]) => ({ containers: [{ name: 'c', env }] })
const withEnv = spec([{ name: 'A', value }])
const end = 'looks like a GitHub token; secrets belong in a Secret'

test('where it stands, and never what it is', async () => {
  const cases: readonly (readonly [Asked, string])[] = [
    [
      { resource: 'configmaps', object: { kind: 'ConfigMap', metadata: { name: 'x' }, data: { 'a.b': value } } },
      'data[a.b]',
    ],
    [
      {
        resource: 'configmaps',
        object: { kind: 'ConfigMap', metadata: { name: 'x' }, binaryData: { b: base64(value) } },
      },
      'binaryData[b]',
    ],
    [{ object: { kind: 'Pod', metadata: { name: 'x' }, spec: withEnv } }, 'spec.containers[c].env[A]'],
    [
      {
        object: { kind: 'Pod', metadata: { name: 'x' }, spec: { ephemeralContainers: withEnv.containers } },
        subresource: 'ephemeralcontainers',
      },
      'spec.ephemeralContainers[c].env[A]',
    ],
    ...[
      'deployments.apps',
      'daemonsets.apps',
      'statefulsets.apps',
      'replicasets.apps',
      'jobs.batch',
      'replicationcontrollers',
    ].map(
      resource =>
        [
          { resource, object: { kind: 'K', metadata: { name: 'x' }, spec: { template: { spec: withEnv } } } },
          'spec.template.spec.containers[c].env[A]',
        ] as const,
    ),
    [
      {
        resource: 'cronjobs.batch',
        object: {
          kind: 'CronJob',
          metadata: { name: 'x' },
          spec: { jobTemplate: { spec: { template: { spec: withEnv } } } },
        },
      },
      'spec.jobTemplate.spec.template.spec.containers[c].env[A]',
    ],
    [
      {
        resource: 'podtemplates',
        object: { kind: 'PodTemplate', metadata: { name: 'x' }, template: { spec: withEnv } },
      },
      'template.spec.containers[c].env[A]',
    ],
    [
      { resource: 'widgets.x.dev', object: { kind: 'Widget', metadata: { name: 'x', annotations: { note: value } } } },
      'metadata.annotations[note]',
    ],
    [
      {
        resource: 'deployments.apps',
        object: {
          kind: 'K',
          metadata: { name: 'x' },
          spec: { template: { metadata: { annotations: { note: value } }, spec: spec([]) } },
        },
      },
      'spec.template.metadata.annotations[note]',
    ],
  ]
  for (const [asked, place] of cases) {
    const { warnings, error } = await ask(asked)
    assert.deepEqual([warnings, error], [[`${place} ${end}`], ''], place)
    const refused = await ask(asked, { ...usualScan, mode: 'Deny' })
    assert.ok(refused.error.endsWith(`is forbidden: ${place} ${end}`), refused.error)
    assert.ok(!`${warnings.join()}${refused.error}`.includes(value.slice(4, 16)))
  }
})

test('nothing is said of what was there, of references, of components, of the exempt', async () => {
  const map = (data: object, annotations = {}) => ({ kind: 'ConfigMap', metadata: { name: 'x', annotations }, data })
  const asked = (object: object, more: object = {}): Asked => ({ resource: 'configmaps', object, ...more })
  assert.deepEqual((await ask(asked(map({ a: value, b: 'new' }), { old: map({ a: value }) }))).warnings, [])
  assert.equal((await ask(asked(map({ a: value }), { old: map({ b: value }) }))).warnings.length, 1)
  assert.deepEqual((await ask(asked(map({ a: value }, { [notSecret]: 'data[a]' })))).warnings, [])
  assert.match(
    (await ask(asked(map({ a: value }, { [notSecret]: 'data[a]' })), { ...usualScan, mode: 'Deny' })).error,
    /forbidden/,
  )
  assert.deepEqual((await ask(asked(map({ a: value })), { ...usualScan, namespaces: new Set(['n']) })).warnings, [])
  assert.deepEqual(
    (await ask(asked(map({ a: value }), { user: 'u' }), { ...usualScan, usernames: new Set(['u']) })).warnings,
    [],
  )
  const applied = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ data: { a: value } }) }
  assert.deepEqual(
    (
      await ask({
        resource: 'secrets',
        object: { kind: 'Secret', metadata: { name: 'x', annotations: applied }, data: { a: base64(value) } },
      })
    ).warnings,
    [],
  )
  const from = { name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }
  assert.deepEqual((await ask({ object: { kind: 'Pod', metadata: { name: 'x' }, spec: spec([from]) } })).warnings, [])
  const request = requestOf({ object: { kind: 'Pod', metadata: { name: 'x' }, spec: withEnv } })
  const own = { ...request, permit: { ...request.permit, user: { ...request.permit.user, source: 'component' } } }
  assert.equal(secretScan().handles(own), false)
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`k${at}`, value]))
  assert.match((await ask(asked(map(many)))).warnings[0] ?? '', /; 4 more; secrets belong/)
  assert.match(
    (await ask(asked(map({ f: `x\nnot: it\npassword=S3cr3tWord` })))).warnings[0] ?? '',
    /^data\[f\], line 3 looks like/,
  )
})

test('a megabyte that wants to be slow is not', () => {
  const size = 1024 * 1024
  for (const piece of [
    '://',
    'eyJ',
    'eyJ.',
    `eyJ${'a'.repeat(4000)}.`,
    '"auth"  ',
    'ghp_',
    '-----BEGIN ',
    'current-context token: ',
    'password=a\n',
    'password',
    'a:b@',
    '://u:p',
    'Q~',
    ' ',
    'password:=',
    'LS0tLS1CRUdJTi',
  ]) {
    const text = piece.repeat(Math.ceil(size / piece.length)).slice(0, size)
    const start = performance.now()
    knownForm(text)
    tellingLine(text)
    const took = performance.now() - start
    assert.ok(took < 400, `${JSON.stringify(piece.slice(0, 20))}: ${took} ms`)
  }
})

test('the configuration is read strictly', () => {
  const head = { apiVersion: 'bulwark.dev/v1alpha1', kind: 'SecretScanConfiguration' }
  assert.deepEqual(readScanSettings(head), usualScan)
  assert.equal(readScanSettings({ ...head, mode: 'Deny' }).mode, 'Deny')
  assert.deepEqual([...readScanSettings({ ...head, exemptions: { namespaces: ['a'] } }).namespaces], ['a'])
  for (const wrong of [
    undefined,
    {},
    { ...head, kind: 'X' },
    { ...head, mode: 'deny' },
    { ...head, more: 1 },
    { ...head, exemptions: { namespaces: ['A'] } },
    { ...head, exemptions: { usernames: [''] } },
    { ...head, exemptions: { usernames: 'x' } },
  ])
    assert.throws(() => readScanSettings(wrong), Error)
})
