import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RoleObject } from '../rbac-types.ts'
import { facts, named, question, role, told } from './fixture.ts'
import { type Facts, whoCan } from './search.ts'

const ways = (roles: readonly RoleObject[], bindings: readonly string[], rest?: Partial<Facts>) =>
  told(whoCan(facts(roles, bindings, rest), question('delete', 'pods')))
const deleter = role('ClusterRole deleter', 'delete;;pods')
const robot = 'ClusterRole deleter to ServiceAccount team/robot'

test('a rule for one object of a kind is enough to take what that object may', () => {
  const rules = [
    ['change', 'patch;apps;deployments;web'],
    ['approve', 'update;certificates.k8s.io;certificatesigningrequests/approval;mine'],
    ['enter', 'create;;pods/exec;web-0'],
    ['hook', 'update;admissionregistration.k8s.io;mutatingwebhookconfigurations;one'],
  ].map(([name, text]) => role(`ClusterRole ${name}`, text ?? ''))
  const approver = role(
    'ClusterRole signs',
    'create;certificates.k8s.io;certificatesigningrequests',
    'approve;certificates.k8s.io;signers;kubernetes.io/kube-apiserver-client',
  )
  const found = ways(
    [deleter, ...rules, approver, role('ClusterRole make', 'create;apps;deployments;web')],
    [
      robot,
      'ClusterRole change to User chad in team',
      'ClusterRole enter to User eve in team',
      'ClusterRole hook to User hugo',
      'ClusterRole approve to User sam',
      'ClusterRole signs to User sam',
      'ClusterRole deleter to User ann',
      // Nothing that is made has a name by then.
      'ClusterRole make to User mike in team',
    ],
  )
  const who = ['ServiceAccount team/robot', 'User ann', 'User chad', 'User eve', 'User hugo', 'User sam']
  assert.deepEqual(Object.keys(found).sort(), who)
})

test('who may list one secret may read it', () => {
  const list = role('Role team/one', 'list;;secrets;robot-token')
  const found = ways([deleter, list], [robot, 'Role one to User lea in team'], {
    tokens: [{ namespace: 'team', account: 'robot', secret: 'robot-token' }],
  })
  assert.deepEqual(Object.keys(found).sort(), ['ServiceAccount team/robot', 'User lea'])
})

test('who holds the right, where it holds, and nobody else', () => {
  const elsewhere = role('Role other/deleter', 'delete;;pods')
  const here = role('Role team/deleter', 'delete;;pods')
  const found = ways(
    [deleter, elsewhere, here, role('ClusterRole reader', 'get list;;pods'), role('ClusterRole one', 'delete;;pods;a')],
    [
      'ClusterRole deleter to User ann',
      'ClusterRole deleter to Group ops in team',
      'ClusterRole deleter to User far in other',
      'Role deleter to User bob in team',
      'Role deleter to User eve in other',
      'ClusterRole reader to User ron',
      'ClusterRole one to User uno',
      'ClusterRole missing to User nil',
    ],
  )
  assert.deepEqual(Object.keys(found).sort(), ['Group ops', 'User ann', 'User bob'])
  const one = whoCan(
    facts([role('ClusterRole one', 'delete;;pods;a')], ['ClusterRole one to User uno']),
    question('delete', 'pods', { name: 'a' }),
  )
  assert.deepEqual(Object.keys(told(one)), ['User uno'])
})

test('each step names the binding, the role and the rule', () => {
  const many = role('ClusterRole many', 'get;;pods', 'delete;;services', '*;;pods')
  const [, found] = whoCan(facts([many], ['ClusterRole many to User ann in team']), question('delete', 'pods'))
  const grant = found?.path[0]?.grants[0]
  assert.equal(grant?.binding.kind, 'RoleBinding')
  assert.equal(grant?.role.metadata.name, 'many')
  assert.equal(grant?.rule, 2)
})

test('members of system:masters always can, and who may become one', () => {
  const imp = role('ClusterRole imp', 'impersonate;;groups;system:masters', 'impersonate;;users;nobody')
  const found = whoCan(facts([imp], ['ClusterRole imp to User eve']), question('delete', 'pods'))
  assert.deepEqual(
    found.map(one => named(one.subject)),
    ['Group system:masters', 'User eve'],
  )
})

