import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attributes } from '#api/request.ts'
import { identified } from '#server/authn/user.ts'
import { refusal } from '#server/authz/authorize.ts'
import { makeDecisions } from './decisions.ts'

const asked = (path: string): Attributes => ({
  verb: 'get',
  resourceRequest: false,
  group: '',
  version: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  path,
})
const eve = identified({ name: 'eve', groups: ['g'], source: 'test' })

function refusedOften(times: number, path: (at: number) => string) {
  let number = 0
  const decisions = makeDecisions({ now: () => 0, uid: () => String(++number).padStart(12, '0') })
  for (let at = 1; at <= times; at++) {
    const what = asked(path(at))
    decisions.record(refusal(eve, what), eve, what)
  }
  return decisions
}

test('the newest two thousand are remembered, as they were', () => {
  const decisions = refusedOften(2100, at => `/x${at}`)
  const all = [...decisions.all()]
  assert.deepEqual([all.length, all[0]?.asked.path, all.at(-1)?.asked.path], [2000, '/x101', '/x2100'])
  assert.deepEqual(decisions.get('000000002100'), {
    id: '000000002100',
    time: 0,
    user: { name: 'eve', groups: ['g'] },
    asked: asked('/x2100'),
    code: 403,
    reason: 'Forbidden',
    message: 'forbidden: User "eve" cannot get path "/x2100"',
    blame: refusal(eve, asked('/x2100')).blame,
  })
  assert.equal(decisions.get('000000000100'), undefined)
})

test('who is refused with long names takes no more memory than who is refused with short ones', () => {
  const decisions = refusedOften(2000, at => `/${'x'.repeat(60_000)}${at}`)
  const all = [...decisions.all()]
  assert.ok(JSON.stringify(all).length < 20_000_000)
  assert.match(all.at(-1)?.asked.path ?? '', /x2000$/)
})
