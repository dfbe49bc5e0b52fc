/** Definitions of custom resources for tests, and waiting for them. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Reply, Wire } from './wire.ts'

export const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
export const mergePatch = { 'content-type': 'application/merge-patch+json' }

export interface Wanted {
  readonly group?: string
  readonly plural?: string
  readonly kind?: string
  readonly scope?: string
  readonly names?: object
  /** Of the only version. */
  readonly schema?: object
  /** More of the only version. */
  readonly version?: object
  /** Instead of the only version. */
  readonly versions?: readonly object[]
  readonly spec?: object
  readonly metadata?: object
}

export const versionOf = (name: string, schema: object, more: object = {}): object => ({
  name,
  served: true,
  storage: true,
  schema: { openAPIV3Schema: schema },
  ...more,
})

export const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

export function definition(wanted: Wanted = {}): object {
  const { group = 'example.com', plural = 'widgets', kind = 'Widget', scope = 'Namespaced' } = wanted
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, ...wanted.metadata },
    spec: {
      group,
      scope,
      names: { plural, kind, ...wanted.names },
      versions: wanted.versions ?? [versionOf('v1', wanted.schema ?? anything, wanted.version)],
      ...wanted.spec,
    },
  }
}

export const schemaOf = (spec: object, more: object = {}): object => ({
  type: 'object',
  properties: { spec, ...more },
})

/** Asks until the answer is right; fails when that takes too long. */
export async function until(ask: () => Promise<Reply>, right: (reply: Reply) => boolean): Promise<Reply> {
  let reply = await ask()
  for (let tries = 0; !right(reply); tries++) {
    assert.ok(tries < 400, `still ${reply.status} ${reply.text.slice(0, 500)}`)
    await sleep(10)
    reply = await ask()
  }
  return reply
}

type Condition = { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }

export const conditionOf = (reply: Reply, type: string): Condition | undefined =>
  reply.json?.status?.conditions?.find((one: Condition) => one.type === type)

/** Creates it and waits until it is established. @returns the path of its objects in the first version. */
export async function established(wire: Wire, wanted: Wanted = {}, namespace = 'default'): Promise<string> {
  const body = definition(wanted)
  const created = await wire.call('POST', definitions, { body })
  assert.equal(created.status, 201, created.text.slice(0, 2000))
  const { name } = created.json.metadata
  await until(
    () => wire.call('GET', `${definitions}/${name}`),
    reply => conditionOf(reply, 'Established')?.status === 'True',
  )
  const { spec } = created.json
  const at = spec.scope === 'Cluster' ? '' : `/namespaces/${namespace}`
  return `/apis/${spec.group}/${spec.versions[0].name}${at}/${spec.names.plural}`
}

/** Deletes it and waits until it is gone. */
export async function removed(wire: Wire, name: string): Promise<void> {
  await wire.call('DELETE', `${definitions}/${name}`)
  await until(
    () => wire.call('GET', `${definitions}/${name}`),
    reply => reply.status === 404,
  )
}

/** All that there are. */
export async function removedAll(wire: Wire): Promise<void> {
  const { json } = await wire.call('GET', definitions)
  for (const { metadata } of json.items) await removed(wire, metadata.name)
}

export const widget = (name: string, rest: object = {}, apiVersion = 'example.com/v1'): object => ({
  apiVersion,
  kind: 'Widget',
  metadata: { name },
  ...rest,
})