const detours: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'create pods': ['may create or change what pods', 'create;;pods'],
  'create deployments': ['may create or change what pods', 'create;apps;deployments'],
  'patch cronjobs': ['may create or change what pods', 'patch;batch;cronjobs'],
  exec: ['may enter pods', 'create;;pods/exec'],
  'ephemeral containers': ['may enter pods', 'patch;;pods/ephemeralcontainers'],
  'any token': ['may have tokens made', 'create;;serviceaccounts/token'],
  'its token': ['may have tokens made', 'create;;serviceaccounts/token;robot'],
  'impersonate accounts': ['may impersonate', 'impersonate;;serviceaccounts'],
  'impersonate it': ['may impersonate', 'impersonate;;serviceaccounts;robot'],
}

test('every way to act as a service account that holds the right, in its namespace and nowhere else', () => {
  for (const [name, [text, line = '']] of Object.entries(detours)) {
    const roles = [deleter, role('ClusterRole way', line)]
    const found = ways(roles, [robot, 'ClusterRole way to User eve in team', 'ClusterRole way to User far in other'])
    assert.deepEqual(Object.keys(found).sort(), ['ServiceAccount team/robot', 'User eve'], name)
    assert.ok(found['User eve']?.startsWith(text), `${name}: ${found['User eve']}`)
    assert.ok(found['User eve']?.endsWith('→ ServiceAccount team/robot; holds the right'), name)
  }
  const no = [
    'create;;serviceaccounts/token;other',
    'impersonate;;serviceaccounts;other',
    'get;;pods/exec',
    'get;;pods',
  ]
  for (const line of no)
    assert.deepEqual(
      Object.keys(ways([deleter, role('ClusterRole way', line)], [robot, 'ClusterRole way to User eve'])),
      ['ServiceAccount team/robot'],
      line,
    )
})

test('secrets that hold a token, nodes, users, groups and certificates', () => {
  const tokens = [{ namespace: 'team', account: 'robot', secret: 'robot-token' }]
  const reads = [deleter, role('ClusterRole way', 'get;;secrets;robot-token')]
  assert.match(
    ways(reads, [robot, 'ClusterRole way to User eve in team'], { tokens })['User eve'] ?? '',
    /^may read the secret robot-token/,
  )
  assert.equal(ways(reads, [robot, 'ClusterRole way to User eve in team'])['User eve'], undefined)
  const proxy = [deleter, role('ClusterRole way', 'create;;nodes/proxy')]
  assert.match(ways(proxy, [robot, 'ClusterRole way to User eve'])['User eve'] ?? '', /^may reach the nodes/)
  assert.equal(ways(proxy, [robot, 'ClusterRole way to User eve in team'])['User eve'], undefined)
  const user = [deleter, role('ClusterRole way', 'impersonate;;users;ann')]
  assert.match(
    ways(user, ['ClusterRole deleter to User ann', 'ClusterRole way to User eve'])['User eve'] ?? '',
    /^may impersonate this user → User ann/,
  )
  const parts = [
    'create;certificates.k8s.io;certificatesigningrequests',
    'update;certificates.k8s.io;certificatesigningrequests/approval',
    'approve;certificates.k8s.io;signers;kubernetes.io/kube-apiserver-client',
  ]
  const whole = [deleter, role('ClusterRole way', ...parts)]
  assert.match(
    ways(whole, ['ClusterRole deleter to Group ops', 'ClusterRole way to User eve'])['User eve'] ?? '',
    /^may request a certificate .* → Group ops/,
  )
  for (const missing of parts) {
    const some = [deleter, role('ClusterRole way', ...parts.filter(part => part !== missing))]
    const found = ways(some, ['ClusterRole deleter to Group ops', 'ClusterRole way to User eve'])
    assert.deepEqual(Object.keys(found), ['Group ops'], missing)
  }
})

