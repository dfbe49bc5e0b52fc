/** Policies as upstream reads them: what is refused and in which words, and which rule a request falls under. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Attributes, Verb } from '#api/request.ts'
import { defaultPolicy } from './default-policy.ts'
import { makeJudge } from './match.ts'
import { PolicyError, parsePolicy } from './policy.ts'
import type { Known } from './record.ts'

const head = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n'
const refused = (text: string): string => {
  try {
    parsePolicy(text)
    return ''
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    return error.message
  }
}

suite('what is no policy', () => {
  for (const [text, message] of [
    ['', /failed decoding/],
    ['[1]', /failed decoding: the policy is no object/],
    [
      'apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: [{level: None}]',
      /^unknown group version field audit\.k8s\.io\/v1beta1/,
    ],
    ['apiVersion: audit.k8s.io/v1\nkind: Event', /^unknown group version field/],
    [head, /^loaded illegal policy with 0 rules$/],
    [`${head}rules: []`, /^loaded illegal policy with 0 rules$/],
    [`${head}rules: {}`, /failed decoding/],
    [`${head}rules: [{level: None, ruels: []}]`, /strict decoding error: unknown field "rules\[0\]\.ruels"/],
    [`${head}rules: [{level: None}]\nrules: [{level: None}]`, /failed decoding/],
    [`${head}rules: [{}]`, /^rules\[0\]\.level: Required value$/],
    [
      `${head}rules: [{level: Everything}]`,
      /^rules\[0\]\.level: Unsupported value: "Everything": supported values: "None", "Metadata", "Request", "RequestResponse"$/,
    ],
    [
      `${head}rules: [{level: None, nonResourceURLs: [logs]}]`,
      /^rules\[0\]\.nonResourceURLs\[0\]: Invalid value: "logs": non-resource URL rules must begin with a '\/' character$/,
    ],
    [
      `${head}rules: [{level: None, nonResourceURLs: ['/a*b']}]`,
      /^rules\[0\]\.nonResourceURLs\[0\]: Invalid value: "\/a\*b": non-resource URL wildcards '\*' must be the final character of the rule$/,
    ],
    [
      `${head}rules: [{level: None, nonResourceURLs: ['/x'], namespaces: [a]}]`,
      /rules\[0\]\.nonResourceURLs: .*rules cannot apply to both regular resources and non-resource URLs/,
    ],
    [
      `${head}rules: [{level: None, resources: [{group: rbac.authorization.k8s.io/v1}]}]`,
      /^rules\[0\]\.resources\.group: Invalid value: "rbac\.authorization\.k8s\.io\/v1": a lowercase RFC 1123 subdomain/,
    ],
    [
      `${head}rules: [{level: None, resources: [{resourceNames: [x]}]}]`,
      /^rules\[0\]\.resources\.resourceNames: Invalid value: \["x"\]: using resourceNames requires at least one resource$/,
    ],
    [
      `${head}rules: [{level: None, omitStages: [Middle]}]`,
      /^rules\[0\]\.omitStages\[0\]: Invalid value: "Middle": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic$/,
    ],
    [`${head}rules: [{level: A}, {level: B}]`, /^\[rules\[0\]\.level: .*, rules\[1\]\.level: /],
  ] as const)
    test(JSON.stringify(text.slice(head.length) || text), () => assert.match(refused(text), message))
})

const user = (name: string, groups: readonly string[] = []): Known => ({ name, groups, source: 'x509' })
interface Ask {
  readonly verb?: Verb
  readonly to?: string
  readonly group?: string
  readonly name?: string
  readonly namespace?: string
  readonly path?: string
}
function asked({ verb = 'get', to = '', group = '', name = '', namespace = '', path }: Ask): Attributes {
  const [resource = '', subresource = ''] = to.split('/')
  return {
    verb,
    resourceRequest: path === undefined,
    path: path ?? '/api',
    group,
    version: path === undefined ? 'v1' : '',
    resource,
    subresource,
    namespace,
    name,
  }
}

suite('which rule a request falls under', () => {
  const cases: readonly (readonly [rule: object, who: Known | undefined, what: Ask, matches: boolean])[] = [
    [{}, undefined, { to: 'pods' }, true],
    [{ users: ['eve'] }, user('eve'), { to: 'pods' }, true],
    [{ users: ['eve'] }, user('Eve'), { to: 'pods' }, false],
    [{ users: ['eve'] }, undefined, { to: 'pods' }, false],
    [{ userGroups: ['a', 'b'] }, user('eve', ['b']), { to: 'pods' }, true],
    [{ userGroups: ['a'] }, user('a', ['b']), { to: 'pods' }, false],
    [{ userGroups: ['a'] }, undefined, { to: 'pods' }, false],
    [{ verbs: ['get', 'list'] }, user('eve'), { verb: 'list', to: 'pods' }, true],
    [{ verbs: ['get'] }, user('eve'), { verb: 'list', to: 'pods' }, false],
    [{ resources: [{ group: '' }] }, user('eve'), { to: 'pods/log' }, true],
    [{ resources: [{ group: 'apps' }] }, user('eve'), { to: 'pods' }, false],
    [{ resources: [{ group: '', resources: ['pods'] }] }, user('eve'), { to: 'pods' }, true],
    [{ resources: [{ group: '', resources: ['pods'] }] }, user('eve'), { to: 'pods/log' }, false],
    [{ resources: [{ group: '', resources: ['pods/log'] }] }, user('eve'), { to: 'pods/log' }, true],
    [{ resources: [{ group: '', resources: ['pods/*'] }] }, user('eve'), { to: 'pods/log' }, true],
    [{ resources: [{ group: '', resources: ['pods/*'] }] }, user('eve'), { to: 'pods' }, true],
    [{ resources: [{ group: '', resources: ['*/log'] }] }, user('eve'), { to: 'pods/log' }, true],
    [{ resources: [{ group: '', resources: ['*/log'] }] }, user('eve'), { to: 'pods' }, false],
    [{ resources: [{ group: '', resources: ['*'] }] }, user('eve'), { to: 'pods/log' }, true],
    [
      { resources: [{ group: '', resources: ['pods'], resourceNames: ['x'] }] },
      user('eve'),
      { to: 'pods', name: 'x' },
      true,
    ],
    [
      { resources: [{ group: '', resources: ['pods'], resourceNames: ['x'] }] },
      user('eve'),
      { to: 'pods', name: 'y' },
      false,
    ],
    [
      {
        resources: [
          { group: '', resources: ['pods'], resourceNames: ['x'] },
          { group: '', resources: ['services'] },
        ],
      },
      user('eve'),
      { to: 'services', name: 'y' },
      true,
    ],
    [{ namespaces: ['a'] }, user('eve'), { to: 'pods', namespace: 'a' }, true],
    [{ namespaces: ['a'] }, user('eve'), { to: 'pods', namespace: 'b' }, false],
    [{ namespaces: [''] }, user('eve'), { to: 'nodes' }, true],
    [{ namespaces: ['a'] }, user('eve'), { path: '/healthz' }, false],
    [{ nonResourceURLs: ['/healthz*'] }, user('eve'), { path: '/healthz/ping' }, true],
    [{ nonResourceURLs: ['/healthz'] }, user('eve'), { path: '/healthz/ping' }, false],
    [{ nonResourceURLs: ['*'] }, user('eve'), { path: '/x' }, true],
    [{ nonResourceURLs: ['*'] }, user('eve'), { to: 'pods' }, false],
    [{ nonResourceURLs: ['/x'], verbs: ['post'] }, user('eve'), { path: '/x', verb: 'get' }, false],
  ]
  for (const [rule, who, what, matches] of cases)
    test(`${JSON.stringify(rule)} ${matches ? 'is about' : 'is not about'} ${JSON.stringify(what)}`, () => {
      const policy = parsePolicy(
        JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Request', ...rule }] }),
      )
      const judge = makeJudge(policy)
      for (const _ of [1, 2]) assert.equal(judge(who, asked(what)).level, matches ? 'Request' : 'None')
    })

  test('the first rule that fits counts; stages and managed fields add up and override', () => {
    const judge = makeJudge(
      parsePolicy(`${head}omitStages: [RequestReceived]
omitManagedFields: true
rules:
- {level: Metadata, users: [eve], omitStages: [Panic]}
- {level: RequestResponse, omitManagedFields: false, resources: [{group: '', resources: [secrets]}]}
- {level: Request}
`),
    )
    const eve = judge(user('eve'), asked({ to: 'pods' }))
    assert.deepEqual(
      [eve.level, [...eve.omitted].toSorted(), eve.omitManagedFields],
      ['Metadata', ['Panic', 'RequestReceived'], true],
    )
    const secrets = judge(user('bob'), asked({ to: 'secrets' }))
    assert.deepEqual([secrets.level, secrets.omitManagedFields, secrets.named], ['RequestResponse', false, true])
    assert.equal(judge(user('bob'), asked({ to: 'pods' })).named, false)
  })

  test('a policy of ten thousand rules costs a request microseconds', () => {
    const rules = Array.from({ length: 10_000 }, (_, at) => ({
      level: 'Request',
      resources: [{ group: '', resources: [`r${at}`] }],
    }))
    const judge = makeJudge(parsePolicy(JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules })))
    const what = asked({ to: 'r9999' })
    assert.equal(judge(user('eve'), what).level, 'Request')
    const started = performance.now()
    for (let at = 0; at < 10_000; at++) judge(user('eve'), what)
    assert.ok((performance.now() - started) / 10_000 < 0.02)
  })
})

