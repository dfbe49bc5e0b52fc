/** Ways in which somebody who may write pods and their controllers tries to get a pod past Pod Security. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { eventually } from '../../tools/cluster.ts'
import { type Call, type Reply, type Wire, openWire } from '../wire.ts'

let wire: Wire
/** May do everything with workloads, and nothing with namespaces. */
let token: string

const all = ['get', 'list', 'create', 'update', 'patch', 'delete']
const core = '/api/v1/namespaces/default'
const pods = `${core}/pods`
const merge = { 'content-type': 'application/merge-patch+json' }
const strategic = { 'content-type': 'application/strategic-merge-patch+json' }
const json = { 'content-type': 'application/json-patch+json' }
const apply = { 'content-type': 'application/apply-patch+yaml' }

before(async () => {
  wire = await openWire({ nodes: 0 })
  const rule = (group: string, ...resources: readonly string[]) => ({ verbs: all, apiGroups: [group], resources })
  token = await wire.account('mallory', [
    rule(
      '',
      'pods',
      'pods/ephemeralcontainers',
      'pods/status',
      'pods/resize',
      'podtemplates',
      'replicationcontrollers',
    ),
    rule('apps', '*'),
    rule('batch', '*'),
  ])
})
after(() => wire.stop())

const as = (method: string, path: string, call: Call = {}): Promise<Reply> =>
  wire.call(method, path, { token, ...call })
const container = (more: object = {}) => ({ name: 'c', image: 'i', ...more })
const pod = (name: string, spec: object = {}, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...more },
  spec: { containers: [container()], ...spec },
})
const privileged = { securityContext: { privileged: true } }
const violates = /^pods "[^"]+" is forbidden: violates PodSecurity "baseline:latest": /

function assertRefused({ status, json: answer, text }: Reply): void {
  assert.equal(status, 403, text)
  assert.match(answer.message, violates)
}

const created = async (name: string, spec: object = {}): Promise<string> => {
  const made = await as('POST', pods, { body: pod(name, spec) })
  assert.equal(made.status, 201, made.text)
  return `${pods}/${name}`
}

test('a container of any kind, in any place, by any verb that creates', async () => {
  const bad = { containers: [container(), container({ name: 'd', ...privileged })] }
  assertRefused(await as('POST', pods, { body: pod('a', bad) }))
  assertRefused(
    await as('POST', pods, { body: pod('a', { initContainers: [container({ name: 'i', ...privileged })] }) }),
  )
  const sidecar = { initContainers: [container({ name: 'i', restartPolicy: 'Always', ...privileged })] }
  assertRefused(await as('POST', pods, { body: pod('a', sidecar) }))
  assertRefused(await as('PATCH', `${pods}/a?fieldManager=m`, { body: pod('a', bad), headers: apply }))
  assertRefused(await as('POST', `${pods}?dryRun=All`, { body: pod('a', bad) }))
  assertRefused(await as('POST', pods, { body: { ...pod('', bad), metadata: { generateName: 'gen-' } } }))
  const yaml =
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostPID: true, containers: [{name: c, image: i}]}\n'
  assertRefused(await as('POST', pods, { body: yaml, headers: { 'content-type': 'application/yaml' } }))
  const labelled = { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } }
  assertRefused(await as('POST', pods, { body: pod('a', bad, labelled) }))
  assert.equal((await as('GET', `${pods}/a`)).status, 404)
})

test('a harmless pod that is changed afterwards', async () => {
  const path = await created('later')
  const { json: before } = await as('GET', path)
  const tries: readonly (readonly [string, object, Record<string, string>])[] = [
    ['PUT', { ...before, spec: { ...before.spec, hostNetwork: true } }, {}],
    ['PATCH', { spec: { hostPID: true } }, merge],
    ['PATCH', { spec: { containers: [container(privileged)] } }, strategic],
    ['PATCH', [{ op: 'add', path: '/spec/containers/0/securityContext', value: { privileged: true } }], json],
    ['PATCH', { spec: { containers: [container({ image: 'other', ...privileged })] } }, strategic],
    ['PATCH', { spec: { os: { name: 'windows' } } }, merge],
  ]
  for (const [method, body, headers] of tries) {
    const { status, text } = await as(method, path, { body, headers })
    assert.ok(status === 403 || status === 422, `${status} ${text}`)
  }
  assert.equal((await as('PATCH', path, { body: { metadata: { labels: { a: 'b' } } }, headers: merge })).status, 200)
  const { json: now } = await as('GET', path)
  assert.deepEqual(now.spec, before.spec)
})

