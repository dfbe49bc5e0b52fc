import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes } from '#api/request.ts'
import { isReason } from '#api/status.ts'
import { impersonate } from './impersonate.ts'
import { component } from './user.ts'

const admin = component('admin')

const nobody = (): never => assert.fail('asked')

async function asked(raw: readonly string[]) {
  const questions: string[] = []
  const user = await impersonate(admin, raw, (_, one: Attributes) => {
    assert.equal(one.verb, 'impersonate')
    questions.push([one.group, one.namespace, one.resource, one.subresource, one.name].join('/'))
  })
  return { user, questions }
}

test('without such headers nothing is asked and nothing waits', () => {
  assert.equal(impersonate(admin, ['Accept', '*/*'], nobody), admin)
})

test('each part of the identity is asked for', async () => {
  const headers = [
    ['Impersonate-User', 'jane'],
    ['impersonate-group', 'a, b'],
    ['Impersonate-Group', 'c'],
    ['Impersonate-Uid', '7'],
    ['Impersonate-Extra-acme%2Fscope', 'x'],
  ]
  const { user, questions } = await asked(headers.flat())
  assert.deepEqual(questions, [
    '//users//jane',
    '//groups//a, b',
    '//groups//c',
    'authentication.k8s.io//userextras/acme/scope/x',
    'authentication.k8s.io//uids//7',
  ])
  assert.equal(user.name, 'jane')
  assert.equal(user.uid, '7')
  assert.deepEqual(user.groups, ['a, b', 'c', 'system:authenticated'])
  assert.deepEqual(user.extra, { 'acme/scope': ['x'] })
})

test('a service account is asked for in its namespace and brings its groups', async () => {
  const { user, questions } = await asked(['Impersonate-User', 'system:serviceaccount:team:robot'])
  assert.deepEqual(questions, ['/team/serviceaccounts//robot'])
  assert.deepEqual(user.groups, ['system:serviceaccounts', 'system:serviceaccounts:team', 'system:authenticated'])
  assert.deepEqual((await asked(['Impersonate-User', 'system:anonymous'])).user.groups, ['system:unauthenticated'])
})

test('doubt is refused', async () => {
  const refused = (raw: readonly string[]) =>
    assert.throws(
      () => impersonate(admin, raw, nobody),
      (error: unknown) => isReason(error, 'BadRequest'),
    )
  refused(['Impersonate-Group', 'system:masters'])
  refused(['Impersonate-Uid', '1'])
  refused(['Impersonate-Extra-a', '1'])
  refused(['Impersonate-User', 'jane', 'impersonate-user', 'joe'])
  const no = () => Promise.reject(new Error('no'))
  await assert.rejects(async () => impersonate(admin, ['Impersonate-User', 'jane'], no), /no/)
})

test('keys of any name are harmless', async () => {
  const { user } = await asked(['Impersonate-User', 'jane', 'Impersonate-Extra-__proto__', 'x'])
  assert.deepEqual(Object.keys(user.extra ?? {}), ['__proto__'])
})
