/** Namespaces that go away, and owners, where another server has a part of them. */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import { after, before, beforeEach, describe, test } from 'node:test'
import {
  type Extension,
  apiService,
  base,
  group,
  json,
  noAddress,
  resources,
  startExtension,
  until,
  version,
} from './extension.ts'

const namespaces = '/api/v1/namespaces'
const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
const place = new RegExp(`^${base}/namespaces/([^/?]+)/flunders(?:/([^/?]+))?(?:\\?|$)`)
const failure = (response: ServerResponse, code: number, message: string): void => {
  response.writeHead(code, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message }))
}

/** A server that keeps flunders, `namespace/name` to uid. */
class Flunders {
  readonly kept = new Map<string, string>()
  readonly asked: string[] = []
  verbs: readonly string[] = []
  broken = false
  #show(key: string): object {
    const [namespace, name] = key.split('/')
    const metadata = { namespace, name, uid: this.kept.get(key), resourceVersion: '7' }
    return { apiVersion: `${group}/${version}`, kind: 'Flunder', metadata }
  }
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const { url = '', method = '' } = request
    if (url === base) {
      const [flunders] = resources.resources
      json(response, { ...resources, resources: [{ ...flunders, verbs: this.verbs }] })
      return true
    }
    const [, namespace, name] = place.exec(url) ?? []
    if (namespace === undefined) return false
    this.asked.push(`${method} ${namespace}/${name ?? ''} ${String(request.headers['x-remote-user'])}`)
    if (this.broken) failure(response, 500, 'the disk is on fire')
    else this.#serve(response, method, `${namespace}/${name ?? ''}`)
    return true
  }
  #serve(response: ServerResponse, method: string, key: string): void {
    const within = [...this.kept.keys()].filter(one => one.startsWith(key))
    if (method === 'DELETE') {
      const removed = key.endsWith('/') ? within : [key]
      for (const one of removed) this.kept.delete(one)
      return json(response, { kind: 'Status', apiVersion: 'v1', status: 'Success' })
    }
    if (key.endsWith('/'))
      return json(response, { kind: 'FlunderList', metadata: {}, items: within.map(one => this.#show(one)) })
    return this.kept.has(key) ? json(response, this.#show(key)) : failure(response, 404, 'not found')
  }
}

describe('content on another server', { skip: noAddress }, () => {
  let other: Extension
  let flunders: Flunders
  const events: Event[] = []
  /** What is on record of what the other server has, by whom and with what answer. */
  const recorded = (): readonly string[] =>
    events
      .filter(one => one.objectRef?.resource === 'flunders')
      .map(
        ({ verb, objectRef: to, user, responseStatus }) =>
          `${verb} ${to?.namespace}/${to?.name ?? ''} ${user.username} ${responseStatus?.code}`,
      )
      .toSorted()
  before(async () => {
    other = await startExtension({ controllers: true, audit: event => void events.push(event) })
  })
  after(() => other.stop())
  beforeEach(async () => {
    events.length = 0
    flunders = new Flunders()
    other.answer = (request, response) => flunders.answer(request, response)
    for (const path of [apiService, '/api/v1/namespaces/default/services/wardle', `${slices}/wardle`])
      await other.wire.call('DELETE', path)
  })

  const begin = async (verbs: readonly string[]): Promise<void> => {
    flunders.verbs = ['get', 'list', ...verbs]
    await other.register()
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
    await until(
      async () => {
        const { json: found } = await other.wire.call('GET', '/apis', { headers: { accept } })
        return found.items.find((one: { metadata: { name: string } }) => one.metadata.name === group)?.versions[0]
      },
      one => one?.freshness === 'Current' && one.resources?.[0]?.verbs.length === flunders.verbs.length,
    )
  }
  const make = async (name: string): Promise<void> => {
    assert.equal((await other.wire.call('POST', namespaces, { body: { metadata: { name } } })).status, 201)
  }
  const doomed = (name: string) => other.wire.call('DELETE', `${namespaces}/${name}`)
  const gone = (name: string) =>
    until(
      () => other.wire.call('GET', `${namespaces}/${name}`),
      ({ status }) => status === 404,
    )
  const told = (name: string, type: string, reason: string): Promise<{ message: string }> =>
    until(
      async () => {
        const { json: found } = await other.wire.call('GET', `${namespaces}/${name}`)
        return found.status?.conditions?.find((one: { type: string }) => one.type === type)
      },
      one => one?.reason === reason,
    )
  const who = 'system:serviceaccount:kube-system:namespace-controller'

  test('goes with its namespace, one by one where the server knows no other way', async () => {
    await begin(['delete'])
    await make('single')
    flunders.kept.set('single/a', '1').set('single/b', '2').set('kept/c', '3')
    await doomed('single')
    await gone('single')
    assert.deepEqual([...flunders.kept.keys()], ['kept/c'])
    assert.deepEqual(flunders.asked.filter(one => one.startsWith('DELETE')).toSorted(), [
      `DELETE single/a ${who}`,
      `DELETE single/b ${who}`,
    ])
    // What the system reads is not on record, here as elsewhere.
    assert.deepEqual(recorded(), [`delete single/a ${who} 200`, `delete single/b ${who} 200`])
    for (const { auditID, objectRef, annotations } of events.filter(one => one.objectRef?.resource === 'flunders')) {
      const [sent] = other.seen.filter(one => one.method === 'DELETE' && one.url.endsWith(`/${objectRef?.name}`))
      assert.equal(sent?.headers['audit-id'], auditID)
      assert.equal(objectRef?.apiGroup, group)
      assert.match(annotations?.['authorization.k8s.io/reason'] ?? '', /^RBAC: allowed by ClusterRoleBinding /)
    }
  })

  test('goes all at once where the server can do that', async () => {
    await begin(['delete', 'deletecollection'])
    await make('whole')
    flunders.kept.set('whole/a', '1').set('whole/b', '2')
    await doomed('whole')
    await gone('whole')
    assert.equal(flunders.kept.size, 0)
    assert.deepEqual(
      flunders.asked.filter(one => one.startsWith('DELETE')),
      [`DELETE whole/ ${who}`],
    )
    assert.deepEqual(recorded(), [`deletecollection whole/ ${who} 200`])
  })

  test('holds its namespace as long as it cannot be read, and says so', async () => {
    await begin(['delete'])
    await make('broken')
    flunders.broken = true
    await doomed('broken')
    const { message } = await told('broken', 'NamespaceDeletionContentFailure', 'ContentDeletionFailed')
    assert.equal(message, 'Failed to delete all resource types, 1 remaining: the disk is on fire')
    flunders.broken = false
    await gone('broken')
  })

  test('of a server that is away holds namespaces, until it or its registration is gone', async () => {
    await begin(['delete'])
    await make('waiting')
    await other.wire.call('DELETE', `${slices}/wardle`)
    await until(
      () => other.condition(),
      one => one.status === 'False',
    )
    await doomed('waiting')
    const { message } = await told('waiting', 'NamespaceDeletionDiscoveryFailure', 'DiscoveryFailed')
    const place = `${group}/${version}`
    assert.equal(
      message,
      `Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: ${place}: stale GroupVersion discovery: ${place}`,
    )
    await other.wire.call('DELETE', apiService)
    await gone('waiting')
  })

  test('owns what is ours: dependents go when a live read finds no owner', async () => {
    await begin(['delete'])
    flunders.kept.set('default/here', 'uid-here').set('default/another', 'uid-new')
    const maps = `${namespaces}/default/configmaps`
    const owned = (name: string, uid: string): object => ({
      metadata: { name, ownerReferences: [{ apiVersion: `${group}/${version}`, kind: 'Flunder', name, uid }] },
    })
    for (const [name, uid] of [
      ['here', 'uid-here'],
      ['absent', 'uid-absent'],
      ['another', 'uid-old'],
    ] as const)
      assert.equal((await other.wire.call('POST', maps, { body: owned(name, uid) })).status, 201)
    for (const name of ['absent', 'another'])
      await until(
        () => other.wire.call('GET', `${maps}/${name}`),
        ({ status }) => status === 404,
      )
    assert.equal((await other.wire.call('GET', `${maps}/here`)).status, 200)
    assert.ok(flunders.asked.includes('GET default/here system:serviceaccount:kube-system:generic-garbage-collector'))
  })
})
