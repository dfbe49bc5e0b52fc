/** Inputs: `[object, patch]`. */
import assert from 'node:assert/strict'
import { StatusError } from '#api/status.ts'
import { decodeTyped } from '#codec/decode.ts'
import { DecodeError } from '#codec/errors.ts'
import { applyJsonPatch } from '#codec/patch/json.ts'
import { applyMergePatch } from '#codec/patch/merge.ts'
import { applyStrategicPatch } from '#codec/patch/strategic.ts'
import { typeSchema } from '#kinds/facts/read.ts'
import { isRecord, jsonOf, refusable, same, type Target } from '../target.ts'

const pod = typeSchema('core_v1.Pod')

function pairOf(input: Buffer): readonly [unknown, unknown] | undefined {
  const value = jsonOf(input)
  return Array.isArray(value) && value.length >= 2 && isRecord(value[0]) ? [value[0], value[1]] : undefined
}

/** Decoded or refused: what a patch leaves goes to the decoder next. */
const decodable = (value: unknown): void => void refusable(() => decodeTyped(pod, value), DecodeError)

function runStrategic(input: Buffer): void {
  const pair = pairOf(input)
  if (pair === undefined) return
  const [live, patch] = pair
  const before = structuredClone(patch)
  const result = refusable(() => applyStrategicPatch(structuredClone(live), patch, pod), StatusError)
  same(patch, before, 'the patch is changed')
  if (result === undefined) return
  assert.ok(isRecord(result), 'an object')
  decodable(result)
  refusable(() => applyStrategicPatch(structuredClone(result), patch, pod), StatusError)
}

/** RFC 7396, literally. */
function merged(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  const entries = new Map(isRecord(target) ? Object.entries(target) : [])
  for (const [key, value] of Object.entries(patch))
    if (value === null) entries.delete(key)
    else entries.set(key, merged(entries.get(key), value))
  return Object.fromEntries(entries)
}

function runMerge(input: Buffer): void {
  const pair = pairOf(input)
  if (pair === undefined) return
  const [live, patch] = pair
  const result = refusable(() => applyMergePatch(structuredClone(live), patch), StatusError)
  if (isRecord(patch) && result !== undefined) same(result, merged(live, patch), 'RFC 7396')
  decodable(result)
}

function runJson(input: Buffer): void {
  const pair = pairOf(input)
  if (pair === undefined) return
  const [live, patch] = pair
  const before = structuredClone(pair)
  const result = refusable(() => applyJsonPatch(live, patch), StatusError)
  same(pair, before, 'something given is changed')
  decodable(result)
}

const fields = [
  'spec',
  'metadata',
  'containers',
  'name',
  'labels',
  'finalizers',
  'ports',
  'containerPort',
  'env',
  'volumes',
]

export const strategic: Target = {
  name: 'strategic-merge',
  json: true,
  words: [
    ...fields,
    '$patch',
    'replace',
    'delete',
    'merge',
    '$retainKeys',
    '$setElementOrder/containers',
    '$setElementOrder/ports',
    '$deleteFromPrimitiveList/finalizers',
  ],
  rounds: 4000,
  run: runStrategic,
}
export const merge: Target = { name: 'merge-patch', json: true, words: fields, rounds: 3000, run: runMerge }
export const jsonPatch: Target = {
  name: 'json-patch',
  json: true,
  words: [
    'op',
    'path',
    'from',
    'value',
    'add',
    'remove',
    'replace',
    'move',
    'copy',
    'test',
    '/spec',
    '/spec/containers',
    '/spec/containers/0',
    '/spec/containers/-',
    '/metadata/labels/a~1b',
    '/~',
    '',
    '/__proto__/polluted',
    '/constructor/prototype/polluted',
  ],
  rounds: 4000,
  run: runJson,
}
