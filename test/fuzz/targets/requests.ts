/** Inputs: a request line's method and target, `GET /api/v1/pods?limit=5`; or a query, a line end and a body of DeleteOptions. */
import assert from 'node:assert/strict'
import { StatusError } from '#api/status.ts'
import { deleteOptions } from '#server/http/delete-options.ts'
import { listOptions, watchOptions, writeOptions } from '#server/http/options.ts'
import { parseRequest } from '#server/http/requestinfo.ts'
import { jsonOf, refusable, type Target } from '../target.ts'

/** No part of a name may lead anywhere else. */
const harmless = (part: string): boolean =>
  part !== '.' && part !== '..' && !part.includes('/') && !part.includes('\0') && !part.includes('\\')

function runRequest(input: Buffer): void {
  const text = input.toString('latin1')
  const space = text.indexOf(' ')
  const found = refusable(() => parseRequest(text.slice(0, Math.max(space, 0)), text.slice(space + 1)), StatusError)
  if (found === undefined) return
  const { asked, query } = found
  // Elsewhere a name comes from a selector, and is compared with others' alone.
  const named = !['list', 'watch', 'deletecollection'].includes(asked.verb)
  if (asked.resourceRequest)
    for (const part of [
      asked.group,
      asked.version,
      asked.resource,
      asked.subresource,
      asked.namespace,
      named ? asked.name : '',
    ])
      assert.ok(harmless(part), JSON.stringify(asked))
  if (asked.group === '' && ['exec', 'attach', 'portforward'].includes(asked.subresource))
    assert.equal(asked.verb, 'create')
  refusable(() => listOptions(query), StatusError)
  refusable(() => watchOptions(query), StatusError)
  refusable(() => writeOptions(query, text, 'CreateOptions'), StatusError)
  refusable(() => writeOptions(query, text, 'PatchOptions apply'), StatusError)
}

export const requests: Target = {
  name: 'requests',
  words: [
    '/',
    '//',
    '/..',
    '/.',
    '%2e%2e',
    '%2f',
    '%252f',
    '%00',
    '%',
    '\\',
    '?',
    '&',
    '=',
    '#',
    ';',
    '%E9',
    '%C3%A9',
    '/namespaces/',
    '/watch/',
    '/proxy/',
    '/exec',
    '/status',
    '/finalize',
    '/api/v1',
    '/apis/apps/v1',
    'watch=true',
    'fieldSelector=metadata.name%3Da',
    'limit=',
    'resourceVersionMatch=Exact',
    'timeout=1h',
    'dryRun=All',
    'fieldManager=',
    'timeoutSeconds=',
    'HEAD',
    'DELETE',
  ],
  rounds: 6000,
  run: runRequest,
}

function runDelete(input: Buffer): void {
  const end = input.indexOf('\n')
  const query = new URLSearchParams(input.subarray(0, Math.max(end, 0)).toString('latin1'))
  const options = refusable(() => deleteOptions(query, jsonOf(input.subarray(end + 1))), StatusError)
  if (options === undefined) return
  const { gracePeriodSeconds: grace, propagationPolicy, preconditions } = options
  assert.ok(grace === undefined || Number.isSafeInteger(grace))
  assert.ok(propagationPolicy === undefined || ['Orphan', 'Background', 'Foreground'].includes(propagationPolicy))
  for (const one of Object.values(preconditions ?? {})) assert.equal(typeof one, 'string')
}

export const deletions: Target = {
  name: 'delete-options',
  words: [
    'gracePeriodSeconds',
    'propagationPolicy',
    'orphanDependents',
    'preconditions',
    'uid',
    'resourceVersion',
    'dryRun',
    'All',
    'Foreground',
    'Orphan',
    'kind',
    'DeleteOptions',
    '__proto__',
    '\n',
    'null',
    'true',
    '-1',
    '{',
    '}',
    '"',
    ':',
    '&',
    '=',
  ],
  rounds: 6000,
  run: runDelete,
}
