/** Rules of services as text, and the ways of packets through them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeCompiler } from '../compile.ts'
import { replaceText, ruleTexts } from '../render.ts'
import type { Ruleset } from '../ruleset.ts'
import { endpoint, service, slice } from '../samples.ts'
import { type Packet, type Place, trace, traceText } from '../trace.ts'
import type { Frame } from './table.ts'
import type { Service } from '#kinds/facts/generated/types/core_v1.ts'
import type { EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'

const here = { nodeName: 'worker', zone: '' }
const frame: Frame = {
  podCIDR: '10.244.1.0/24',
  podRanges: ['10.244.1.0/24', '10.244.2.0/24'],
  serviceCIDR: '10.96.0.0/16',
  dnsIP: '10.96.0.10',
  podInterfaces: 'veth*',
}
const [one, two, far] = ['10.244.1.5', '10.244.1.6', '10.244.2.7']
const place: Place = {
  local: ['192.0.2.1', '10.244.1.1', '10.96.0.10'],
  route: address => ({ [one]: 'vetha', [two]: 'vethb' })[address] ?? 'eth0',
  from: 'vetha',
}
const outside: Place = { ...place, from: 'eth0' }
const { from: _, ...host } = place

const compiled = (services: readonly Service[], slices: readonly EndpointSlice[] = []): Ruleset =>
  makeCompiler('a').compile({ services, slices }, frame, here).ruleset

const way = (ruleset: Ruleset, packet: Partial<Packet>, where: Place = place): string =>
  traceText(trace(ruleset, { src: one, dst: '10.96.0.20', proto: 'tcp', port: 80, ...packet }, where))

const rulesOf = (ruleset: Ruleset, name: string): readonly string[] | undefined =>
  ruleset.chains.get(name)?.rules.flatMap(ruleTexts)

const web = service('web', { clusterIP: '10.96.0.20' })
const both = [endpoint(one), endpoint(far, { nodeName: 'other' })]

test('the whole table of one service', () => {
  const text = replaceText(compiled([web], [slice('web', both)]))
  assert.equal(
    text,
    `add table inet bulwark-a
delete table inet bulwark-a
add table inet bulwark-a
add chain inet bulwark-a raw-prerouting { type filter hook prerouting priority -300; policy accept; }
add chain inet bulwark-a nat-prerouting { type nat hook prerouting priority -100; policy accept; }
add chain inet bulwark-a nat-output { type nat hook output priority -100; policy accept; }
add chain inet bulwark-a nat-postrouting { type nat hook postrouting priority 100; policy accept; }
add chain inet bulwark-a filter-input { type filter hook input priority 0; policy accept; }
add chain inet bulwark-a filter-forward { type filter hook forward priority 0; policy accept; }
add chain inet bulwark-a filter-output { type filter hook output priority 0; policy accept; }
add chain inet bulwark-a services
add chain inet bulwark-a refuse
add chain inet bulwark-a refusals
add chain inet bulwark-a svc-default/web/tcp/80
add map inet bulwark-a service-addresses { type ipv4_addr . inet_proto . inet_service : verdict; }
add map inet bulwark-a service-node-ports { type inet_proto . inet_service : verdict; }
add map inet bulwark-a refused-addresses { type ipv4_addr . inet_proto . inet_service : verdict; }
add map inet bulwark-a refused-node-ports { type inet_proto . inet_service : verdict; }
add set inet bulwark-a hairpins { type ipv4_addr . ipv4_addr; }
add set inet bulwark-a pod-ranges { type ipv4_addr; flags interval; auto-merge; }
add rule inet bulwark-a raw-prerouting iifname "veth*" fib saddr . iif oif missing drop
add rule inet bulwark-a raw-prerouting iifname "veth*" ip saddr 0.0.0.0/8 drop
add rule inet bulwark-a raw-prerouting iifname "veth*" ip daddr 127.0.0.0/8 drop
add rule inet bulwark-a raw-prerouting ip saddr 10.244.1.0/24 fib saddr . iif oif missing drop
add rule inet bulwark-a nat-prerouting goto services
add rule inet bulwark-a nat-output goto services
add rule inet bulwark-a nat-postrouting meta mark & 0x4000 == 0x4000 masquerade fully-random
add rule inet bulwark-a nat-postrouting ct status dnat ip saddr . ip daddr @hairpins masquerade fully-random
add rule inet bulwark-a nat-postrouting ip saddr 10.244.1.0/24 ip daddr != @pod-ranges masquerade fully-random
add rule inet bulwark-a filter-input ip daddr 10.96.0.10 ip saddr != 10.244.1.0/24 fib saddr type != local drop
add rule inet bulwark-a filter-input ct state new jump refusals
add rule inet bulwark-a filter-forward ip saddr 10.244.1.0/24 ct state invalid drop
add rule inet bulwark-a filter-forward ct state new jump refusals
add rule inet bulwark-a filter-output ct state new jump refusals
add rule inet bulwark-a services ip daddr 10.96.0.10 meta l4proto { tcp, udp } th dport 53 dnat ip to 10.96.0.10:10053
add rule inet bulwark-a services ip daddr 10.96.0.0/16 ip saddr != @pod-ranges fib saddr type != local meta mark set meta mark | 0x4000
add rule inet bulwark-a services ip daddr . meta l4proto . th dport vmap @service-addresses
add rule inet bulwark-a services fib daddr type local ip daddr != { 127.0.0.0/8, 10.96.0.10 } meta l4proto . th dport vmap @service-node-ports
add rule inet bulwark-a refuse meta l4proto tcp reject with tcp reset
add rule inet bulwark-a refuse reject with icmpx port-unreachable
add rule inet bulwark-a refusals ip daddr . meta l4proto . th dport vmap @refused-addresses
add rule inet bulwark-a refusals fib daddr type local ip daddr != { 127.0.0.0/8, 10.96.0.10 } meta l4proto . th dport vmap @refused-node-ports
add rule inet bulwark-a refusals ip daddr 10.96.0.10 meta l4proto { tcp, udp } th dport != 10053 goto refuse
add rule inet bulwark-a refusals ip daddr 10.96.0.0/16 ip daddr != 10.96.0.10 goto refuse
add rule inet bulwark-a svc-default/web/tcp/80 meta l4proto tcp numgen random mod 2 0 dnat ip to 10.244.1.5:8080
add rule inet bulwark-a svc-default/web/tcp/80 meta l4proto tcp dnat ip to 10.244.2.7:8080
add element inet bulwark-a service-addresses { 10.96.0.20 . tcp . 80 : goto svc-default/web/tcp/80 }
add element inet bulwark-a hairpins { 10.244.1.5 . 10.244.1.5 }
add element inet bulwark-a pod-ranges { 10.244.1.0/24, 10.244.2.0/24 }
`,
  )
})

test('a pod to a service, and to itself behind it', () => {
  const rules = compiled([web], [slice('web', both)])
  assert.equal(
    way(rules, { src: two }, { ...place, from: 'vethb' }),
    `nat-prerouting: goto services
services: @service-addresses { 10.96.0.20 . tcp . 80 } goto svc-default/web/tcp/80
svc-default/web/tcp/80: meta l4proto tcp dnat to 10.244.1.5:8080
route: 10.244.1.5 by vetha
filter-forward: ct state new jump refusals
forwarded to 10.244.1.5:8080`,
  )
  assert.match(way(rules, {}), /hairpins masquerade\nforwarded to 10.244.1.5:8080, as this node$/)
  assert.match(way(rules, {}, { ...place, random: () => 1 }), /forwarded to 10.244.2.7:8080$/)
})

test('what no service has is refused, what pods forge is dropped', () => {
  const rules = compiled([web, service('none', { clusterIP: '10.96.0.21' })], [slice('web', both)])
  assert.match(
    way(rules, { dst: '10.96.0.21' }),
    /@refused-addresses .* goto refuse\nrefuse: meta l4proto tcp reject with tcp reset\nrefused/,
  )
  assert.match(way(rules, { src: '192.0.2.1', dst: '10.96.0.21' }, host), /refused to 10.96.0.21:80$/)
  assert.match(way(rules, { port: 81 }), /refused to 10.96.0.20:81$/)
  assert.match(way(rules, { src: two }), /^raw-prerouting: .* drop\ndropped/)
})

test('a pod leaves the cluster as this node, and reaches pods of other nodes as itself', () => {
  const rules = compiled([])
  assert.match(way(rules, { dst: '198.51.100.1' }), /masquerade\nforwarded to 198.51.100.1:80, as this node$/)
  assert.match(way(rules, { dst: far }), /forwarded to 10.244.2.7:80$/)
})

const exposed = (spec: Partial<Service['spec']> = {}): Service =>
  service('web', {
    clusterIP: '10.96.0.20',
    type: 'NodePort',
    ports: [{ port: 80, nodePort: 30_080 }],
    externalIPs: ['203.0.113.9'],
    ...spec,
  })

test('node ports and external addresses', () => {
  const rules = compiled([exposed()], [slice('web', both)])
  const stranger = { src: '198.51.100.1' }
  for (const packet of [
    { ...stranger, dst: '192.0.2.1', port: 30_080 },
    { ...stranger, dst: '203.0.113.9' },
  ])
    assert.match(way(rules, packet, outside), /mark set .*\n[^]*forwarded to 10.244.1.5:8080, as this node$/)
  assert.match(way(rules, { ...stranger, dst: '127.0.0.1', port: 30_080 }, host), /delivered to 127.0.0.1:30080$/)
})

test('external traffic that stays local keeps its source, and is dropped where there is none', () => {
  const local = exposed({ externalTrafficPolicy: 'Local' })
  const stranger = { src: '198.51.100.1', dst: '192.0.2.1', port: 30_080 }
  const near = compiled([local], [slice('web', both)])
  assert.match(way(near, stranger, { ...outside, random: n => n - 1 }), /forwarded to 10.244.1.5:8080$/)
  assert.match(
    way(near, { ...stranger, src: two }, { ...place, from: 'vethb', random: n => n - 1 }),
    /to 10.244.2.7:8080$/,
  )
  const away = compiled([local], [slice('web', [endpoint(far, { nodeName: 'other' })])])
  assert.match(way(away, stranger, outside), /ext-default\/web\/tcp\/80: drop\ndropped/)
  assert.match(way(away, { ...stranger, src: '192.0.2.1' }, host), /sent to 10.244.2.7:8080, as this node$/)
})

test('internal traffic that stays local', () => {
  const local = service('web', { clusterIP: '10.96.0.20', internalTrafficPolicy: 'Local' })
  assert.match(way(compiled([local], [slice('web', both)]), {}), /goto loc-[^]*to 10.244.1.5:8080/)
  assert.match(way(compiled([local], [slice('web', both.slice(1))]), {}), /drop\ndropped/)
  assert.match(way(compiled([local], []), {}), /refused/)
})

test('a load balancer lets in only its ranges', () => {
  const balanced: Service = {
    ...exposed({ type: 'LoadBalancer', loadBalancerSourceRanges: ['198.51.100.0/24'] }),
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.50' }] } },
  }
  const rules = compiled([balanced], [slice('web', both)])
  const to = (src: string): string => way(rules, { src, dst: '203.0.113.50' }, outside)
  assert.match(to('198.51.100.9'), /forwarded to 10.244.1.5:8080/)
  assert.match(to('198.51.101.9'), /fwl-default\/web\/tcp\/80: .* drop\ndropped/)
})

test('affinity remembers the client for as long as the service says', () => {
  const sticky = service('web', {
    clusterIP: '10.96.0.20',
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
  })
  const rules = compiled([sticky], [slice('web', both)])
  assert.deepEqual(rulesOf(rules, 'svc-default/web/tcp/80'), [
    'ip saddr @aff-default/web/tcp/80/10.244.1.5/8080 goto end-default/web/tcp/80/10.244.1.5/8080',
    'ip saddr @aff-default/web/tcp/80/10.244.2.7/8080 goto end-default/web/tcp/80/10.244.2.7/8080',
    'numgen random mod 2 0 goto end-default/web/tcp/80/10.244.1.5/8080',
    'goto end-default/web/tcp/80/10.244.2.7/8080',
  ])
  assert.match(
    replaceText(rules),
    /add set inet bulwark-a aff-\S+ { type ipv4_addr; flags dynamic,timeout; timeout 60s; }/,
  )
  const remembered = new Set([`aff-default/web/tcp/80/${far}/8080 ${two}`])
  assert.match(way(rules, { src: two }, { ...place, from: 'vethb', remembered }), /to 10.244.2.7:8080$/)
})

test('only ready endpoints count, or those that still serve when none is ready', () => {
  const gone = endpoint(one, { conditions: { ready: false, serving: false, terminating: true } })
  const leaving = endpoint(two, { conditions: { ready: false, serving: true, terminating: true } })
  const ready = endpoint(far, { nodeName: 'other' })
  const to = (...all: ReturnType<typeof endpoint>[]) =>
    rulesOf(compiled([web], [slice('web', all)]), 'svc-default/web/tcp/80')
  assert.deepEqual(to(gone, leaving, ready), ['meta l4proto tcp dnat ip to 10.244.2.7:8080'])
  assert.deepEqual(to(gone, leaving), ['meta l4proto tcp dnat ip to 10.244.1.6:8080'])
  assert.equal(to(gone), undefined)
})

test('many endpoints share one map', () => {
  const many = Array.from({ length: 9 }, (_, at) => endpoint(`10.244.1.${at + 11}`))
  const [only = '', ...more] = rulesOf(compiled([web], [slice('web', many)]), 'svc-default/web/tcp/80') ?? []
  assert.match(only, /^meta l4proto tcp dnat ip to numgen random mod 9 map { 0 : 10\.244\.1\.11 \. 8080, /)
  assert.deepEqual(more, [])
})

test('hints choose endpoints only when all of them have one', () => {
  const near = endpoint(one, { hints: { forNodes: [{ name: 'worker' }] } })
  const away = endpoint(far, { hints: { forNodes: [{ name: 'other' }] } })
  const to = (...all: ReturnType<typeof endpoint>[]) =>
    rulesOf(compiled([web], [slice('web', all)]), 'svc-default/web/tcp/80')?.join()
  assert.equal(to(near, away), 'meta l4proto tcp dnat ip to 10.244.1.5:8080')
  assert.match(to(near, endpoint(far)) ?? '', /mod 2/)
  assert.match(to(away) ?? '', /10.244.2.7/)
})

test('headless, aliases, and services of other proxies are not ours', () => {
  const other: Service = {
    ...web,
    metadata: { ...web.metadata, labels: { 'service.kubernetes.io/service-proxy-name': 'x' } },
  }
  const headless = service('b', { clusterIP: 'None' })
  const alias = service('c', { type: 'ExternalName', externalName: 'example.org' })
  const rules = compiled([other, headless, alias], [slice('web', both), slice('b', both)])
  assert.equal(rules.sets.get('service-addresses')?.elements.size, 0)
})

test('where two services claim an address, the first by name has it', () => {
  const claim = (name: string, clusterIP: string): Service => service(name, { clusterIP, externalIPs: ['203.0.113.9'] })
  const rules = compiled(
    [claim('a', '10.96.0.31'), claim('b', '10.96.0.32')],
    [slice('a', [endpoint(one)]), slice('b', [endpoint(two)])],
  )
  assert.match(way(rules, { dst: '203.0.113.9', src: '198.51.100.1' }, outside), /to 10.244.1.5:8080/)
})

test('DNS is for this node and its pods', () => {
  const rules = compiled([])
  const dns = { dst: '10.96.0.10', proto: 'udp', port: 53 } as const
  assert.match(way(rules, dns), /delivered to 10.96.0.10:10053$/)
  assert.match(way(rules, { ...dns, src: '192.0.2.1' }, host), /delivered to 10.96.0.10:10053$/)
  assert.match(way(rules, { ...dns, src: '198.51.100.1' }, outside), /drop\ndropped/)
})
