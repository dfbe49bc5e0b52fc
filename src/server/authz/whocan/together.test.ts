/** Rights of which one alone is nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { facts, question, role, told } from './fixture.ts'
import type { RoleObject } from '../rbac-types.ts'
import { type Question, whoCan } from './search.ts'

const deleter = role('ClusterRole deleter', 'delete;;pods')
const group = role('ClusterRole group', 'impersonate;;groups;ops')
type Given = readonly [roles: readonly RoleObject[], bindings: readonly string[], asked: Question]
const subjects = (...[roles, bindings, asked]: Given): readonly string[] =>
  Object.keys(told(whoCan(facts(roles, bindings), asked))).toSorted()

test('whoever may impersonate a group alone is no member: nobody acts without a user', () => {
  const somebody: Readonly<Record<string, readonly [string, string]>> = {
    'any user': ['impersonate;;users', ''],
    'one user': ['impersonate;;users;nobody', ''],
    'an account somewhere': ['impersonate;;serviceaccounts;robot', ' in far'],
  }
  const bound = ['ClusterRole deleter to Group ops', 'ClusterRole group to User eve']
  assert.deepEqual(subjects([deleter, group], bound, question('delete', 'pods')), ['Group ops'])
  for (const [name, [line, where]] of Object.entries(somebody)) {
    const roles = [deleter, group, role('ClusterRole user', line)]
    const found = told(
      whoCan(facts(roles, [...bound, `ClusterRole user to User eve${where}`]), question('delete', 'pods')),
    )
    assert.equal(
      found['User eve'],
      'may impersonate this group together with some user → Group ops; holds the right',
      name,
    )
  }
  const no = ['impersonate;;userextras', 'impersonate;apps;users', 'impersonate;;groups', 'get;;users']
  for (const line of no) {
    const roles = [deleter, group, role('ClusterRole user', line)]
    assert.deepEqual(subjects(roles, [...bound, 'ClusterRole user to User eve'], question('delete', 'pods')), [
      'Group ops',
    ])
  }
  // Users are of no namespace: what is bound in one says nothing of them.
  const local = [deleter, group, role('ClusterRole user', 'impersonate;;users')]
  assert.deepEqual(subjects(local, [...bound, 'ClusterRole user to User eve in team'], question('delete', 'pods')), [
    'Group ops',
  ])
})

const versions = role('ClusterRole versions', 'get list delete;bulwark.dev;secretversions')
const secrets = role('ClusterRole secrets', 'get;;secrets;db')
const asked = question('get', 'secretversions', { group: 'bulwark.dev', name: 'db:3' })

test('versions of a Secret are for those who may read the Secret, too', () => {
  const roles = [versions, secrets, role('ClusterRole lists', 'list;;secrets')]
  const found = (rest: Question) =>
    subjects(
      roles,
      [
        'ClusterRole versions to User half in team',
        'ClusterRole secrets to User other in team',
        'ClusterRole versions to User ann in team',
        'ClusterRole secrets to User ann',
        'ClusterRole versions to User far in team',
        'ClusterRole secrets to User far in elsewhere',
        'ClusterRole versions to ServiceAccount team/robot in team',
        'ClusterRole secrets to Group system:serviceaccounts:team in team',
        'ClusterRole versions to User lea in team',
        'ClusterRole lists to User lea in team',
      ],
      rest,
    )
  assert.deepEqual(found(asked), ['ServiceAccount team/robot', 'User ann'])
  assert.deepEqual(found({ ...asked, name: 'web:3' }), [])
  // A deletion answers what it deletes.
  assert.deepEqual(found({ ...asked, verb: 'delete' }), ['ServiceAccount team/robot', 'User ann'])
  assert.deepEqual(found({ ...asked, verb: 'list', name: '' }), ['User lea'])
})

test('what is lacking of several rights may be bound, all or some of it', () => {
  const rbac = 'rbac.authorization.k8s.io'
  const roles = [
    versions,
    secrets,
    role('ClusterRole writes', `create;${rbac};rolebindings`),
    role('ClusterRole binds-one', `bind;${rbac};clusterroles;versions`),
    role('ClusterRole binds-both', `bind;${rbac};clusterroles;versions secrets`),
  ]
  const found = told(
    whoCan(
      facts(roles, [
        ...['one', 'both', 'some'].map(name => `ClusterRole writes to User ${name} in team`),
        'ClusterRole binds-one to User one in team',
        'ClusterRole binds-both to User both in team',
        'ClusterRole binds-one to User some in team',
        'ClusterRole secrets to User some in team',
        'ClusterRole binds-both to User mute in team',
      ]),
      asked,
    ),
  )
  const text = 'may bind roles that give what they lack of it; holds the right then'
  assert.deepEqual(found, { 'User both': text, 'User some': text })
})
