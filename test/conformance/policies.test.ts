/** What admission policies in CEL refuse and change. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Json, openApi } from './api.ts'

let api: Api
before(async () => {
  api = await openApi()
})
after(() => api.stop())

const at = '/apis/admissionregistration.k8s.io/v1'
let policies = 0

interface Space {
  readonly name: string
  /** Limits a policy or a binding to this namespace. */
  readonly only: object
}

async function space(): Promise<Space> {
  const label = `policy-${++policies}`
  const name = await api.namespace({ [label]: 'true' })
  return { name, only: { namespaceSelector: { matchLabels: { [label]: 'true' } } } }
}

/** A policy for deployments of one namespace, and its binding. */
async function bind(kind: 'validating' | 'mutating', { name, only }: Space, spec: object): Promise<void> {
  const metadata = { name: `${name}.policy.example.com` }
  const resourceRules = [
    { operations: ['CREATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] },
  ]
  await api.create(`${at}/${kind}admissionpolicies`, {
    metadata,
    spec: { ...spec, matchConstraints: { ...only, resourceRules } },
  })
  const actions = kind === 'validating' ? { validationActions: ['Deny'] } : {}
  await api.create(`${at}/${kind}admissionpolicybindings`, {
    metadata: { name: `${name}.binding.example.com` },
    spec: { policyName: metadata.name, matchResources: only, ...actions },
  })
}

const workload = (name: string, replicas: number): object => ({
  metadata: { name, labels: { app: 'nginx' } },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'nginx' } },
    template: {
      metadata: { labels: { app: 'nginx' } },
      spec: { containers: [{ name: 'nginx', image: 'nginx:latest' }] },
    },
  },
})
const pathOf = ({ name }: Space, resource: string): string => `/apis/apps/v1/namespaces/${name}/${resource}`

/** Policies take hold soon after they are written. */
async function until(what: string, where: Space, is: (reply: Json) => boolean): Promise<Json> {
  const path = pathOf(where, 'deployments')
  return api.until(
    what,
    async () => {
      const reply = await api.call('POST', path, { body: workload('marker-deployment', 1) })
      if (reply.status === 201) await api.delete(`${path}/marker-deployment`)
      return reply
    },
    is,
  )
}

async function refuses(where: Space, allowed: number): Promise<Json> {
  const { json } = await until('a deployment is refused', where, ({ status }) => status === 422)
  await api.create(pathOf(where, 'deployments'), workload('replicated', allowed))
  // Another kind is no concern of the policy's.
  await api.create(pathOf(where, 'replicasets'), workload('non-replicated', 1))
  return json
}

test('[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should validate against a Deployment', async () => {
  const where = await space()
  await bind('validating', where, {
    validations: [
      // A message that cannot be made: the refusal stands without it.
      {
        expression: 'object.spec.replicas > 1',
        messageExpression: "'wants replicas > 1, got ' + object.spec.replicas",
      },
      {
        expression: `namespaceObject.metadata.name == '${where.name}'`,
        message: 'Internal error! Other namespace should not be allowed.',
      },
    ],
  })
  const { reason, message } = await refuses(where, 2)
  assert.equal(reason, 'Invalid')
  assert.ok(message.includes(`${where.name}.policy.example.com`), message)
})

test('[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should allow expressions to refer variables.', async () => {
  const where = await space()
  await bind('validating', where, {
    variables: [
      { name: 'replicas', expression: 'object.spec.replicas' },
      { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
    ],
    validations: [{ expression: 'variables.replicas > 1' }, { expression: 'variables.oddReplicas' }],
  })
  await refuses(where, 3)
})

const mutation = (expression: string): object => ({
  reinvocationPolicy: 'Never',
  mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
})

test('[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should mutate a Deployment', async () => {
  const where = await space()
  await bind('mutating', where, mutation('Object{spec: Object.spec{replicas: 1337}}'))
  await until('replicas are set', where, ({ json }) => json.spec?.replicas === 1337)
})

test('[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should mutate a Deployment with annotations', async () => {
  const where = await space()
  await bind(
    'mutating',
    where,
    mutation('Object{metadata: Object.metadata{annotations: {"mutated-by": "admission-policy"}}}'),
  )
  await until('it is annotated', where, ({ json }) => json.metadata?.annotations?.['mutated-by'] === 'admission-policy')
})
