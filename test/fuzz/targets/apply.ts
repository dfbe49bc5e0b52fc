/** Inputs: `[live object or null, managedFields, configuration]` of pods. */
import { stringifyJson } from '#codec/json.ts'
import { StatusError } from '#api/status.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Served } from '#api/kind.ts'
import { applied } from '#codec/apply/apply.ts'
import { sentPart } from '#codec/apply/sparse.ts'
import { ownedAfterUpdate } from '#codec/apply/update.ts'
import { decodeTyped } from '#codec/decode.ts'
import { DecodeError } from '#codec/errors.ts'
import { builtinKinds } from '#kinds/index.ts'
import { defaulted } from '#server/stored.ts'
import { isRecord, jsonOf, refusable, same, type Target } from '../target.ts'

function servedPod(): Served {
  const kind = builtinKinds.find(one => one.kind === 'Pod')
  const version = kind?.versions[0]
  if (kind === undefined || version === undefined) throw new Error('no pods')
  return { kind, version }
}
const served = servedPod()
const now = '2026-01-01T00:00:00Z'
const schema = served.version.schema()

const typed = (value: unknown): Draft<KObject> | undefined => {
  if (!isRecord(value)) return undefined
  const object = { ...value, apiVersion: 'v1', kind: 'Pod', metadata: value['metadata'] ?? {} }
  return refusable(() => decodeTyped(schema, object).object, DecodeError)
}
const configuration = (value: unknown): Draft<KObject> | undefined => {
  const object = typed(value)
  return object === undefined
    ? undefined
    : (sentPart(schema, object, {
        metadata: {},
        ...Object(value),
        apiVersion: 'v1',
        kind: 'Pod',
      }) as Draft<KObject>)
}

const context = { now, user: { name: 'x', groups: [] }, subresource: '', old: undefined }
const valid = (object: Draft<KObject>): boolean =>
  served.kind.validate?.(defaulted(served.kind, structuredClone(object)), context).length === 0

/** An object that somebody else has made, then twice the same configuration: the second changes nothing. */
function twice(live: Draft<KObject> | undefined, config: Draft<KObject>): void {
  const common = { served, subresource: '', now }
  const made = { ...common, managed: '', manager: 'other', old: undefined, sent: undefined }
  const managed = live === undefined ? '' : ownedAfterUpdate({ ...made, next: live })
  const mine = (before: { object: Draft<KObject> | undefined; managed: string }, force: boolean) =>
    applied({
      ...common,
      manager: 'me',
      managed: before.managed,
      live: structuredClone(before.object),
      config: structuredClone(config),
      force,
    })
  const done = refusable(() => mine({ object: live, managed }, true), StatusError, DecodeError)
  // A port without a number has no key of its own until validation refuses it.
  // Nor has one whose protocol is said to be nothing, which is then the default one.
  if (done === undefined || !valid(done.object) || stringifyJson(config).includes('""')) return
  same(mine(done, false), done, 'again')
}

/** Whatever is said to be owned, also what is not there. */
function lied(live: Draft<KObject> | undefined, config: Draft<KObject>, entries: readonly unknown[]): void {
  const managed = entries.length > 0 ? stringifyJson(entries) : ''
  const common = { served, managed, manager: 'me', subresource: '', now }
  for (const force of [false, true]) {
    const write = { ...common, live: structuredClone(live), config: structuredClone(config), force }
    const done = refusable(() => applied(write), StatusError, DecodeError)
    if (done === undefined) continue
    same(decodeTyped(schema, done.object).unknown, [], 'a valid object')
    ownedAfterUpdate({ ...common, old: live, next: done.object, sent: entries })
    refusable(() => applied({ ...write, ...done, live: done.object }), StatusError, DecodeError)
  }
}

function run(input: Buffer): void {
  const value = jsonOf(input)
  if (!Array.isArray(value)) return
  const live = typed(value[0])
  const config = configuration(value[2])
  if (config?.metadata === undefined) return
  lied(live, config, Array.isArray(value[1]) ? value[1] : [])
  twice(live, config)
}

export const apply: Target = {
  name: 'apply',
  json: true,
  words: [
    'f:spec',
    'f:metadata',
    'f:labels',
    'k:{"name":"a"}',
    'v:"x"',
    'i:0',
    '.',
    'manager',
    'operation',
    'Apply',
    'Update',
    'fieldsV1',
    'spec',
    'containers',
    'name',
    'labels',
    'ports',
    'finalizers',
    'tolerations',
    'volumes',
    'env',
    'ownerReferences',
  ],
  rounds: 1500,
  run,
}
