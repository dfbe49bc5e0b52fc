import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft, KObject } from '#api/metadata.ts'
import { failures, right, update, wrong } from '../../table.ts'
import { Service } from './index.ts'

const freeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze)
  return value
}

const service = (spec: object): Draft<KObject> =>
  Object.assign({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'x', namespace: 'd' } }, { spec: freeze(spec) })

/** As the registry does it, with pools that give 10.96.0.9 and 30001, 30002… */
function written(spec: object, old?: Draft<KObject>): Draft<KObject> & { spec: Record<string, unknown> } {
  const draft = service(structuredClone(spec))
  Service.defaults?.(draft)
  Service.prepare?.(draft, { now: '', user: { name: '', groups: [] }, subresource: '', old })
  let port = 30_001
  for (const { pool, wanted, take } of Service.reserves?.(draft, old) ?? [])
    if (wanted === undefined) take(draft, pool === 'clusterIP' ? '10.96.0.9' : String(port++))
  return freeze(draft) as never
}

const held = (object: KObject): readonly string[] =>
  (Service.reserves?.(object, undefined) ?? []).map(({ pool, wanted }) => `${pool} ${wanted ?? '?'}`)

test('a service gets an address, its family, a target and its policies', () => {
  assert.deepEqual(written({ ports: [{ port: 80 }], selector: { a: 'b' } }).spec, {
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    selector: { a: 'b' },
    type: 'ClusterIP',
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
    clusterIP: '10.96.0.9',
    clusterIPs: ['10.96.0.9'],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
  })
})

test('headless ones and names have no address', () => {
  const headless = written({ clusterIP: 'None', ports: [{ port: 80 }], selector: { a: 'b' } })
  assert.deepEqual(headless.spec['clusterIPs'], ['None'])
  assert.equal(headless.spec['ipFamilyPolicy'], 'SingleStack')
  assert.deepEqual(held(headless), [])
  assert.deepEqual(written({ clusterIP: 'None' }).spec['ipFamilies'], ['IPv4', 'IPv6'])
  const name = written({ type: 'ExternalName', externalName: 'x.org' })
  assert.deepEqual(name.spec, { type: 'ExternalName', externalName: 'x.org', sessionAffinity: 'None' })
})

test('ports on the nodes: one for TCP and UDP of a number, kept by name, wanted ones reserved', () => {
  const dns = [
    { name: 'tcp', port: 53 },
    { name: 'udp', port: 53, protocol: 'UDP' },
    { name: 'web', port: 80 },
  ]
  const made = written({ type: 'NodePort', ports: dns })
  const ports = (object: { spec: Record<string, unknown> }): readonly unknown[] =>
    (object.spec['ports'] as { nodePort?: number }[]).map(port => port.nodePort)
  assert.deepEqual(ports(made), [30_001, 30_001, 30_002])
  assert.deepEqual(held(made), ['clusterIP 10.96.0.9', 'nodePort 30001', 'nodePort 30001', 'nodePort 30002'])
  const put = written({ type: 'NodePort', ports: dns.toReversed() }, made)
  assert.deepEqual(ports(put), [30_002, 30_001, 30_001], 'a PUT without node ports keeps them')
  assert.equal(put.spec['clusterIP'], '10.96.0.9')
  const wanted = written({
    type: 'NodePort',
    ports: [
      { port: 53, nodePort: 31_000 },
      { port: 53, protocol: 'UDP' },
    ],
  })
  assert.deepEqual(ports(wanted), [31_000, 31_000])
  const plain = written({ ...made.spec, type: 'ClusterIP' }, made)
  assert.deepEqual(ports(plain), [undefined, undefined, undefined])
  assert.equal(plain.spec['externalTrafficPolicy'], undefined)
  assert.deepEqual(held(plain), ['clusterIP 10.96.0.9'])
})

test('a name instead of an address gives the address back, and the other way round', () => {
  const made = written({ ports: [{ port: 80 }] })
  const name = written({ ...made.spec, type: 'ExternalName', externalName: 'x.org' }, made)
  assert.equal(name.spec['clusterIP'], undefined)
  assert.equal(name.spec['ipFamilies'], undefined)
  assert.deepEqual(held(name), [])
  const back = written({ ...name.spec, type: 'ClusterIP' }, name)
  assert.equal(back.spec['clusterIP'], '10.96.0.9')
  const none = written({ type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }] })
  assert.deepEqual(held(none), ['clusterIP 10.96.0.9'])
})

