import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { layout } from '#processes/layout.ts'
import { UsageError } from './place.ts'
import { pluginsOf } from './plugin-flags.ts'
import { serverConfig } from './server.ts'

test('names come with commas between them, and none is said where no flag is given', () => {
  assert.equal(pluginsOf({}), undefined)
  assert.deepEqual(pluginsOf({ enableAdmissionPlugins: 'AlwaysPullImages, EventRateLimit,' }), {
    enable: ['AlwaysPullImages', 'EventRateLimit'],
    disable: [],
  })
  assert.deepEqual(pluginsOf({ disableAdmissionPlugins: 'LimitRanger' }), { enable: [], disable: ['LimitRanger'] })
  // What an earlier start was told can be taken back.
  assert.deepEqual(pluginsOf({ enableAdmissionPlugins: '' }), { enable: [], disable: [] })
})

test('a name that nobody knows, and one on both sides, are usage errors', () => {
  const refused = (flags: Parameters<typeof pluginsOf>[0], message: string): void =>
    assert.throws(
      () => pluginsOf(flags),
      (error: unknown) => error instanceof UsageError && error.message === message,
    )
  refused({ enableAdmissionPlugins: 'Priority,Nope' }, 'enable-admission-plugins plugin "Nope" is unknown')
  refused({ disableAdmissionPlugins: 'priority' }, 'disable-admission-plugins plugin "priority" is unknown')
  refused(
    { enableAdmissionPlugins: 'Priority', disableAdmissionPlugins: 'Priority' },
    'Priority in enable-admission-plugins and disable-admission-plugins overlap',
  )
})

test('a server among several takes them as well', () => {
  const at = layout(join(mkdtempSync(join(tmpdir(), 'bulwark-flags-')), 'one'))
  const flags = { name: 'one', store: 'https://10.0.0.1:2379', advertiseAddress: '10.0.0.2' }
  assert.equal('plugins' in serverConfig(flags, at), false)
  assert.deepEqual(serverConfig({ ...flags, enableAdmissionPlugins: 'AlwaysPullImages' }, at).plugins, {
    enable: ['AlwaysPullImages'],
    disable: [],
  })
  assert.throws(() => serverConfig({ ...flags, disableAdmissionPlugins: 'Nope' }, at), UsageError)
})