test('whoever gets certificates of nodes without being asked has what nodes have', () => {
  const asks = 'create;certificates.k8s.io;certificatesigningrequests'
  const joins = [deleter, role('ClusterRole way', asks, `${asks}/nodeclient`)]
  for (const who of ['User system:node:n1', 'Group system:nodes'])
    assert.match(
      ways(joins, [`ClusterRole deleter to ${who}`, 'ClusterRole way to Group joining'])['Group joining'] ?? '',
      /^may request a certificate of any node, which is approved by itself → /,
    )
  for (const [line, who] of [
    [`${asks}/nodeclient`, 'User ann'],
    [`${asks}/selfnodeclient`, 'User system:node:n1'],
  ]) {
    const roles = [deleter, role('ClusterRole way', asks, line ?? '')]
    const found = ways(roles, [`ClusterRole deleter to ${who}`, 'ClusterRole way to Group joining'])
    assert.deepEqual(Object.keys(found), [who])
  }
})

test('whoever writes secrets of kube-system makes bootstrap tokens, and is in their groups', () => {
  const secrets = role('ClusterRole secrets', 'create update;;secrets')
  const own = role('ClusterRole own', 'update;;secrets;mine')
  const bindings = [
    'ClusterRole secrets to User ada in kube-system',
    'ClusterRole secrets to User far in team',
    'ClusterRole own to User uno in kube-system',
  ]
  for (const group of ['system:bootstrappers', 'system:bootstrappers:racks']) {
    const found = ways([deleter, secrets, own], [`ClusterRole deleter to Group ${group}`, ...bindings])
    assert.deepEqual(Object.keys(found).sort(), [`Group ${group}`, 'User ada'])
    assert.equal(
      found['User ada'],
      `may make a bootstrap token that is in this group → Group ${group}; holds the right`,
    )
  }
  const other = ways(
    [deleter, secrets],
    ['ClusterRole deleter to Group system:bootstrappersx', ...bindings.slice(0, 1)],
  )
  assert.deepEqual(Object.keys(other), ['Group system:bootstrappersx'])
})

test('parts of a way may come through a group that everybody of a kind is in', () => {
  const roles = [
    deleter,
    role('ClusterRole asks', 'create;certificates.k8s.io;certificatesigningrequests'),
    role(
      'ClusterRole approves',
      'update;certificates.k8s.io;certificatesigningrequests/approval',
      'approve;certificates.k8s.io;signers;kubernetes.io/*',
    ),
  ]
  const found = ways(roles, [
    'ClusterRole deleter to User ann',
    'ClusterRole asks to Group system:authenticated',
    'ClusterRole approves to ServiceAccount x/eve',
  ])
  assert.deepEqual(Object.keys(found).sort(), ['ServiceAccount x/eve', 'User ann'])
})

test('who may bind a role that gives it, put it into one, or change what others write', () => {
  const group = 'rbac.authorization.k8s.io'
  const bind = [
    deleter,
    role('ClusterRole way', `bind;${group};clusterroles;deleter`, `create;${group};rolebindings clusterrolebindings`),
  ]
  for (const where of ['', ' in team'])
    assert.match(
      ways(bind, [`ClusterRole way to User eve${where}`])['User eve'] ?? '',
      /may bind the ClusterRole deleter/,
    )
  assert.deepEqual(ways(bind, ['ClusterRole way to User eve in other']), {})
  const other = role('ClusterRole way', `bind;${group};clusterroles;view`, `create;${group};rolebindings`)
  assert.deepEqual(ways([deleter, other], ['ClusterRole way to User eve']), {})
  const own = role('ClusterRole way', `bind;${group};roles`, `create;${group};rolebindings`)
  const local = [role('Role team/deleter', 'delete;;pods'), own]
  assert.match(ways(local, ['ClusterRole way to User eve in team'])['User eve'] ?? '', /may bind the Role deleter/)
  const write = [role('ClusterRole way', `escalate patch;${group};roles clusterroles`)]
  for (const where of ['', ' in team'])
    assert.match(ways(write, [`ClusterRole way to User eve${where}`])['User eve'] ?? '', /may put rights into roles/)
  const hook = [role('ClusterRole way', 'create;admissionregistration.k8s.io;mutatingwebhookconfigurations')]
  assert.match(ways(hook, ['ClusterRole way to User eve'])['User eve'] ?? '', /may change what others write/)
  const look = [role('ClusterRole way', 'create;admissionregistration.k8s.io;validatingwebhookconfigurations')]
  assert.deepEqual(ways(look, ['ClusterRole way to User eve']), {})
  const read = whoCan(facts(look, ['ClusterRole way to User eve']), question('get', 'secrets'))
  assert.match(told(read)['User eve'] ?? '', /shown to a webhook/)
  // None of them holds the right as things are.
  for (const roles of [bind, write, hook]) {
    const found = whoCan(facts(roles, ['ClusterRole way to User eve']), question('delete', 'pods'))
    assert.deepEqual(
      found.map(({ subject: { name }, path }) => [name, path.length]),
      [
        ['system:masters', 1],
        ['eve', 2],
      ],
    )
  }
})

