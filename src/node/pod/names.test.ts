import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container, Pod, PodSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { GroupsPolicy, Profile } from '../cri/codes.ts'
import { hostnameOf, hostsFile, parseResolver, resolverOf } from './names.ts'
import { checkNonRoot, containerSecurity, SecurityError } from './security.ts'
import { podResources, qosClass } from './spec.ts'

const pod = (spec: Partial<PodSpec>): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', uid: 'u' },
  spec: { containers: [{ name: 'c' }], ...spec },
})
const host = parseResolver('# x\nnameserver 192.0.2.53\nsearch example.org\noptions timeout:1 rotate\n')
const cluster = { dns: ['10.96.0.10'], domain: 'cluster.local', host }

test('resolvers follow the policy', () => {
  assert.deepEqual(resolverOf(pod({}), cluster), {
    servers: ['10.96.0.10'],
    searches: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.org'],
    options: ['ndots:5'],
  })
  assert.deepEqual(resolverOf(pod({ hostNetwork: true }), cluster), host)
  assert.deepEqual(resolverOf(pod({ dnsPolicy: 'ClusterFirstWithHostNet', hostNetwork: true }), cluster).servers, [
    '10.96.0.10',
  ])
  const dnsConfig = { nameservers: ['1.1.1.1'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] }
  assert.deepEqual(resolverOf(pod({ dnsPolicy: 'None', dnsConfig }), cluster), {
    servers: ['1.1.1.1'],
    searches: [],
    options: ['ndots:2', 'edns0'],
  })
  assert.deepEqual(resolverOf(pod({ dnsConfig }), cluster).options, ['ndots:2', 'edns0'])
})

test('hostnames and hosts files', () => {
  assert.equal(hostnameOf(pod({}), 'node'), 'web')
  assert.equal(hostnameOf(pod({ hostNetwork: true }), 'node'), 'node')
  const input = { ips: ['10.0.0.1'], hostname: 'web', domain: 'sub.shop.svc.cluster.local', host: '' }
  const text = hostsFile({ ...input, pod: pod({ hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] }) })
  assert.match(text, /\n10\.0\.0\.1\tweb\.sub\.shop\.svc\.cluster\.local\tweb\n/)
  assert.match(text, /\n1\.2\.3\.4\ta\tb\n$/)
})

test('a container is confined by default and only told otherwise by its spec', () => {
  const plain = containerSecurity(pod({}), { name: 'c' }, '/seccomp')
  assert.equal(plain.seccomp.profileType, Profile.RUNTIME_DEFAULT)
  assert.ok(plain.maskedPaths.includes('/proc/kcore') && plain.readonlyPaths.includes('/proc/sys'))
  const open: Container = { name: 'c', securityContext: { privileged: true } }
  assert.equal(containerSecurity(pod({}), open, '/seccomp').seccomp.profileType, Profile.UNCONFINED)
  const shared = pod({
    securityContext: { runAsUser: 7, fsGroup: 9, supplementalGroups: [8], supplementalGroupsPolicy: 'Strict' },
  })
  const own = containerSecurity(
    shared,
    { name: 'c', securityContext: { runAsUser: 5, allowPrivilegeEscalation: false } },
    '',
  )
  assert.deepEqual(own.runAsUser, { value: 5n })
  assert.deepEqual(own.supplementalGroups, [8n, 9n])
  assert.equal(own.supplementalGroupsPolicy, GroupsPolicy.STRICT)
  assert.equal(own.noNewPrivs, true)
  const local = (localhostProfile: string): Container => ({
    name: 'c',
    securityContext: { seccompProfile: { type: 'Localhost', localhostProfile } },
  })
  assert.equal(containerSecurity(pod({}), local('a.json'), '/seccomp').seccomp.localhostRef, '/seccomp/a.json')
  assert.throws(() => containerSecurity(pod({}), local('../a.json'), '/seccomp'), SecurityError)
})

test('runAsNonRoot refuses root and what may be root', () => {
  const careful = pod({ securityContext: { runAsNonRoot: true } })
  const refused = (container: Container, image: { uid?: number; username?: string }) => () =>
    checkNonRoot(careful, container, image)
  assert.throws(refused({ name: 'c' }, {}), /image will run as root/)
  assert.throws(refused({ name: 'c' }, { uid: 0 }), /image will run as root/)
  assert.throws(refused({ name: 'c' }, { username: 'www' }), /non-numeric user \(www\)/)
  assert.throws(
    refused({ name: 'c', securityContext: { runAsUser: 0 } }, { uid: 5 }),
    /runAsUser breaks non-root policy/,
  )
  checkNonRoot(careful, { name: 'c' }, { uid: 5 })
  checkNonRoot(careful, { name: 'c', securityContext: { runAsUser: 5 } }, { uid: 0 })
})

test('classes of service and the pod as a whole', () => {
  const container = (limits?: Record<string, string>, requests?: Record<string, string>): Container => ({
    name: 'c',
    resources: { ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) },
  })
  const full = { cpu: '100m', memory: '1Mi' }
  assert.equal(qosClass(pod({})), 'BestEffort')
  assert.equal(qosClass(pod({ containers: [container(full)] })), 'Guaranteed')
  assert.equal(qosClass(pod({ containers: [container(full, { ...full, cpu: '0.1' })] })), 'Guaranteed')
  assert.equal(qosClass(pod({ containers: [container(full), container()] })), 'Burstable')
  const heavy = { ...container({ cpu: '1', memory: '4Mi' }), name: 'init' }
  assert.deepEqual(podResources(pod({ initContainers: [heavy], containers: [container(full), container(full)] })), {
    cpuRequest: 1000,
    cpuLimit: 1000,
    memoryLimit: 4 << 20,
  })
  assert.deepEqual(podResources(pod({ containers: [container(full), container()] })), { cpuRequest: 100 })
})
