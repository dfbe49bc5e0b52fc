import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { layout } from '#processes/layout.ts'
import { networkOf } from './network-flags.ts'
import { UsageError } from './place.ts'
import { serverConfig } from './server.ts'

test('ranges are read as upstream writes them', () => {
  assert.deepEqual(networkOf({}), {})
  assert.deepEqual(networkOf({ serviceClusterIpRange: '10.20.3.4/16' }), {
    serviceCIDR: '10.20.0.0/16',
    dns: '10.20.0.10',
  })
  for (const [text, ports] of [
    ['20000-20999', [20_000, 20_999]],
    ['20000+999', [20_000, 20_999]],
    ['80', [80, 80]],
  ] as const)
    assert.deepEqual(networkOf({ serviceNodePortRange: text }), { nodePorts: ports })
})

test('what can be no range is a usage error that names the flag', () => {
  for (const text of [
    '',
    '10.0.0.0',
    '10.0.0.0/8',
    '10.0.0.0/29',
    'fd00::/108',
    '10.0.0.0/16,fd00::/108',
    '10.240.0.0/12',
  ])
    assert.throws(
      () => networkOf({ serviceClusterIpRange: text }),
      (error: unknown) => error instanceof UsageError && error.message.includes('--service-cluster-ip-range'),
      text,
    )
  for (const text of ['', '-', '0-10', '10-9', '1-65536', '60000+6000', 'a-b', '1-2-3'])
    assert.throws(
      () => networkOf({ serviceNodePortRange: text }),
      (error: unknown) => error instanceof UsageError && error.message.includes('--service-node-port-range'),
      text,
    )
})

test('a server among several insists on what it was given and on nothing else', () => {
  const at = layout(join(mkdtempSync(join(tmpdir(), 'bulwark-flags-')), 'one'))
  const flags = { name: 'one', store: 'https://10.0.0.1:2379', advertiseAddress: '10.0.0.2' }
  const plain = serverConfig(flags, at)
  assert.deepEqual([plain.serviceCIDR, plain.nodePorts], [undefined, undefined])
  const told = serverConfig({ ...flags, serviceClusterIpRange: '10.20.0.0/16', serviceNodePortRange: '1-9' }, at)
  assert.deepEqual([told.serviceCIDR, told.nodePorts], ['10.20.0.0/16', [1, 9]])
})
