import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft, KObject } from '#api/metadata.ts'
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
