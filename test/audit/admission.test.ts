/** What admission puts on record: which webhook changed what, by level, and none that poses as somebody else. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import { type HookServer, patched, startHookServer } from '../api/admission/hook-server.ts'
import { group, rule } from '../api/admission/setting.ts'
import { type Wire, openWire } from '../api/wire.ts'
import { policyOf } from './setting.ts'

const events: Event[] = []
let wire: Wire
let hooks: HookServer

before(async () => {
  wire = await openWire({
    controllers: false,
    audit: event => void events.push(event),
    auditPolicy: policyOf(
      [
        { level: 'Request', resources: [{ group: '', resources: ['configmaps'] }], namespaces: ['default'] },
        { level: 'Request', resources: [{ group: '', resources: ['secrets'] }] },
        { level: 'Metadata' },
      ],
      { omitStages: ['RequestReceived'] },
    ),
  })
  hooks = await startHookServer()
})
after(async () => {
  await hooks.close()
  await wire.stop()
})

async function configure(kind: 'Mutating' | 'Validating', name: string, more: object = {}): Promise<void> {
  const webhook = {
    name,
    clientConfig: { url: hooks.url(`/${name}`), caBundle: hooks.caBundle },
    rules: [{ ...rule, resources: ['configmaps', 'secrets'] }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...more,
  }
  const body = { metadata: { name }, webhooks: [webhook] }
  assert.equal((await wire.call('POST', `${group}/${kind.toLowerCase()}webhookconfigurations`, { body })).status, 201)
}
const remove = (kind: string, name: string) =>
  wire.call('DELETE', `${group}/${kind.toLowerCase()}webhookconfigurations/${name}`)

async function made(kind: 'configmaps' | 'secrets', namespace: string, name: string): Promise<Event> {
  events.length = 0
  await wire.call('POST', `/api/v1/namespaces/${namespace}/${kind}`, { body: { metadata: { name } } })
  return events.find(event => event.objectRef?.resource === kind) ?? assert.fail('nothing on record')
}

test('patches where bodies are on record, else only that there was one', async () => {
  const patch = [{ op: 'add', path: '/metadata/labels', value: { added: 'by-hook' } }]
  hooks.on('/change.example.com', () => ({
    ...patched(patch),
    auditAnnotations: { reason: 'because', 'with/slash': 'x' },
  }))
  await configure('Mutating', 'change.example.com')
  const request = await made('configmaps', 'default', 'one')
  const mark = { configuration: 'change.example.com', webhook: 'change.example.com' }
  assert.deepEqual(JSON.parse(request.annotations?.['mutation.webhook.admission.k8s.io/round_0_index_0'] ?? '{}'), {
    ...mark,
    mutated: true,
  })
  assert.deepEqual(JSON.parse(request.annotations?.['patch.webhook.admission.k8s.io/round_0_index_0'] ?? '{}'), {
    ...mark,
    patch,
    patchType: 'JSONPatch',
  })
  assert.equal(request.annotations?.['change.example.com/reason'], 'because')
  const metadata = await made('configmaps', 'kube-system', 'two')
  assert.match(JSON.stringify(metadata.annotations), /"mutated\\":true/)
  assert.doesNotMatch(JSON.stringify(metadata), /patch\.webhook|by-hook/)
  const secret = await made('secrets', 'default', 'three')
  assert.doesNotMatch(JSON.stringify(secret), /patch\.webhook|by-hook/)
  await remove('Mutating', 'change.example.com')
})

test('a webhook whose name is ours says nothing in our name', async () => {
  for (const name of ['audit.bulwark.dev', 'authorization.k8s.io', 'authentication.bulwark.dev']) {
    hooks.on(`/${name}`, () => ({
      allowed: true,
      auditAnnotations: { sequence: '1', hash: '0'.repeat(64), decision: 'forbid', source: 'nobody', lost: '9' },
    }))
    await configure('Validating', name)
  }
  const event = await made('configmaps', 'default', 'posing')
  assert.deepEqual(Object.keys(event.annotations ?? {}).toSorted(), [
    'authentication.bulwark.dev/source',
    'authorization.k8s.io/decision',
    'authorization.k8s.io/reason',
  ])
  assert.equal(event.annotations?.['authorization.k8s.io/decision'], 'allow')
  assert.equal(event.annotations?.['authentication.bulwark.dev/source'], 'x509')
  for (const name of ['audit.bulwark.dev', 'authorization.k8s.io', 'authentication.bulwark.dev'])
    await remove('Validating', name)
})

test('a refusal by admission, and a webhook that failed and was passed over', async () => {
  hooks.on('/no.example.com', () => ({ allowed: false, status: { message: 'not like this' } }))
  await configure('Validating', 'no.example.com')
  const refused = await made('configmaps', 'default', 'refused')
  assert.match(refused.responseStatus?.message ?? '', /no\.example\.com" denied the request: not like this/)
  assert.equal(refused.annotations?.['authorization.k8s.io/decision'], 'allow')
  await remove('Validating', 'no.example.com')
  hooks.on('/broken.example.com', (_, response) => void response.destroy())
  await configure('Validating', 'broken.example.com', { failurePolicy: 'Ignore' })
  const open = await made('configmaps', 'default', 'open')
  assert.equal(
    open.annotations?.['failed-open.validating.webhook.admission.k8s.io/round_0_index_0'],
    'broken.example.com',
  )
  await remove('Validating', 'broken.example.com')
})
