/** Questions to the log as people ask them, and answers that a terminal can be shown. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { openAgentAudit, openAudit, agentAudit } from '#processes/audit.ts'
import type { Audit } from '#server/audit/audit.ts'
import { FlagError, auditSettings, milliseconds } from '#server/audit/flags.ts'
import { type WhoOptions, askAudit, auditKey, questionOf, showEntries, verdictText, verifyAudit } from './audit.ts'
import { givenAudit } from './audit-flags.ts'
import { sinceOf } from './audit-words.ts'
import { UsageError } from './place.ts'

interface Did {
  readonly who?: string
  readonly verb?: 'create' | 'update' | 'patch' | 'delete' | 'deletecollection' | 'get'
  readonly what?: string
  readonly group?: string
  readonly name?: string
  readonly namespace?: string
  readonly agent?: string
  readonly code?: number
}

let count = 0
function put(audit: Audit, did: Did): void {
  const { who = 'eve', verb = 'delete', what = 'deployments', group = 'apps', name = 'x', namespace = 'shop' } = did
  const [resource = '', subresource = ''] = what.split('/')
  const trail = audit.open({
    id: `id-${count++}`,
    uri: '/x',
    agent: did.agent ?? 'kubectl/v1',
    sourceIPs: () => ['192.0.2.7'],
    attempted: () => '',
  })
  const asked = {
    verb,
    resourceRequest: true,
    path: '/x',
    group,
    version: 'v1',
    resource,
    subresource,
    name,
    namespace,
  }
  void trail.identify({ name: who, groups: [], source: 'x509' }, asked, false)
  trail.end(did.code ?? 200)
}

async function cluster(did: readonly Did[], byAgent: readonly Did[] = []): Promise<{ name: string; dataDir: string }> {
  const dataDir = mkdtempSync(join(process.env['TMPDIR'] ?? '/tmp', 'audit-cli-'))
  const dir = join(dataDir, 'default', 'audit')
  const audit = await openAudit({}, { dir, clock: systemClock, log: silentLog })
  for (const one of did) put(audit, one)
  await audit.close()
  if (byAgent.length > 0) {
    const agent = openAgentAudit({}, { dir: agentAudit(dir), clock: systemClock, log: silentLog })
    for (const one of byAgent) put(agent, one)
    await agent.close()
  }
  return { name: 'default', dataDir }
}

async function answer(at: WhoOptions, words: readonly string[], more: Partial<WhoOptions> = {}, format = 'table') {
  let text = ''
  const options = { ...at, ...more }
  const write = (part: string): void => void (text += part)
  const found = await showEntries(askAudit(options, questionOf(words, options, Date.now())), { write, format })
  return { found, text }
}

suite('who', () => {
  test('deleted, changed, read, entered: by short names, groups, namespaces, users', async () => {
    const at = await cluster([
      { who: 'ann' },
      { who: 'bob', namespace: 'other' },
      { who: 'cid', verb: 'deletecollection', name: '' },
      { who: 'dan', verb: 'patch' },
      { who: 'dan', verb: 'patch', what: 'deployments/status' },
      { who: 'fay', verb: 'get', what: 'secrets', group: '', name: 'key' },
      { who: 'gus', verb: 'create', what: 'pods/exec', group: '', name: 'web' },
      { who: 'hal', verb: 'create', what: 'pods/binding', group: '', name: 'web' },
      { who: 'ian', verb: 'delete', group: 'example.com' },
    ])
    const people = async (...words: string[]): Promise<readonly string[]> => {
      const { text } = await answer(at, words, {}, 'json')
      return (JSON.parse(text) as { user: { username: string } }[]).map(event => event.user.username)
    }
    assert.deepEqual(await people('deleted', 'deploy/x'), ['ann', 'bob', 'cid', 'ian'])
    assert.deepEqual(await people('deleted', 'deployments.apps/x'), ['ann', 'bob', 'cid'])
    assert.deepEqual(await people('changed', 'Deployment/x'), ['dan'])
    assert.deepEqual(await people('read', 'secrets'), ['fay'])
    assert.deepEqual(await people("exec'd", 'po/web'), ['gus'])
    assert.deepEqual(await people('created', 'pod/web'), [])
    assert.deepEqual(await people('bound', 'pod/web'), ['hal'])
    assert.equal((await answer(at, ['deleted', 'deploy/x'], { namespace: 'other' })).found, 1)
    assert.equal((await answer(at, [], { by: 'dan' })).found, 2)
    assert.equal((await answer(at, ['touched'], { since: '1h' })).found, 9)
    assert.equal((await answer(at, ['touched'], { since: '2999-01-01T00:00:00Z' })).found, 0)
    assert.match((await answer(at, ['deleted', 'deploy/x'])).text, /^TIME +WHO +DID +WHAT +RESULT +FROM +WITH\n/)
  })

  test('what an agent has on record is in the same answer, in the order of time', async () => {
    const exec = { verb: 'create', what: 'pods/exec', group: '', name: 'web' } as const
    const at = await cluster([{ ...exec, who: 'ann' }], [{ ...exec, who: 'system:bulwark:kubelet-client' }])
    const { text, found } = await answer(at, ['execed', 'pod/web'])
    assert.equal(found, 2)
    assert.match(text, /ann[^]*kubelet-client/)
  })

  test('names and agents that would move the cursor are shown by their numbers', async () => {
    const evil = '\u001b[2J\u001b]0;owned\u0007\r\n2026-01-01T00:00:00Z  nobody\u009b31m\u202e'
    const at = await cluster([{ who: `eve${evil}`, name: evil, agent: evil }])
    const log = readFileSync(join(at.dataDir, 'default', 'audit', 'audit.log'), 'utf8')
    assert.equal(log.split('\n').length, 2)
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(log.slice(0, -1), /[\x00-\x1f\x7f-\x9f\u202e]/)
    const { text } = await answer(at, ['deleted', 'deploy'])
    assert.equal(text.split('\n').length, 3)
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\x00-\x1f\x7f-\x9f\u202e]/)
    const { text: json } = await answer(at, ['deleted', 'deploy'], {}, 'json')
    assert.equal((JSON.parse(json) as { user: { username: string } }[])[0]?.user.username, `eve${evil}`)
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(json.replaceAll('\n', ''), /[\x00-\x1f\x7f-\x9f\u202e]/)
  })

  test('a question that is none', () => {
    const ask = (words: readonly string[], more: Partial<WhoOptions> = {}) =>
      questionOf(words, { name: 'default', ...more }, 0)
    for (const words of [
      [],
      ['frobbed'],
      ['constructor'],
      ['deleted', 'a/b/c'],
      ['deleted', '/x'],
      ['deleted', 'x/'],
      ['a', 'b', 'c'],
    ])
      assert.throws(() => ask(words), UsageError, words.join(' '))
    assert.throws(() => ask([], { by: 'x', since: 'tomorrow' }), UsageError)
    assert.equal(sinceOf('90s', 100_000), 10_000)
  })
})

suite('verify', () => {
  test('says what is whole, and where it is not', async () => {
    const at = await cluster([{}, {}, {}], [{ verb: 'create', what: 'pods/exec', group: '' }])
    const good = await verifyAudit(at)
    assert.deepEqual(
      good.map(one => [one.role, one.problem, one.records]),
      [
        ['server', undefined, 3],
        ['agent', undefined, 1],
      ],
    )
    const log = join(at.dataDir, 'default', 'audit', 'audit.log')
    writeFileSync(log, readFileSync(log, 'utf8').replace('eve', 'bob'))
    const [bad] = await verifyAudit(at)
    assert.equal(bad?.problem?.place, `${log}:1`)
    assert.match(bad === undefined ? '' : verdictText(bad), /audit\.log:1: record 1 was changed/)
  })

  test('a key that was kept finds a log that was made anew as a whole', async () => {
    const [mine, other] = [await cluster([{}, {}]), await cluster([{ who: 'nobody' }])]
    const kept = join(mine.dataDir, 'kept.pem')
    writeFileSync(kept, auditKey(mine))
    assert.equal((await verifyAudit({ ...mine, publicKey: kept }))[0]?.problem, undefined)
    cpSync(join(other.dataDir, 'default', 'audit'), join(mine.dataDir, 'default', 'audit'), { recursive: true })
    assert.equal((await verifyAudit({ ...mine, publicKey: kept }))[0]?.problem?.kind, 'heads')
  })

  test('nothing there is no good news', async () => {
    const dataDir = mkdtempSync(join(process.env['TMPDIR'] ?? '/tmp', 'audit-cli-'))
    await assert.rejects(verifyAudit({ name: 'default', dataDir }), { code: 3 })
    assert.throws(() => askAudit({ name: 'default', dataDir }, {}), { code: 3 })
  })
})

suite('flags', () => {
  test('upstream names, upstream words', () => {
    const refused = (given: Record<string, string>): string => {
      try {
        auditSettings(given)
        return ''
      } catch (error) {
        if (!(error instanceof FlagError)) throw error
        return error.message
      }
    }
    assert.equal(
      refused({ 'audit-log-mode': 'never' }),
      'invalid audit log mode never, allowed modes are "batch,blocking,blocking-strict"',
    )
    assert.equal(
      refused({ 'audit-log-format': 'xml' }),
      'invalid audit log format xml, allowed formats are "legacy,json"',
    )
    assert.equal(refused({ 'audit-log-maxage': '-1' }), "--audit-log-maxage -1 can't be a negative number")
    assert.match(refused({ 'audit-log-batch-buffer-size': '0' }), /^invalid audit batch log buffer size 0, must be/)
    assert.match(
      refused({ 'audit-webhook-config-file': '/x', 'audit-webhook-batch-throttle-qps': '0' }),
      /throttle QPS 0/,
    )
    assert.match(refused({ 'audit-log-truncate-max-event-size': '99999999' }), /must be greater than max event size/)
    assert.match(
      refused({ 'audit-log-batch-max-wait': 'soon' }),
      /invalid argument "soon" for "--audit-log-batch-max-wait"/,
    )
    assert.match(refused({ 'audit-log-version': 'audit.k8s.io/v1beta1' }), /^invalid group version/)
    assert.equal(milliseconds('x', '1m30.5s'), 90_500)
  })

  test('from a command line', () => {
    const given = givenAudit({ auditLogMaxage: '7', auditLogCompress: true, auditLogPath: '-', name: 'x' })
    assert.deepEqual(given, { 'audit-log-maxage': '7', 'audit-log-compress': 'true', 'audit-log-path': '-' })
    assert.equal(givenAudit({ name: 'x' }), undefined)
    assert.throws(() => givenAudit({ auditLogMode: 'x' }), UsageError)
  })
})
