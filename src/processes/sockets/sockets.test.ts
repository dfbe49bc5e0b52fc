/** Sockets as the kernel tells them, and one that nobody planned. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { writeRecord } from '#node/containerd/record.ts'
import type { ClusterConfig } from '../config.ts'
import { config } from '../fixture.ts'
import { layout } from '../layout.ts'
import { openSocket } from '../open.ts'
import { canLook } from './owners.ts'
import { addressOf, ipListeners, unixListeners } from './proc.ts'
import { describeSockets, exposureOf, isOpen, socketsOf } from './sockets.ts'

test('addresses of both families', () => {
  assert.equal(addressOf('0100007F'), '127.0.0.1')
  assert.equal(addressOf('00000000000000000000000000000000'), '::')
  assert.equal(addressOf('00000000000000000000000001000000'), '::1')
  assert.equal(addressOf('0000000000000000FFFF00000100007F'), '127.0.0.1')
  assert.equal(addressOf('B80D0120000000000000000001000000'), '2001:db8::1')
})

test('only what listens', () => {
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
  const row = (local: string, state: string, inode: number): string =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0 0 10 0`
  const tcp = [head, row('0100007F:192B', '0A', 7), row('0100007F:1234', '01', 8), ''].join('\n')
  assert.deepEqual(ipListeners(tcp, 'tcp'), [{ protocol: 'tcp', address: '127.0.0.1', port: 6443, inode: '7' }])
  const udp = [head, row('00000000:0035', '07', 9), row('00000000:1234', '01', 10)].join('\n')
  assert.deepEqual(ipListeners(udp, 'udp'), [{ protocol: 'udp', address: '0.0.0.0', port: 53, inode: '9' }])
  const unix = [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    '0000000000000000: 00000002 00000000 00010000 0001 01 11 /run/a b.sock',
    '0000000000000000: 00000002 00000000 00010000 0001 01 12 @abstract',
    '0000000000000000: 00000003 00000000 00000000 0001 03 13 /run/connected',
    '0000000000000000: 00000002 00000000 00000000 0002 01 14 /run/datagrams',
    '0000000000000000: 00000002 00000000 00000000 0002 01 15',
  ].join('\n')
  assert.deepEqual(
    unixListeners(unix).map(one => [one.address, one.inode]),
    [
      ['/run/a b.sock', '11'],
      ['@abstract', '12'],
      ['/run/datagrams', '14'],
    ],
  )
})

test('how far a socket reaches', () => {
  const reach = (address: string, protocol: 'tcp' | 'unix' = 'tcp') => exposureOf({ protocol, address }, config)
  assert.deepEqual(
    ['127.0.0.1', '::1', '10.96.0.10', '192.0.2.7', '0.0.0.0', '::'].map(one => reach(one)),
    ['loopback', 'loopback', 'pods', 'node', 'everybody', 'everybody'],
  )
  assert.equal(reach('/run/a', 'unix'), 'file')
  assert.equal(reach('@a', 'unix'), 'loopback')
})

test('the same address by another process, another port or another protocol is unknown', () => {
  const held = { protocol: 'tcp', address: '192.0.2.7', port: 6443, inode: '1', owner: 'server', pid: 1 } as const
  const known = (other: object): boolean =>
    describeSockets([{ ...held, ...other }], config, layout('/data/default'))[0]?.known === true
  assert.ok(known({}))
  for (const other of [{ owner: 'agent' }, { port: 6444 }, { protocol: 'udp' }, { address: '0.0.0.0' }])
    assert.ok(!known(other), JSON.stringify(other))
})

const skip = canLook() ? false : 'there is no /proc here'

test('a listener that a process of ours was made to open is found in its child', { skip }, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bw-'))
  const at = layout(dir)
  // A shell stands for the server; what it starts is what an attacker would start inside of it.
  const listening = "require('node:net').createServer().listen(0, '0.0.0.0', () => console.log('up'))"
  const child = spawn('sh', ['-c', '"$0" -e "$1"; :', process.execPath, listening], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    mkdirSync(dirname(at.record('server')), { recursive: true })
    writeRecord(at.record('server'), child.pid ?? 0)
    await once(child.stdout, 'data')
    const found = socketsOf({ ...config, nodes: { simulated: 1 } }, at)
    assert.deepEqual(
      found.map(one => [one.owner, one.exposure, one.known, isOpen(one)]),
      [['server', 'everybody', false, true]],
    )
    assert.notEqual(found[0]?.pid, child.pid)
    process.kill(found[0]?.pid ?? 0)
  } finally {
    child.kill()
    rmSync(dir, { recursive: true })
  }
})

test('a runtime socket that everybody may write to asks for nothing', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bw-'))
  const { createServer } = await import('node:net')
  const path = join(dir, 'n', 'containerd', 'containerd.sock')
  mkdirSync(dirname(path), { recursive: true })
  const server = createServer().listen(path)
  await once(server, 'listening')
  chmodSync(path, 0o666)
  const held = { protocol: 'unix', address: path, port: 0, inode: '1', owner: 'containerd', pid: 1 } as const
  const [found] = describeSockets([held], config, layout(dir))
  assert.deepEqual([found?.mode, found?.authentication, found !== undefined && isOpen(found)], ['0666', 'none', true])
  server.close()
  rmSync(dir, { recursive: true })
})

const anonymous = false

test('a start that would leave something open is refused, with what to do', () => {
  const refused = (other: Partial<ClusterConfig>, looking: object = {}): string =>
    openSocket({ ...config, ...other }, { anonymous, ...looking }) ?? ''
  assert.equal(refused({}), '')
  assert.equal(refused({ nodes: { simulated: 1 }, address: '127.0.0.1', serverAddress: '127.0.0.1' }), '')
  assert.match(refused({}, { anonymous: true }), /open to whoever reaches 192\.0\.2\.7:6443 without credentials: take/)
  assert.equal(refused({ serverAddress: '127.0.0.1' }, { anonymous: true }), '')
  assert.match(refused({ serverAddress: '0.0.0.0' }), /every address of this machine.*--advertise-address/)
  assert.match(refused({ address: '0.0.0.0' }), /every address/)
  assert.match(refused({ dns: '203.0.113.5' }), /not in the range of services/)
  assert.match(refused({ dns: '10.97.0.10' }), /not in the range of services/)
  assert.match(refused({ dns: '203.0.113.5', serviceCIDR: '203.0.113.0/24' }), /public address/)
  assert.match(refused({ dns: '10.96.0.10', serviceCIDR: '0.0.0.0/0' }), /public address/)
  for (const podCIDR of ['0.0.0.0/0', '10.0.0.0/7', '8.8.8.0/24', 'x'])
    assert.match(refused({ podCIDR }), /more than pods/)
  const runtimeSocket = '/run/containerd/containerd.sock'
  assert.equal(refused({ runtimeSocket }, { modeOf: () => 0o660 }), '')
  assert.match(refused({ runtimeSocket }, { modeOf: () => 0o140_666 }), /mode 0666.*chmod 0660/)
})
