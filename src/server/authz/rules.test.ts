import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Attributes, Verb } from '#api/request.ts'
import type { PolicyRule } from './rbac-types.ts'
import { compile, uncovered } from './rules.ts'

/** As the documentation of RBAC words it, one rule after the other. */
function naive(rules: readonly PolicyRule[], asked: Attributes): boolean {
  const any = (list: readonly string[] | undefined, value: string): boolean =>
    list?.includes('*') === true || list?.includes(value) === true
  const wanted = asked.subresource === '' ? asked.resource : `${asked.resource}/${asked.subresource}`
  return rules.some(rule => {
    if (!any(rule.verbs, asked.verb)) return false
    if (!asked.resourceRequest)
      return (rule.nonResourceURLs ?? []).some(
        url => url === asked.path || (url.endsWith('*') && (asked.path ?? '').startsWith(url.slice(0, -1))),
      )
    return (
      any(rule.apiGroups, asked.group) &&
      (rule.resources ?? []).some(
        one => one === '*' || one === wanted || (asked.subresource !== '' && one === `*/${asked.subresource}`),
      ) &&
      ((rule.resourceNames ?? []).length === 0 || rule.resourceNames?.includes(asked.name) === true)
    )
  })
}

const some = (...values: string[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 })
const verbs = ['get', 'list', 'create', 'delete']
const resourceRule = fc.record({
  verbs: some(...verbs, '*'),
  apiGroups: some('', 'apps', '*'),
  resources: some('pods', 'pods/log', 'deployments', '*/log', '*/scale', '*'),
  resourceNames: fc.uniqueArray(fc.constantFrom('a', 'b', 'constructor'), { maxLength: 2 }),
})
const pathRule = fc.record({
  verbs: some(...verbs, '*'),
  nonResourceURLs: some('/healthz', '/logs/*', '/metrics', '*'),
})
const rules: fc.Arbitrary<readonly PolicyRule[]> = fc.array(
  fc.oneof({ arbitrary: resourceRule, weight: 4 }, pathRule),
  { maxLength: 4 },
)
const asked: fc.Arbitrary<Attributes> = fc.record({
  verb: fc.constantFrom<Verb>('get', 'list', 'create', 'delete', 'patch'),
  resourceRequest: fc.boolean(),
  path: fc.constantFrom('/healthz', '/healthz/x', '/logs/', '/logs/a', '/logs', '/other'),
  group: fc.constantFrom('', 'apps', 'batch'),
  version: fc.constant('v1'),
  resource: fc.constantFrom('pods', 'deployments', 'jobs', '__proto__'),
  subresource: fc.constantFrom('', 'log', 'scale', 'status'),
  namespace: fc.constant('default'),
  name: fc.constantFrom('', 'a', 'b', 'c', 'constructor'),
})

/** The same rule, written so long that it is not multiplied out. */
const swollen = (rule: PolicyRule): PolicyRule => ({
  ...rule,
  verbs: [...rule.verbs, ...Array.from({ length: 5000 }, (_, at) => `none-${at}`)],
})

test('compiled rules decide as the rules read one by one do', () => {
  fc.assert(
    fc.property(rules, asked, (list, request) => {
      assert.equal(compile(list).covers(request), naive(list, request))
    }),
    { numRuns: 2000 },
  )
})

test('rules too wide to be multiplied out decide alike', () => {
  fc.assert(
    fc.property(rules, asked, (list, request) => {
      assert.equal(compile(list.map(swollen)).covers(request), naive(list, request))
    }),
    { numRuns: 50 },
  )
})

test('whoever covers a rule is allowed whatever it allows', () => {
  fc.assert(
    fc.property(rules, rules, asked, (owned, wanted, request) => {
      if (uncovered(owned, wanted).length === 0 && naive(wanted, request)) assert.ok(naive(owned, request))
      assert.deepEqual(uncovered(wanted, wanted), [])
    }),
    { numRuns: 2000 },
  )
})

test('what is not covered is named, also of rules that are not multiplied out', () => {
  const read: PolicyRule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', '*/log'] }
  assert.deepEqual(uncovered([read], [{ ...read, verbs: ['get', 'delete'] }]), [
    { verbs: ['delete'], apiGroups: [''], resources: ['pods'] },
    { verbs: ['delete'], apiGroups: [''], resources: ['*/log'] },
  ])
  assert.deepEqual(uncovered([read], [{ ...read, resources: ['pods/log'], resourceNames: ['x'] }]), [])
  assert.equal(uncovered([{ ...read, resourceNames: ['x'] }], [read]).length, 4)
  assert.equal(uncovered([{ ...read, resourceNames: [''] }], [read]).length, 4)
  assert.equal(uncovered([read], [swollen(read)]).length, 1)
  assert.equal(uncovered([{ ...read, verbs: ['*'] }], [swollen(read)]).length, 0)
  assert.equal(uncovered([{ verbs: ['*'], nonResourceURLs: ['*'] }], [swollen(read)]).length, 1)
  const both = { ...swollen(read), nonResourceURLs: ['/x'] }
  assert.equal(uncovered([{ ...read, verbs: ['*'] }], [both]).length, 1)
})

test('a role of a few kilobytes that stands for thousands of millions of combinations is dealt with at once', () => {
  const many = (prefix: string): string[] => Array.from({ length: 2000 }, (_, at) => `${prefix}${at}`)
  const rule = { verbs: many('v'), apiGroups: many('g'), resources: many('r'), resourceNames: many('n') }
  assert.equal(uncovered([], [rule]).length, 1)
  const request = {
    verb: 'v7' as Verb,
    resourceRequest: true,
    group: 'g8',
    resource: 'r9',
    subresource: '',
    name: 'n1',
  }
  assert.ok(compile([rule]).covers(request))
  assert.ok(!compile([rule]).covers({ ...request, name: 'n2000' }))
  const named = many('n').map(name => ({ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: [name] }))
  assert.deepEqual(uncovered(named, named), [])
})
