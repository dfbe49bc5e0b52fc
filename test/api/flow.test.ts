/** Flow control over HTTPS: who floods waits and is refused, everybody else goes on. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import {
  clusterRoleBindings,
  configMaps,
  flowSchemas,
  priorityLevelConfigurations,
} from '#kinds/facts/generated/refs.ts'
import type { FlowSchema, PriorityLevelConfiguration } from '#kinds/facts/generated/types/flowcontrol_v1.ts'
import { type Answered, type Target, startTarget } from './https.ts'

const apiVersion = 'flowcontrol.apiserver.k8s.io/v1'
const path = '/api/v1/namespaces/default/configmaps'
let target: Target

const level: PriorityLevelConfiguration = {
  apiVersion,
  kind: 'PriorityLevelConfiguration',
  metadata: { name: 'narrow' },
  spec: {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 1,
      borrowingLimitPercent: 0,
      limitResponse: { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: 2 } },
    },
  },
}
const schema: FlowSchema = {
  apiVersion,
  kind: 'FlowSchema',
  metadata: { name: 'floods' },
  spec: {
    matchingPrecedence: 200,
    priorityLevelConfiguration: { name: 'narrow' },
    distinguisherMethod: { type: 'ByUser' },
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: 'flooder' } }],
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'] }],
      },
    ],
  },
}

const as = (user: string) => ({ 'Impersonate-User': user })
const bodyOf = (name: string): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } })

before(async () => {
  target = await startTarget()
  const { client } = target.cluster
  await client.create(clusterRoleBindings, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'writers' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
    subjects: ['flooder', 'neighbour'].map(name => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name })),
  })
  await client.create(priorityLevelConfigurations, level)
  await client.create(flowSchemas, schema)
})
after(() => target.stop())

const create = (user: string, name: string): Promise<Answered> =>
  target.send(path, {
    method: 'POST',
    headers: { ...as(user), 'content-type': 'application/json' },
    body: bodyOf(name),
  })

/** A create whose body does not end until it is told to: it keeps its seat. */
function slow(name: string): { readonly socket: TLSSocket; readonly finish: () => Promise<string> } {
  const socket = target.raw()
  const body = bodyOf(name)
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nImpersonate-User: flooder\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body.slice(0, 5)}`,
  )
  return {
    socket,
    finish: () =>
      new Promise(resolve => {
        socket.once('data', part => resolve(String(part)))
        socket.write(body.slice(5))
      }),
  }
}

const gauge = async (name: string): Promise<number> => {
  const { text } = await target.send('/metrics')
  return Number(new RegExp(`${name}\\{priority_level="narrow"\\} (\\d+)`).exec(text)?.[1] ?? -1)
}

async function reaches(name: string, wanted: number): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end;) if ((await gauge(name)) === wanted) return
  assert.fail(`${name} does not reach ${wanted}`)
}

test('answers say which rule they fell under', async () => {
  const kept = await target.cluster.client.get(flowSchemas, 'floods')
  const narrow = await target.cluster.client.get(priorityLevelConfigurations, 'narrow')
  const answer = await create('flooder', 'told')
  assert.equal(answer.code, 201)
  assert.equal(answer.headers['x-kubernetes-pf-flowschema-uid'], kept.metadata.uid)
  assert.equal(answer.headers['x-kubernetes-pf-prioritylevel-uid'], narrow.metadata.uid)
  const other = await create('neighbour', 'other')
  assert.notEqual(other.headers['x-kubernetes-pf-flowschema-uid'], kept.metadata.uid)
})

test('a flood fills its seats and its queue, the rest is refused, others go on, and all that waited is done', async () => {
  const seats = await gauge('apiserver_flowcontrol_nominal_limit_seats')
  assert.ok(seats >= 1 && seats < 10)
  const holding = Array.from({ length: seats }, (_, at) => slow(`slow-${at}`))
  await reaches('apiserver_flowcontrol_current_executing_seats', seats)
  const waiting = [create('flooder', 'waits-1'), create('flooder', 'waits-2')]
  await reaches('apiserver_flowcontrol_current_inqueue_requests', 2)
  const refused = await create('flooder', 'refused')
  assert.equal(refused.code, 429)
  assert.equal(refused.reason, 'TooManyRequests')
  assert.equal(refused.headers['retry-after'], '1')
  assert.equal((await create('neighbour', 'goes-on')).code, 201)
  for (const one of holding) assert.match(await one.finish(), /^HTTP\/1\.1 201 /)
  assert.deepEqual(
    (await Promise.all(waiting)).map(answer => answer.code),
    [201, 201],
  )
  for (const one of holding) one.socket.destroy()
  await reaches('apiserver_flowcontrol_current_executing_seats', 0)
})

test('a client that goes away gives back its seat and its place in the queue', async () => {
  const seats = await gauge('apiserver_flowcontrol_nominal_limit_seats')
  const holding = Array.from({ length: seats }, (_, at) => slow(`gone-${at}`))
  await reaches('apiserver_flowcontrol_current_executing_seats', seats)
  const queued = slow('queued')
  await reaches('apiserver_flowcontrol_current_inqueue_requests', 1)
  queued.socket.destroy()
  await reaches('apiserver_flowcontrol_current_inqueue_requests', 0)
  for (const one of holding) one.socket.destroy()
  await reaches('apiserver_flowcontrol_current_executing_seats', 0)
  assert.equal(await target.cluster.client.find(configMaps, 'default/queued'), undefined)
})

test('a level that is taken away lets its requests fall to the next rule', async () => {
  await target.cluster.client.delete(priorityLevelConfigurations, 'narrow')
  const answer = await create('flooder', 'elsewhere')
  assert.equal(answer.code, 201)
  const fallback = await target.cluster.client.get(flowSchemas, 'global-default')
  assert.equal(answer.headers['x-kubernetes-pf-flowschema-uid'], fallback.metadata.uid)
})

test('what must be stays as it is, nonsense is refused', async () => {
  const { client } = target.cluster
  const exempt = await client.get(flowSchemas, 'exempt')
  const changed = { ...exempt, spec: { ...exempt.spec, matchingPrecedence: 7 } }
  await assert.rejects(client.update(flowSchemas, changed), /spec of 'exempt' must equal the fixed value/)
  const wrong = { ...schema, metadata: { name: 'wrong' }, spec: { ...schema.spec, matchingPrecedence: 1 } }
  await assert.rejects(
    client.create(flowSchemas, wrong),
    /only the schema named 'exempt' may have matchingPrecedence 1/,
  )
  const queuing = { queues: 4, handSize: 9, queueLengthLimit: 1 }
  const bad = {
    ...level,
    metadata: { name: 'bad' },
    spec: { type: 'Limited', limited: { ...level.spec.limited, limitResponse: { type: 'Queue', queuing } } },
  }
  await assert.rejects(client.create(priorityLevelConfigurations, bad), /should not be greater than queues \(4\)/)
})
