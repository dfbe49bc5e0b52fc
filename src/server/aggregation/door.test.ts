/** Nobody reaches another server in process without being allowed to, and nothing is asked of it that was not meant. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Door, DoorRequest } from '#api/door.ts'
import type { Attributes } from '#api/request.ts'
import { StatusError } from '#api/status.ts'
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import { systemClock } from '#base/clock.ts'
import { component } from '#server/authn/user.ts'
import { makeAudit } from '#server/audit/audit.ts'
import { eventSink } from '#server/audit/plain-sinks.ts'
import { makeAuthorize } from '#server/authz/authorize.ts'
import { to } from './fixture.ts'
import { aggregatedDoor } from './door.ts'

const who = component('jane')
const get = { verb: 'get', group: 'x', version: 'v1', resource: 'things', namespace: 'n', name: 'one' } as const

function setting({ available = true, allowed = true } = {}) {
  const asked: Attributes[] = []
  const events: Event[] = []
  const numbered: unknown[] = []
  const audit = makeAudit({
    clock: systemClock,
    backends: () => [{ sink: eventSink(event => void events.push(event)), mode: 'batch' }],
  })
  let dialled = 0
  let own = 0
  const authorize = makeAuthorize([
    (_, attributes) => {
      asked.push(attributes)
      return { opinion: allowed ? 'allow' : 'no opinion' }
    },
  ])
  const ours: Door = async () => {
    own++
    return { type: 'list', items: [], resourceVersion: '1' }
  }
  const door = aggregatedDoor(
    {
      opener: { open: () => Promise.reject(new Error(`dialled ${++dialled}`)), close: () => undefined },
      directory: { get: () => undefined, list: () => [] },
      clock: systemClock,
      random: () => 0,
      catalog: { isEmpty: () => false, find: group => (group === 'x' ? { ...to, available } : undefined) },
      authorize,
      recording: {
        audit,
        decisions: { record: (error, by, { verb }) => void numbered.push([error.code, by?.name, verb]) },
      },
    },
    ours,
  )
  return { door, asked, events, numbered, dialled: () => dialled, own: () => own }
}

const refused = (door: Door, request: DoorRequest, code: number): Promise<void> =>
  assert.rejects(door(who, request), (error: unknown) => error instanceof StatusError && error.code === code)

test('what is ours is answered by us', async () => {
  const { door, own, asked } = setting()
  await door(who, { verb: 'list', group: 'apps', version: 'v1', resource: 'deployments' })
  assert.deepEqual([own(), asked], [1, []])
})

test('who is not allowed is refused before anything is asked of the other server', async () => {
  const { door, asked, numbered, dialled, own } = setting({ allowed: false })
  await refused(door, get, 403)
  assert.deepEqual([dialled(), own()], [0, 0])
  assert.deepEqual(asked, [{ ...get, resourceRequest: true, subresource: '' }])
  assert.deepEqual(numbered, [[403, 'jane', 'get']])
})

test('a server that is not available, not there, or asked to be watched refuses', async () => {
  await refused(setting({ available: false }).door, get, 503)
  await refused(setting().door, get, 503)
  await refused(setting().door, { ...get, verb: 'watch', signal: new AbortController().signal }, 405)
})

test('names that would lead to another path are refused', async () => {
  for (const name of ['.', '..', '']) {
    const { door, dialled } = setting()
    await refused(door, { ...get, name }, 400)
    assert.equal(dialled(), 0)
  }
})

test('what is changed elsewhere is on record here, done or not; what our own read is not', async () => {
  const object = { apiVersion: 'x/v1', kind: 'Thing', metadata: { name: 'one', namespace: 'n' } }
  const place = { group: 'x', version: 'v1', resource: 'things', namespace: 'n' } as const
  const told = async (options: Parameters<typeof setting>[0], request: DoorRequest): Promise<readonly unknown[]> => {
    const { door, events } = setting(options)
    await assert.rejects(door(who, request))
    return events.map(({ verb, user, objectRef, responseStatus, annotations }) => [
      verb,
      user.username,
      objectRef?.name,
      responseStatus?.code,
      annotations?.['authorization.k8s.io/decision'],
    ])
  }
  const create: DoorRequest = { ...place, verb: 'create', body: object }
  const remove: DoorRequest = { ...place, verb: 'delete', name: 'one' }
  assert.deepEqual(await told({}, create), [['create', 'jane', 'one', 503, 'allow']])
  assert.deepEqual(await told({}, remove), [['delete', 'jane', 'one', 503, 'allow']])
  assert.deepEqual(await told({ available: false }, remove), [['delete', 'jane', 'one', 503, 'allow']])
  assert.deepEqual(await told({ allowed: false }, remove), [['delete', 'jane', 'one', 403, 'forbid']])
  assert.deepEqual(await told({}, get), [])
  assert.deepEqual(await told({}, { ...place, verb: 'list' }), [])
})