test('ways go over several subjects, the shortest is told, and circles end', () => {
  const roles = [
    deleter,
    role('ClusterRole pods', 'create;;pods'),
    role('ClusterRole ann', 'impersonate;;users;ann'),
    role('ClusterRole eve', 'impersonate;;users;eve'),
  ]
  const found = ways(roles, [
    robot,
    'ClusterRole pods to User ann in team',
    'ClusterRole ann to User eve',
    'ClusterRole eve to User ann',
    'ClusterRole eve to User old',
  ])
  assert.equal(
    found['User old'],
    'may impersonate this user → User eve; may impersonate this user → User ann; may create or change what pods are made of, and a pod runs as any service account there → ServiceAccount team/robot; holds the right',
  )
})

test('a service account named as a user is that account; a right of all accounts is had through any', () => {
  const roles = [deleter, role('ClusterRole pods', 'create;;pods')]
  const asUser = ways(roles, [
    'ClusterRole deleter to User system:serviceaccount:team:robot',
    'ClusterRole pods to User eve in team',
  ])
  assert.deepEqual(Object.keys(asUser).sort(), ['ServiceAccount team/robot', 'User eve'])
  for (const all of ['system:serviceaccounts', 'system:serviceaccounts:team']) {
    const found = ways(roles, [`ClusterRole deleter to Group ${all}`, 'ClusterRole pods to User eve in team'])
    assert.deepEqual(Object.keys(found).sort(), [`Group ${all}`, 'User eve'])
  }
})

test('paths that are no resources', () => {
  const logs: RoleObject = {
    ...role('ClusterRole logs'),
    rules: [{ verbs: ['get'], nonResourceURLs: ['/logs', '/metrics/*'] }],
  }
  const asked = { resourceRequest: false, namespace: '', resource: '' } as const
  const who = (path: string) =>
    Object.keys(told(whoCan(facts([logs], ['ClusterRole logs to User ann']), question('get', '', { ...asked, path }))))
  assert.deepEqual(who('/metrics/slis'), ['User ann'])
  assert.deepEqual(who('/healthz'), [])
})

test('five thousand bindings are gone through once for each way, not once for each subject', () => {
  const roles = Array.from({ length: 1000 }, (_, at) =>
    role(`ClusterRole r${at}`, at % 10 === 0 ? 'create;;pods' : 'get list;;pods services', `get;;secrets;s${at}`),
  )
  const bindings = Array.from(
    { length: 5000 },
    (_, at) => `ClusterRole r${at % 1000} to ServiceAccount n${at % 100}/a${at} in n${at % 100}`,
  )
  const all = facts([deleter, ...roles], ['ClusterRole deleter to Group system:serviceaccounts', ...bindings])
  const found = whoCan(all, question('delete', 'pods', { namespace: 'n0' }))
  // All that may create pods anywhere, the group, and the masters.
  assert.equal(found.length, 502)
})

test('five thousand accounts of one namespace that may each become all others are gone through once', () => {
  const makers = role('ClusterRole makers', 'create;;pods', 'delete;;pods')
  const bindings = Array.from({ length: 5000 }, (_, at) => `ClusterRole makers to ServiceAccount team/a${at} in team`)
  const began = performance.now()
  assert.equal(whoCan(facts([makers], bindings), question('delete', 'pods')).length, 5001)
  assert.ok(performance.now() - began < 2000)
})
