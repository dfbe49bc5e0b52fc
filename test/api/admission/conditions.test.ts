/** Match conditions: who is asked about what, and what an expression that fails comes to. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Setting, openSetting } from './setting.ts'

let setting: Setting

before(async () => {
  setting = await openSetting()
})
after(() => setting.stop())

const when = (...expressions: readonly string[]) => ({
  matchConditions: expressions.map((expression, at) => ({ name: `c${at}`, expression })),
})
/** Whether the webhook, which refuses everything, was asked about a config map. */
async function asked(webhook: object, extra: Parameters<Setting['create']>[1] = {}): Promise<boolean | string> {
  setting.hooks.on('/when', () => ({ allowed: false, status: { message: 'asked' } }))
  await setting.configure('Validating', 'when', webhook)
  const { status, json } = await setting.create('when', extra)
  await setting.remove('Validating', 'when')
  if (status === 201) return false
  return json.message.endsWith('denied the request: asked') ? true : json.message
}

test('all conditions have to hold', async () => {
  const skip = "!has(object.metadata.labels) || !('skip' in object.metadata.labels)"
  assert.equal(await asked(when(skip)), true)
  assert.equal(await asked(when(skip), { labels: { skip: 'yes' } }), false)
  assert.equal(await asked(when('true', "request.operation == 'DELETE'")), false)
  assert.equal(await asked(when("request.resource.resource == 'configmaps' && request.kind.kind == 'ConfigMap'")), true)
  assert.equal(
    await asked(when("request.userInfo.username == 'bulwark:test' && 'system:masters' in request.userInfo.groups")),
    true,
  )
  assert.equal(await asked(when('oldObject == null && namespaceObject == null && !request.dryRun')), true)
})

test('the authorizer answers for the one who asks, and for service accounts', async () => {
  assert.equal(
    await asked(when("authorizer.group('').resource('pods').namespace('x').check('delete').allowed()")),
    true,
  )
  assert.equal(await asked(when("authorizer.requestResource.check('create').allowed()")), true)
  const somebody = "authorizer.serviceAccount('default', 'nobody').group('').resource('secrets').namespace('default')"
  assert.equal(await asked(when(`${somebody}.check('get').allowed()`)), false)
})

test("an error is the failure policy's, unless another condition does not hold", async () => {
  const broken = 'object.metadata.annotations.missing == "x"'
  assert.match(
    String(await asked(when(broken))),
    /^configmaps "when-\d+" is forbidden: expression 'object.metadata.annotations.missing == "x"' resulted in error: no such key: annotations$/,
  )
  assert.equal(await asked({ ...when(broken), failurePolicy: 'Ignore' }), false)
  assert.equal(await asked(when(broken, 'false')), false)
  const many = '[0,1,2,3,4,5,6,7,8,9]'
  const heavy = `${many}.all(a, ${many}.all(b, ${many}.all(c, ${many}.all(d, ${many}.all(e, ${many}.all(f, a + b + c + d + e + f >= 0))))))`
  assert.match(String(await asked(when(heavy))), /is forbidden: .*(cost|cancelled)/)
})

test('what is no condition is refused', async () => {
  await assert.rejects(setting.configure('Validating', 'bad', when('object.metadata.name')), /must evaluate to bool/)
  await assert.rejects(setting.configure('Mutating', 'bad', when('no_such_thing')), /compilation failed: /)
})