test('the spec in a write of the status is not taken', async () => {
  const path = await created('status')
  const { json: before } = await as('GET', path)
  const body = { ...before, spec: { ...before.spec, hostNetwork: true, containers: [container(privileged)] } }
  await as('PUT', `${path}/status`, { body })
  await as('PATCH', `${path}/status`, { body: { spec: { hostPID: true } }, headers: merge })
  assert.deepEqual((await as('GET', path)).json.spec, before.spec)
})

test('a privileged container to look around with', async () => {
  const path = `${await created('debugged')}/ephemeralcontainers`
  const debug = (more: object) => ({ spec: { ephemeralContainers: [{ name: 'd', image: 'i', ...more }] } })
  assertRefused(await as('PATCH', path, { body: debug(privileged), headers: strategic }))
  assertRefused(
    await as('PATCH', path, {
      body: debug({ securityContext: { capabilities: { add: ['SYS_PTRACE'] } } }),
      headers: strategic,
    }),
  )
  const { json: now } = await as('GET', `${pods}/debugged`)
  assertRefused(await as('PUT', path, { body: { ...now, spec: { ...now.spec, ...debug(privileged).spec } } }))
  const fine = await as('PATCH', path, { body: debug({}), headers: strategic })
  assert.equal(fine.status, 200, fine.text)
  assert.match(String(fine.headers.warning), /would violate PodSecurity \\"restricted:latest\\"/)
})

test('an old pod that was let in keeps its spec, and gets no new image', async () => {
  const label = (value: string | null) =>
    wire.call('PATCH', core, {
      body: { metadata: { labels: { 'pod-security.kubernetes.io/enforce': value } } },
      headers: merge,
    })
  assert.equal((await as('PATCH', core, { body: { metadata: { labels: { x: 'y' } } }, headers: merge })).status, 403)
  await label('privileged')
  const path = await created('old', { hostNetwork: true })
  const back = await label(null)
  assert.match(
    String(back.headers.warning),
    /existing pods in namespace \\"default\\" violate the new PodSecurity enforce level/,
  )
  assert.match(String(back.headers.warning), /old: host namespaces/)
  assert.equal((await as('PATCH', path, { body: { metadata: { labels: { a: 'b' } } }, headers: merge })).status, 200)
  const image = { spec: { containers: [{ name: 'c', image: 'miner' }] } }
  assertRefused(await as('PATCH', path, { body: image, headers: strategic }))
  assertRefused(await as('POST', pods, { body: pod('again', { hostNetwork: true }) }))
})