test('a local balancer has a port for its health', () => {
  const made = written({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [{ port: 80 }] })
  assert.equal(made.spec['healthCheckNodePort'], 30_002)
  const again = written({ type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [{ port: 80 }] }, made)
  assert.deepEqual(again, made, 'a PUT of what was first sent changes nothing')
})

const base = { spec: { selector: { a: 'b' }, ports: [{ port: 80 }] } }

test('what is wrong with a service', () => {
  const onlyBalancers = "Forbidden: may only be used when `type` is 'LoadBalancer'"
  assert.deepEqual(
    failures(Service, base, [
      ...right({}, { 'spec.type': 'NodePort' }, { 'spec.clusterIP': 'None', 'spec.ports': undefined }),
      wrong({ 'spec.ports': undefined }, 'spec.ports: Required value'),
      wrong(
        { 'spec.type': 'x' },
        'spec.type: Unsupported value: "x": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ),
      wrong(
        { 'spec.ports.0.port': 0 },
        'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
      ),
      wrong(
        { 'spec.ports.0.targetPort': 'Web' },
        'spec.ports[0].targetPort: Invalid value: "Web": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
      ),
      wrong(
        { 'spec.ports.1': { port: 81 } },
        'spec.ports[0].name: Required value',
        'spec.ports[1].name: Required value',
      ),
      wrong(
        {
          'spec.ports': [
            { name: 'a', port: 80 },
            { name: 'a', port: 81 },
          ],
        },
        'spec.ports[1].name: Duplicate value: "a"',
      ),
      wrong(
        {
          'spec.ports': [
            { name: 'a', port: 80 },
            { name: 'b', port: 80 },
          ],
        },
        'spec.ports[1]: Duplicate value: {"port":80,"protocol":"TCP"}',
      ),
      wrong(
        { 'spec.ports.0.nodePort': 30_000 },
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
      ),
      wrong(
        { 'spec.ports.0.protocol': 'icmp' },
        'spec.ports[0].protocol: Unsupported value: "icmp": supported values: "SCTP", "TCP", "UDP"',
      ),
      wrong({ 'spec.selector': { 'a b': 'c' } }, 'spec.selector: Invalid value: "a b": name part must consist of…'),
      wrong(
        { 'spec.sessionAffinity': 'x' },
        'spec.sessionAffinity: Unsupported value: "x": supported values: "ClientIP", "None"',
      ),
      wrong(
        { 'spec.sessionAffinity': 'ClientIP', 'spec.sessionAffinityConfig': { clientIP: { timeoutSeconds: 90_000 } } },
        'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 90000: must be greater than 0 and less than 86400',
      ),
      wrong(
        { 'spec.clusterIP': 'x' },
        'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ),
      wrong(
        { 'spec.clusterIP': 'None', 'spec.type': 'NodePort' },
        'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
      ),
      wrong(
        { 'spec.externalIPs': ['127.0.0.1'] },
        'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      ),
      wrong({ 'spec.type': 'ExternalName' }, 'spec.externalName: Required value'),
      wrong(
        { 'spec.externalTrafficPolicy': 'Local' },
        'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
      ),
      wrong({ 'spec.loadBalancerClass': 'a/b' }, `spec.loadBalancerClass: ${onlyBalancers}`),
      wrong({ 'spec.loadBalancerSourceRanges': ['10.0.0.0/8'] }, `spec.LoadBalancerSourceRanges: ${onlyBalancers}`),
      wrong(
        { 'spec.ipFamilyPolicy': 'RequireDualStack' },
        'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
      ),
      wrong(
        { 'spec.ipFamilies': ['IPv6'] },
        'spec.clusterIPs[0]: Invalid value: "10.96.0.9": expected an IPv6 value as indicated by `ipFamilies[0]`',
        'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
      ),
      wrong(
        { 'spec.trafficDistribution': 'x' },
        'spec.trafficDistribution: Unsupported value: "x": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"',
      ),
      update({ 'spec.ports.0.port': 81 }),
      update(
        { 'spec.clusterIP': '10.96.0.77' },
        'spec.clusterIPs[0]: Invalid value: ["10.96.0.77"]: may not change once set',
      ),
      update({ 'spec.clusterIP': 'None' }, 'spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set'),
      {
        old: {},
        subresource: 'status',
        change: { 'status.loadBalancer': { ingress: [{ ip: '1.2.3.4' }] } },
        wrong: ["status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"],
      },
    ]),
    [],
  )
})
