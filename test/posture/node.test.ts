/** A real node in a network of its own: its files, its sockets and the agent's own API. Needs root and Linux. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type UserCluster, noContainers, startUserCluster } from '../tools/cluster.ts'

const options = { skip: noContainers }
let cluster: UserCluster

before(async () => {
  if (noContainers === false) cluster = await startUserCluster({ name: 'posture', port: 17_743, images: [] })
})
after(() => (noContainers === false ? cluster.purge() : undefined))

interface Result {
  readonly id: string
  readonly state: string
}

test('a fresh node passes all that applies', options, async () => {
  const text = await cluster.bulwark('posture', '-o', 'json')
  const reports = JSON.parse(text) as readonly { readonly framework: string; readonly results: readonly Result[] }[]
  const failed = reports.flatMap(one =>
    one.results.filter(({ state }) => state === 'fail').map(({ id }) => `${one.framework} ${id}`),
  )
  assert.deepEqual(failed, [])
  const passed = reports[0]?.results.filter(({ state }) => state === 'pass').map(({ id }) => id) ?? []
  for (const id of ['1.1.9', '4.1.5', '4.2.1', '4.2.4', '4.2.7', '4.2.9', '5.3.1']) assert.ok(passed.includes(id), id)
})

test('every socket of the node is planned, in whatever network it is', options, async () => {
  const found = JSON.parse(await cluster.bulwark('sockets', '-o', 'json')) as readonly {
    readonly owner: string
    readonly protocol: string
    readonly known: boolean
    readonly exposure: string
  }[]
  assert.ok(found.every(one => one.known))
  assert.ok(found.every(one => one.exposure !== 'everybody'))
  const owners = new Set(found.map(one => `${one.owner} ${one.protocol}`))
  for (const one of ['server tcp', 'agent tcp', 'containerd unix', 'dns udp', 'dns tcp'])
    assert.ok(owners.has(one), one)
})
