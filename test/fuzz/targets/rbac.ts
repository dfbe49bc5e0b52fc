/** Inputs: `[rules, more rules, requests]`; an evaluator that is as simple as can be says what must come out. */
import assert from 'node:assert/strict'
import type { Attributes } from '#api/request.ts'
import type { PolicyRule } from '#server/authz/rbac-types.ts'
import { compile, uncovered } from '#server/authz/rules.ts'
import { isRecord, jsonOf, type Target } from '../target.ts'

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter(one => typeof one === 'string') : []

/** As validation lets them into the store: a rule is of resources or of paths. */
function ruleOf(value: unknown): PolicyRule[] {
  if (!isRecord(value)) return []
  const [verbs, apiGroups, resources] = [texts(value['verbs']), texts(value['apiGroups']), texts(value['resources'])]
  const [resourceNames, nonResourceURLs] = [texts(value['resourceNames']), texts(value['nonResourceURLs'])]
  if (verbs.length === 0) return []
  if (nonResourceURLs.length > 0) return [{ verbs, nonResourceURLs }]
  return apiGroups.length > 0 && resources.length > 0 ? [{ verbs, apiGroups, resources, resourceNames }] : []
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

function requestOf(value: unknown): Attributes[] {
  if (!isRecord(value)) return []
  const path = value['path']
  const [resource, subresource] = [text(value['resource']), text(value['subresource'])]
  return [
    {
      verb: text(value['verb']) as Attributes['verb'],
      resourceRequest: typeof path !== 'string',
      ...(typeof path === 'string' ? { path } : {}),
      group: text(value['group']),
      version: 'v1',
      resource,
      subresource,
      namespace: '',
      name: text(value['name']),
    },
  ]
}

function allows(rule: PolicyRule, asked: Attributes): boolean {
  if (!rule.verbs.includes('*') && !rule.verbs.includes(asked.verb)) return false
  if (!asked.resourceRequest)
    return (rule.nonResourceURLs ?? []).some(
      own =>
        own === '*' || own === asked.path || (own.endsWith('*') && (asked.path ?? '').startsWith(own.slice(0, -1))),
    )
  const { apiGroups = [], resources = [], resourceNames = [] } = rule
  const whole = asked.subresource === '' ? asked.resource : `${asked.resource}/${asked.subresource}`
  return (
    (apiGroups.includes('*') || apiGroups.includes(asked.group)) &&
    resources.some(
      own => own === '*' || own === whole || (asked.subresource !== '' && own === `*/${asked.subresource}`),
    ) &&
    (resourceNames.length === 0 || (asked.name !== '' && resourceNames.includes(asked.name)))
  )
}

function run(input: Buffer): void {
  const value = jsonOf(input)
  if (!Array.isArray(value)) return
  const [own, wanted, requests] = value as readonly unknown[]
  const rules = (Array.isArray(own) ? own : []).flatMap(ruleOf)
  const more = (Array.isArray(wanted) ? wanted : []).flatMap(ruleOf)
  const asked = (Array.isArray(requests) ? requests : []).flatMap(requestOf)
  const [index, both] = [compile(rules), compile([...rules, ...more])]
  for (const one of asked) {
    assert.equal(
      index.covers(one),
      rules.some(rule => allows(rule, one)),
      JSON.stringify([rules, one]),
    )
    if (!both.covers(one)) assert.ok(!index.covers(one), 'more rules allow less')
  }
  const beyond = uncovered(rules, more)
  // Where nothing is beyond one's own rules, nothing new may become possible.
  if (beyond.length === 0)
    for (const one of asked)
      assert.equal(both.covers(one), index.covers(one), `escalates: ${JSON.stringify([rules, more, one])}`)
  // Of what has no name nobody has anything to give: it is refused, whoever asks.
  const nameless = ({ resources = [], resourceNames = [] }: PolicyRule): boolean =>
    resourceNames.includes('') || resources.some(one => one.endsWith('/'))
  const plain = more.filter(rule => !nameless(rule))
  assert.deepEqual(uncovered([...rules, ...more], plain), [], 'rules do not cover themselves')
}

const words = [
  '*',
  '',
  'get',
  'list',
  'create',
  'pods',
  'pods/log',
  '*/log',
  'log',
  'secrets',
  'a',
  '/healthz',
  '/healthz/*',
  '/*',
  'apps',
]
export const rbac: Target = {
  name: 'rbac',
  json: true,
  words: [...words, 'verbs', 'apiGroups', 'resources', 'resourceNames', 'nonResourceURLs', 'verb', 'path', 'name'],
  rounds: 4000,
  run,
}
