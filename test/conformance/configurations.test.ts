/** The configurations of webhooks as objects: how they are found, listed, changed, and when changes are in force. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Json, assertNewer, openApi } from './api.ts'
import { type Hooks, type Side, type Space, configurationsOf, openHooks, rule } from './hooks.ts'

let api: Api
let hooks: Hooks
before(async () => {
  api = await openApi()
  hooks = await openHooks(api)
})
after(async () => {
  await hooks.stop()
  await api.stop()
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should include webhook resources in discovery documents', async () => {
  const group = 'admissionregistration.k8s.io'
  const listed = (await api.get('/apis')).groups.find(({ name }: Json) => name === group)
  for (const one of [listed, await api.get(`/apis/${group}`)]) {
    assert.equal(one.name, group)
    assert.ok(one.versions.some(({ version }: Json) => version === 'v1'))
  }
  const { groupVersion, resources } = await api.get(`/apis/${group}/v1`)
  assert.equal(groupVersion, `${group}/v1`)
  for (const wanted of ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'])
    assert.ok(
      resources.some(({ name }: Json) => name === wanted),
      wanted,
    )
})

const paths: Readonly<Record<Side, string>> = { mutating: '/mutating-configmaps', validating: '/configmaps' }

/** Whether config maps that are created are changed, or denied. */
async function acts(side: Side, space: Space): Promise<boolean> {
  const data = { 'mutation-start': 'yes', 'webhook-e2e-test': 'webhook-disallow' }
  const { status, text, json } = await api.call('POST', space.maps, {
    body: { metadata: { generateName: 'map-' }, data },
  })
  if (status === 201) {
    await api.delete(`${space.maps}/${json.metadata.name}`)
    return json.data['mutation-stage-1'] === 'yes'
  }
  assert.equal(side, 'validating', text)
  assert.match(text, /denied/)
  return true
}

const becomes = (wanted: boolean, side: Side, space: Space): Promise<boolean> =>
  api.until(
    `${side} ${wanted ? 'acts' : 'does not act'}`,
    () => acts(side, space),
    found => found === wanted,
  )

async function listing(side: Side): Promise<void> {
  const labels = { 'e2e-list-test': side }
  const path = `${configurationsOf(side)}?labelSelector=e2e-list-test%3D${side}`
  const space = await hooks.space()
  const one = await hooks.register(side, space, [hooks.hook(space, paths[side])])
  await api.patch(`${configurationsOf(side)}/${space.label}`, { metadata: { labels } })
  for (let count = 1; count < 10; count++)
    await api.create(configurationsOf(side), {
      metadata: { name: `${space.label}-${count}`, labels },
      webhooks: one.webhooks,
    })
  assert.equal((await api.items(path)).length, 10)
  await becomes(true, side, space)
  await api.delete(path)
  assert.deepEqual(await api.items(path), [])
  await becomes(false, side, space)
}

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] listing mutating webhooks should work', () =>
  listing('mutating'))

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] listing validating webhooks should work', () =>
  listing('validating'))

async function changing(side: Side): Promise<void> {
  const space = await hooks.space()
  const made = await hooks.register(side, space, [hooks.hook(space, paths[side])])
  await becomes(true, side, space)
  const path = `${configurationsOf(side)}/${space.label}`
  const [first, ...others] = made.webhooks
  const rules = [rule({ operations: ['UPDATE'] })]
  const updated = await api.update(path, { ...made, webhooks: [{ ...first, rules }, ...others] })
  await becomes(false, side, space)
  const operations = { op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }
  assertNewer(await api.patch(path, [operations], 'json'), updated)
  await becomes(true, side, space)
}

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] patching/updating a mutating webhook should work', () =>
  changing('mutating'))

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] patching/updating a validating webhook should work', () =>
  changing('validating'))

const within = (namespace: string): string => `object.metadata.namespace == '${namespace}'`

async function conditions(side: Side): Promise<void> {
  const space = await hooks.space()
  const path = `${configurationsOf(side)}/${space.label}`
  const production = { name: 'expression-1', expression: within('production') }
  await api.create(configurationsOf(side), {
    metadata: { name: space.label },
    webhooks: [hooks.hook(space, paths[side], { matchConditions: [production] })],
  })
  const made = await api.get(path)
  assert.deepEqual(made.webhooks[0].matchConditions, [production])
  const matchConditions = [production, { name: 'expression-2', expression: within('staging') }]
  await api.update(path, { ...made, webhooks: [{ ...made.webhooks[0], matchConditions }] })
  assert.deepEqual((await api.get(path)).webhooks[0].matchConditions, matchConditions)
}

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to create and update mutating webhook configurations with match conditions', () =>
  conditions('mutating'))

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to create and update validating webhook configurations with match conditions', () =>
  conditions('validating'))

async function invalid(side: Side): Promise<void> {
  const space = await hooks.space()
  const matchConditions = [{ name: 'invalid-expression-1', expression: '... [] bad expression' }]
  const { message } = await api.refused(422, 'POST', configurationsOf(side), {
    metadata: { name: space.label },
    webhooks: [hooks.hook(space, paths[side], { matchConditions })],
  })
  assert.match(message, /compilation failed/)
}

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should reject mutating webhook configurations with invalid match conditions', () =>
  invalid('mutating'))

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should reject validating webhook configurations with invalid match conditions', () =>
  invalid('validating'))

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should not be able to mutate or prevent deletion of webhook configuration objects', async () => {
  const space = await hooks.space()
  const resources = ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations']
  const about = (operation: string): object => ({
    failurePolicy: 'Fail',
    rules: [
      rule({ operations: [operation], apiGroups: ['admissionregistration.k8s.io'], apiVersions: ['*'], resources }),
    ],
  })
  await hooks.register('validating', space, [hooks.hook(space, '/always-deny', about('DELETE'))])
  await hooks.register('mutating', space, [hooks.hook(space, '/add-label', about('CREATE'))])
  for (const side of ['validating', 'mutating'] as const) {
    const dummy = await hooks.space()
    const made = await hooks.register(side, dummy, [
      hooks.hook(dummy, '', {
        name: 'dummy-webhook.k8s.io',
        rules: [rule({ resources: ['invalid'] })],
        failurePolicy: 'Ignore',
      }),
    ])
    assert.equal(made.metadata.labels, undefined)
    await api.delete(`${configurationsOf(side)}/${dummy.label}`)
  }
  assert.deepEqual(hooks.server.asked('/add-label'), [])
})
