import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFakeClock } from '#client/fake-clock.ts'
import { silentLog } from '#base/log.ts'
import { makeCompiler } from './compile.ts'
import { changeText } from './render.ts'
import type { Ruleset } from './ruleset.ts'
import { endpoint, service, slice } from './samples.ts'
import { staleFlows } from './conntrack.ts'
import { ToolError } from './tool.ts'
import { listTable, makeWriter } from './writer.ts'

const frame = { podRanges: [], serviceCIDR: '10.96.0.0/16', podInterfaces: 'veth*' }
const compiler = makeCompiler('a')
const rules = (...ips: readonly string[]): Ruleset =>
  compiler.compile(
    {
      services: [service('web', { clusterIP: '10.96.0.20' })],
      slices: [
        slice(
          'web',
          ips.map(ip => endpoint(ip)),
        ),
      ],
    },
    frame,
    { nodeName: '', zone: '' },
  ).ruleset

test('a change is the smallest text', () => {
  const [none, one, other] = [rules(), rules('10.244.1.5'), rules('10.244.1.6')]
  assert.equal(changeText(one, one), '')
  assert.equal(changeText(one, rules('10.244.1.5')), '')
  assert.equal(
    changeText(one, other),
    `flush chain inet bulwark-a svc-default/web/tcp/80
add rule inet bulwark-a svc-default/web/tcp/80 meta l4proto tcp dnat ip to 10.244.1.6:8080
`,
  )
  assert.equal(
    changeText(one, none),
    `delete element inet bulwark-a service-addresses { 10.96.0.20 . tcp . 80 : goto svc-default/web/tcp/80 }
add element inet bulwark-a refused-addresses { 10.96.0.20 . tcp . 80 : goto refuse }
flush chain inet bulwark-a svc-default/web/tcp/80
delete chain inet bulwark-a svc-default/web/tcp/80
`,
  )
  assert.equal(
    changeText(none, one),
    `add chain inet bulwark-a svc-default/web/tcp/80
delete element inet bulwark-a refused-addresses { 10.96.0.20 . tcp . 80 : goto refuse }
add rule inet bulwark-a svc-default/web/tcp/80 meta l4proto tcp dnat ip to 10.244.1.5:8080
add element inet bulwark-a service-addresses { 10.96.0.20 . tcp . 80 : goto svc-default/web/tcp/80 }
`,
  )
})

interface Shown {
  readonly chains: readonly string[]
  readonly sets?: readonly object[]
}

/** A kernel that notes what it is told and fails when asked to. */
function fakeKernel() {
  const told: string[] = []
  let failures = 0
  let shown: Shown = { chains: [] }
  const of = (what: object): object => ({ family: 'inet', table: 'bulwark-a', ...what })
  const list = (types: string | undefined): readonly object[] =>
    types === 'chains'
      ? shown.chains.map(name => ({ chain: of({ name }) }))
      : types === 'sets'
        ? (shown.sets ?? []).map(set => ({ set: of(set) }))
        : [{ map: { family: 'inet', table: 'other', name: 'm' } }]
  return {
    told,
    fail: (times: number) => (failures = times),
    show: (next: Shown) => (shown = next),
    tool: (argv: readonly string[], input = ''): Promise<string> => {
      if (argv.includes('list'))
        return Promise.resolve(JSON.stringify({ nftables: [{ metainfo: {} }, ...list(argv[4])] }))
      told.push(input)
      failures--
      return failures >= 0 ? Promise.reject(new ToolError('nft', '1', 'busy')) : Promise.resolve('')
    },
  }
}

test('whole at first, then by changes, whole again after a failure', async () => {
  const kernel = fakeKernel()
  const writer = makeWriter({ tool: kernel.tool, clock: makeFakeClock(), log: silentLog })
  writer.want(rules('10.244.1.5'))
  await writer.settled()
  assert.match(kernel.told[0] ?? '', /^add table inet bulwark-a\ndelete table/)
  writer.want(rules('10.244.1.6'))
  await writer.settled()
  assert.match(kernel.told[1] ?? '', /^flush chain/)
  kernel.fail(1)
  writer.want(rules('10.244.1.7'))
  await writer.settled()
  assert.deepEqual(
    kernel.told.map(text => text.split(' ')[0]),
    ['add', 'flush', 'flush', 'add'],
  )
  await writer.stop()
})

test('while one is written only the newest waits', async () => {
  const kernel = fakeKernel()
  const writer = makeWriter({ tool: kernel.tool, clock: makeFakeClock(), log: silentLog })
  for (const last of ['5', '6', '7']) writer.want(rules(`10.244.1.${last}`))
  await writer.settled()
  assert.equal(kernel.told.length, 2)
  assert.match(kernel.told[1] ?? '', /10\.244\.1\.7/)
})

const found: Shown = {
  chains: ['services', 'svc-old'],
  sets: [{ name: 'aff-old', flags: ['timeout'] }, { name: 'hairpins' }],
}

test('a table that is found is refilled, and what it remembers stays', async () => {
  const kernel = fakeKernel()
  kernel.show(found)
  const writer = makeWriter({ tool: kernel.tool, clock: makeFakeClock(), log: silentLog })
  writer.want(rules('10.244.1.5'))
  await writer.settled()
  const [text = ''] = kernel.told
  assert.match(
    text,
    /^flush chain inet bulwark-a services\nflush chain inet bulwark-a svc-old\nflush set inet bulwark-a hairpins\n/,
  )
  assert.match(text, /delete chain inet bulwark-a svc-old\ndelete set inet bulwark-a aff-old\n$/)
})

test('a table that somebody took away is written again', async () => {
  const kernel = fakeKernel()
  const writer = makeWriter({ tool: kernel.tool, clock: makeFakeClock(), log: silentLog })
  const wanted = rules('10.244.1.5')
  writer.want(wanted)
  await writer.settled()
  await writer.verify()
  await writer.settled()
  assert.equal(kernel.told.length, 2)
  kernel.show({ chains: [...wanted.chains.keys()] })
  await writer.verify()
  assert.equal(kernel.told.length, 2)
})

test('listings are read', async () => {
  const kernel = fakeKernel()
  assert.equal(await listTable(kernel.tool, 'bulwark-a'), undefined)
  kernel.show(found)
  assert.deepEqual(await listTable(kernel.tool, 'bulwark-a'), {
    chains: ['services', 'svc-old'],
    sets: [
      { name: 'aff-old', type: 'set', dynamic: true },
      { name: 'hairpins', type: 'set', dynamic: false },
    ],
  })
})

test('stale flows are those to no endpoint of their service', () => {
  const line = (dst: string, end: string): string =>
    `udp      17 25 src=10.244.1.9 dst=${dst} sport=4711 dport=53 src=${end} dst=10.244.1.9 sport=5353 dport=4711 [ASSURED] use=1`
  const text = [line('10.96.0.9', '10.244.1.5'), line('10.96.0.9', '10.244.1.6'), line('8.8.8.8', '8.8.8.8'), ''].join(
    '\n',
  )
  const wanted = new Map([['10.96.0.9:53', new Set(['10.244.1.5:5353'])]])
  assert.deepEqual(
    staleFlows(text, wanted, () => false),
    [{ dst: '10.96.0.9', port: '53', end: '10.244.1.6', endPort: '5353' }],
  )
})