suite('the usual policy', () => {
  const judge = makeJudge(defaultPolicy(false))
  const kubelet = user('system:node:n', ['system:nodes', 'system:authenticated'])
  const cases: readonly (readonly [who: Known, what: Ask, level: string])[] = [
    [user('eve'), { verb: 'create', to: 'pods' }, 'Metadata'],
    [user('eve'), { verb: 'deletecollection', to: 'pods' }, 'Metadata'],
    [user('eve'), { verb: 'create', to: 'pods/exec' }, 'Metadata'],
    [user('eve'), { verb: 'get', to: 'pods/exec' }, 'Metadata'],
    [user('eve'), { verb: 'get', to: 'services/proxy' }, 'Metadata'],
    [user('eve'), { verb: 'create', to: 'serviceaccounts/token' }, 'Metadata'],
    [user('eve'), { verb: 'get', to: 'secrets' }, 'Metadata'],
    [user('eve'), { verb: 'watch', to: 'secrets' }, 'Metadata'],
    [kubelet, { verb: 'get', to: 'secrets' }, 'Metadata'],
    [user('eve'), { verb: 'get', to: 'pods' }, 'None'],
    [user('eve'), { verb: 'watch', to: 'pods' }, 'None'],
    [user('eve'), { path: '/healthz' }, 'None'],
    [user('eve'), { path: '/x', verb: 'post' }, 'Metadata'],
    [kubelet, { verb: 'update', to: 'leases', group: 'coordination.k8s.io' }, 'None'],
    [kubelet, { verb: 'update', to: 'nodes/status' }, 'None'],
    [kubelet, { verb: 'update', to: 'pods/status' }, 'Metadata'],
    [user('eve'), { verb: 'update', to: 'nodes/status' }, 'Metadata'],
    [kubelet, { verb: 'create', to: 'events' }, 'None'],
    [kubelet, { verb: 'delete', to: 'events' }, 'Metadata'],
    [user('eve'), { verb: 'update', to: 'leases', group: 'coordination.k8s.io' }, 'Metadata'],
    [user('eve'), { verb: 'create', to: 'events' }, 'Metadata'],
  ]
  for (const [who, what, level] of cases)
    test(`${who.name} ${JSON.stringify(what)}: ${level}`, () => assert.equal(judge(who, asked(what)).level, level))
})