test('a template that hides deep: told at once, its pods refused when they are made', async () => {
  const template = (labels: object) => ({
    metadata: { labels },
    spec: { restartPolicy: 'Never', containers: [container({ ...privileged })] },
  })
  const cron = {
    metadata: { name: 'hidden' },
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template: template({}) } } },
  }
  const warned = await as('POST', '/apis/batch/v1/namespaces/default/cronjobs', { body: cron })
  assert.equal(warned.status, 201, warned.text)
  assert.match(
    String(warned.headers.warning),
    /would violate PodSecurity \\"baseline:latest\\": privileged \(container \\"c\\"/,
  )
  const job = { metadata: { name: 'j' }, spec: { template: template({}) } }
  const made = await as('POST', '/apis/batch/v1/namespaces/default/jobs', { body: job })
  assert.equal(made.status, 201, made.text)
  assert.match(String(made.headers.warning), /would violate PodSecurity \\"baseline:latest\\"/)
  const selector = { matchLabels: { hidden: 'deep' } }
  const set = { metadata: { name: 'r' }, spec: { replicas: 1, selector, template: template({ hidden: 'deep' }) } }
  set.spec.template.spec.restartPolicy = 'Always'
  const replicas = await as('POST', '/apis/apps/v1/namespaces/default/replicasets', { body: set })
  assert.equal(replicas.status, 201, replicas.text)
  const refused = /Error creating: pods ".+" is forbidden: violates PodSecurity "baseline:latest": privileged \(/
  const messages = async (): Promise<readonly string[]> => {
    const { json: events } = await wire.call('GET', `${core}/events`)
    return events.items
      .filter((event: { message: string }) => refused.test(event.message))
      .map((event: { involvedObject: { kind: string } }) => event.involvedObject.kind)
  }
  await eventually('both to be refused', messages, {
    until: kinds => kinds.includes('Job') && kinds.includes('ReplicaSet'),
    seconds: 10,
  })
  const { json: list } = await as('GET', pods)
  const owned = list.items.filter((one: { metadata: { ownerReferences?: object } }) => one.metadata.ownerReferences)
  assert.deepEqual(owned, [])
})

async function labelled(name: string, labels: Readonly<Record<string, string>>): Promise<string> {
  const own = Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value])
  await wire.call('POST', '/api/v1/namespaces', { body: { metadata: { name, labels: Object.fromEntries(own) } } })
  await wire.call('POST', `/api/v1/namespaces/${name}/serviceaccounts`, { body: { metadata: { name: 'default' } } })
  return `/api/v1/namespaces/${name}/pods`
}

test('a pod that says it is for Windows gives up what it could do on Linux', async () => {
  const path = await labelled('strict', { enforce: 'restricted' })
  const post = (spec: object) => wire.call('POST', path, { body: pod('w', { os: { name: 'windows' }, ...spec }) })
  const user = { securityContext: { runAsNonRoot: true } }
  assert.equal((await post({ ...user, containers: [container(privileged)] })).status, 422)
  assert.equal((await post({ ...user, hostPID: true })).status, 422)
  const escalates = container({ securityContext: { allowPrivilegeEscalation: true } })
  assert.equal((await post({ ...user, containers: [escalates] })).status, 422)
  assert.equal((await post({})).status, 403)
  const capable = container({ securityContext: { capabilities: { add: ['SYS_ADMIN'] } } })
  assert.equal((await post({ ...user, containers: [capable] })).status, 422)
  // What is left is refused by every node that is none of Windows.
  assert.equal((await post(user)).status, 201)
})

test('a pinned version is the one that is pinned, a version to come is today’s, and no label opens by mistake', async () => {
  const probe = { containers: [container({ livenessProbe: { httpGet: { port: 80, host: '169.254.169.254' } } })] }
  const body = pod('p', probe)
  assert.equal((await wire.call('POST', await labelled('v33', { 'enforce-version': 'v1.33' }), { body })).status, 201)
  assertRefused(await wire.call('POST', await labelled('v34', {}), { body }))
  const future = await wire.call('POST', await labelled('v200', { 'enforce-version': 'v1.200' }), { body })
  assert.match(future.json.message, /violates PodSecurity "baseline:v1.200": probe or lifecycle host/)
  for (const value of ['Privileged', 'privileged ', '', 'none'])
    assert.equal(
      (
        await wire.call('POST', '/api/v1/namespaces', {
          body: { metadata: { name: 'typo', labels: { 'pod-security.kubernetes.io/enforce': value } } },
        })
      ).status,
      422,
    )
})

test('nobody is exempt by choosing a name or a runtime', async () => {
  await wire.call('POST', '/apis/node.k8s.io/v1/runtimeclasses', {
    body: { metadata: { name: 'any' }, handler: 'any' },
  })
  assertRefused(await as('POST', pods, { body: pod('r', { runtimeClassName: 'any', hostPID: true }) }))
  const odd = await labelled('kube-systems', {})
  assertRefused(await wire.call('POST', odd, { body: pod('r', { hostPID: true }) }))
})
