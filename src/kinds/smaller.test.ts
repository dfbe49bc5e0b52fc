/** What is wrong with requests for certificates, addresses, leases and what drivers of storage write, as tables. */
import assert from 'node:assert/strict'
import { certificate, ecRequest, pem } from './certificates/samples.ts'
import { test } from 'node:test'
import type { Kind } from '#api/kind.ts'
import { builtinKinds } from './index.ts'
import { type Changes, failures, right, type Row, update, wrong } from './table.ts'

const kindOf = (name: string): Kind => {
  const kind = builtinKinds.find(one => one.kind === name && one.storedAs === undefined)
  assert.ok(kind !== undefined, name)
  return kind
}
const rows = (kind: string, base: Changes, table: readonly Row[]): void =>
  assert.deepEqual(failures(kindOf(kind), base, table), [])
const through = (subresource: string, change: Changes, ...texts: readonly string[]): Row => ({
  old: {},
  subresource,
  change,
  wrong: texts,
})

test('ranges of service addresses', () => {
  rows('ServiceCIDR', { spec: { cidrs: ['10.0.0.0/24'] } }, [
    ...right({}, { 'spec.cidrs': ['fd00::/64'] }, { 'spec.cidrs': ['10.0.0.0/24', 'fd00::/64'] }),
    wrong({ 'spec.cidrs': [] }, 'spec.cidrs: Required value: at least one CIDR required'),
    wrong({ spec: {} }, 'spec.cidrs: Required value: at least one CIDR required'),
    wrong(
      { 'spec.cidrs': ['10.0.0.0/24', '10.1.0.0/24', '10.2.0.0/24'] },
      'spec.cidrs: Invalid value: {"cidrs":["10.0.0.0/24","10.1.0.0/24","10.2.0.0/24"]}: may only hold up to 2 values',
    ),
    wrong(
      { 'spec.cidrs': ['10.0.0.0/24', '10.1.0.0/24'] },
      'spec.cidrs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ),
    wrong({ 'spec.cidrs': ['10.0.0.0'] }, 'spec.cidrs[0]: Invalid value: "10.0.0.0": must be a valid CIDR value…'),
    wrong(
      { 'spec.cidrs': ['10.0.0.1/24'] },
      'spec.cidrs[0]: Invalid value: "10.0.0.1/24": must not have bits set beyond the prefix length',
    ),
    update({ 'spec.cidrs': ['10.0.0.0/24', 'fd00::/64'] }),
    update({ 'spec.cidrs': ['10.1.0.0/24'] }, 'spec.cidrs[0]: Invalid value: "10.1.0.0/24": field is immutable'),
    update({ 'spec.cidrs': [] }, 'spec.cidrs: Invalid value: []: field is immutable'),
    update({ 'spec.cidrs': ['10.0.0.0/24', 'x'] }, 'spec.cidrs[1]: Invalid value: "x": must be a valid CIDR value…'),
    through('status', { 'status.conditions': [] }),
  ])
})

test('addresses that are taken', () =>
  rows('IPAddress', { spec: { parentRef: { resource: 'services', namespace: 'a', name: 's' } } }, [
    ...right({}, { 'spec.parentRef.group': 'a.io' }, { 'spec.parentRef.namespace': '' }),
    wrong({ spec: {} }, 'spec.parentRef: Required value'),
    wrong({ 'spec.parentRef.resource': '' }, 'spec.parentRef.resource: Required value'),
    wrong({ 'spec.parentRef.name': '' }, 'spec.parentRef.name: Required value'),
    wrong({ 'spec.parentRef.name': 'a/b' }, `spec.parentRef.name: Invalid value: "a/b": may not contain '/'`),
    wrong({ 'spec.parentRef.namespace': '..' }, `spec.parentRef.namespace: Invalid value: "..": may not be '..'`),
    wrong({ 'spec.parentRef.resource': 'a%b' }, `spec.parentRef.resource: Invalid value: "a%b": may not contain '%'`),
    wrong({ 'spec.parentRef.group': 'A' }, 'spec.parentRef.group: Invalid value: "A": a lowercase RFC 1123 subdomain…'),
    update({ 'spec.parentRef.name': 't' }, 'spec.parentRef: Invalid value: …'),
  ]))

test('leases', () =>
  rows('Lease', { spec: {} }, [
    ...right(
      { spec: { strategy: 'OldestEmulationVersion', preferredHolder: 'x' } },
      { spec: { strategy: 'a.io/b' } },
      { spec: { preferredHolder: '' } },
    ),
    wrong(
      { spec: { strategy: 'Mine' } },
      'spec.strategy.strategy: Unsupported value: "Mine": supported values: "OldestEmulationVersion"',
    ),
    wrong(
      { spec: { strategy: 'a.io/b/c' } },
      'spec.strategy.strategy: Invalid value: "a.io/b/c": a valid label key must consist of…',
    ),
    wrong(
      { spec: { preferredHolder: 'x' } },
      'spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined',
    ),
    update(
      { spec: { leaseDurationSeconds: -1 } },
      'spec.leaseDurationSeconds: Invalid value: -1: must be greater than 0',
    ),
  ]))

test('what drivers of storage write', () => {
  rows('CSIStorageCapacity', { storageClassName: 'fast', nodeTopology: {}, capacity: '1Gi' }, [
    ...right({}, { capacity: '0' }, { nodeTopology: undefined }),
    wrong({ capacity: '-1' }, 'capacity: Invalid value: "-1": must be greater than or equal to 0'),
    wrong({ storageClassName: 'A' }, 'storageClassName: Invalid value: "A": a lowercase RFC 1123 subdomain…'),
    wrong(
      { nodeTopology: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
      "nodeTopology.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ),
    update({ capacity: '2Gi' }),
    update({ storageClassName: 'slow' }, 'storageClassName: Invalid value: "slow": field is immutable'),
    update(
      { nodeTopology: { matchLabels: { a: 'b' } } },
      'nodeTopology: Invalid value: {"matchLabels":{"a":"b"}}: field is immutable',
    ),
  ])
  const spec = { attacher: 'a.io', nodeName: 'n', source: { persistentVolumeName: 'v' } }
  rows('VolumeAttachment', { spec }, [
    ...right({}),
    wrong({ 'spec.attacher': '' }, 'spec.attacher: Required value'),
    wrong(
      { 'spec.source': {} },
      'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
    ),
    wrong(
      { 'spec.source.inlineVolumeSpec': {} },
      'spec.source: Forbidden: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
    ),
    wrong(
      { 'spec.source.persistentVolumeName': '' },
      'spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName',
    ),
    wrong({ 'spec.nodeName': 'N' }, 'spec.nodeName: Invalid value: "N": a lowercase RFC 1123 subdomain…'),
    update({ 'spec.nodeName': 'm' }, 'spec: Invalid value: …'),
    through('status', { status: { attached: true, attachError: { message: 'x', errorCode: 0 } } }),
    through(
      'status',
      { status: { attached: false, attachError: { message: 'x'.repeat(1025) } } },
      'status.attachError.message: Too long: may not be more than 262144 bytes',
    ),
    through(
      'status',
      { status: { attached: false, detachError: { errorCode: -1 } } },
      'status.detachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive',
    ),
    through(
      'status',
      { status: { attached: true, attachmentMetadata: { a: 'x'.repeat(256 * 1024) } } },
      'status.attachmentMetadata: Too long: may not be more than 262144 bytes',
    ),
  ])
  rows('CSINode', { spec: { drivers: [{ name: 'a.io', nodeID: 'n', topologyKeys: ['zone'] }] } }, [
    ...right({}, { 'spec.drivers': [] }, { 'spec.drivers.0.allocatable': { count: 5 } }),
    wrong({ 'spec.drivers.0.name': '' }, 'spec.drivers[0].name: Required value'),
    wrong({ 'spec.drivers.0.nodeID': '' }, 'spec.drivers[0].nodeID: Required value'),
    wrong({ 'spec.drivers.0.nodeID': 'x'.repeat(257) }, 'spec.drivers[0].nodeID: Invalid value: …'),
    wrong({ 'spec.drivers.0.topologyKeys': ['a', 'a'] }, 'spec.drivers[0]: Duplicate value: "a"'),
    wrong(
      { 'spec.drivers.0.allocatable': { count: -1 } },
      'spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0',
    ),
    update({ 'spec.drivers.0.allocatable': { count: 7 } }),
    update({ 'spec.drivers.0.nodeID': 'm' }, 'spec.drivers: Invalid value: …'),
  ])
  rows('CSIDriver', { spec: { attachRequired: true } }, [
    ...right({}, { 'spec.volumeLifecycleModes': ['Ephemeral'] }, { 'spec.tokenRequests': [{ audience: 'a' }] }),
    wrong(
      { 'spec.fsGroupPolicy': 'Some' },
      'spec.fsGroupPolicy: Unsupported value: "Some": supported values: "File", "None", "ReadWriteOnceWithFSType"',
    ),
    wrong(
      { 'spec.volumeLifecycleModes': ['Always'] },
      'spec.volumeLifecycleModes: Unsupported value: "Always": supported values: "Ephemeral", "Persistent"',
    ),
    wrong(
      { 'spec.tokenRequests': [{ audience: 'a' }, { audience: 'a' }] },
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
    ),
    wrong(
      { 'spec.nodeAllocatableUpdatePeriodSeconds': 9 },
      'spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds',
    ),
    update({ 'spec.attachRequired': false }, 'spec.attachedRequired: Invalid value: false: field is immutable'),
  ])
})

const base = { spec: { request: ecRequest, signerName: 'a.io/b', usages: ['client auth'] } }
const decided = (...conditions: readonly object[]): Changes => ({ status: { conditions } })
const condition = (type: string, status = 'True'): object => ({ type, status })

test('requests for certificates', () =>
  rows('CertificateSigningRequest', base, [
    ...right({}, { 'spec.expirationSeconds': 600 }, { 'spec.signerName': 'kubernetes.io/kube-apiserver-client' }),
    wrong({ 'spec.request': '' }, 'spec.request: Invalid value: "": PEM block type must be CERTIFICATE REQUEST'),
    wrong(
      { 'spec.request': pem('CERTIFICATE REQUEST', 'MAA=') },
      `spec.request: Invalid value: "${pem('CERTIFICATE REQUEST', 'MAA=')}": asn1: structure error: tags do not match`,
    ),
    wrong({ 'spec.usages': [] }, 'spec.usages: Required value'),
    wrong({ 'spec.usages': ['client auth', 'client auth'] }, 'spec.usages[1]: Duplicate value: "client auth"'),
    wrong(
      { 'spec.usages': ['flying'] },
      'spec.usages[0]: Unsupported value: "flying": supported values: "any", "cert sign"…',
    ),
    wrong({ 'spec.signerName': '' }, 'spec.signerName: Required value'),
    wrong(
      { 'spec.signerName': 'kubernetes.io/legacy-unknown' },
      'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
    ),
    wrong(
      { 'spec.expirationSeconds': 599 },
      'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)',
    ),
    through('approval', decided(condition('Approved'))),
    through('status', decided(condition('Other', 'Unknown'))),
    through('status', decided(condition('Failed'))),
    through(
      'approval',
      decided(condition('Approved', 'False')),
      'status.conditions[0].status: Unsupported value: "False": supported values: "True"',
    ),
    through(
      'approval',
      decided(condition('Approved'), condition('Denied')),
      'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
    ),
    through(
      'status',
      decided(condition('', 'Maybe')),
      'status.conditions[0].type: Required value',
      'status.conditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
    ),
    through('status', decided(condition('x'), condition('x')), 'status.conditions[1].type: Duplicate value: "x"'),
    through(
      'status',
      decided(condition('Approved')),
      'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
    ),
    through('status', { 'status.certificate': certificate }),
    through(
      '',
      { 'status.certificate': certificate },
      'status.certificate: Forbidden: updates may not set certificate content',
    ),
    through(
      'status',
      { 'status.certificate': pem('RSA KEY', 'AAAA') },
      'status.certificate: Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are allowed, found "RSA KEY"',
    ),
    through(
      'status',
      { 'status.certificate': 'AAAA' },
      'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
    ),
    through(
      'status',
      { 'status.certificate': pem('CERTIFICATE', 'AAAA') },
      'status.certificate: Invalid value: "<certificate data>": x509: malformed certificate',
    ),
    through(
      'status',
      { 'status.certificate': pem('CERTIFICATE', 'A: b\n\nAAAA') },
      'status.certificate: Invalid value: "<certificate data>": no PEM block headers are permitted',
    ),
  ]))

test('classes of runtimes', () =>
  rows('RuntimeClass', { handler: 'runc' }, [
    ...right(
      {},
      { overhead: { podFixed: { cpu: '10m', memory: '1Mi' } } },
      { scheduling: { nodeSelector: { a: 'b' }, tolerations: [{ key: 'a', operator: 'Exists' }] } },
    ),
    wrong({ handler: '' }, 'handler: Required value'),
    wrong({ handler: 'A' }, 'handler: Invalid value: "A": a lowercase RFC 1123 label…'),
    wrong(
      { overhead: { podFixed: { cpu: '-1' } } },
      'overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
    ),
    wrong({ scheduling: { nodeSelector: { a: '-' } } }, 'scheduling.nodeSelector: Invalid value: "-": …'),
    wrong(
      { scheduling: { tolerations: [{ key: 'a' }, { key: 'a' }] } },
      'scheduling.tolerations[1]: Duplicate value: {"key":"a"}',
    ),
    wrong(
      { scheduling: { tolerations: [{ key: 'a', effect: 'x' }] } },
      'scheduling.tolerations[0].effect: Unsupported value: "x": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ),
    update({ handler: 'kata' }, 'handler: Invalid value: "kata": field is immutable'),
  ]))

test('classes of volume attributes, revisions and settings', () => {
  rows('VolumeAttributesClass', { driverName: 'a.io', parameters: { a: 'b' } }, [
    ...right({}),
    wrong({ driverName: '' }, 'driverName: Required value'),
    wrong({ parameters: {} }, 'parameters: Required value: must contain at least one key/value pair'),
    wrong({ parameters: { '': 'b' } }, 'parameters: Invalid value: "": field can not be empty.'),
    update({ driverName: 'b.io' }, 'driverName: Forbidden: updates to driverName are forbidden.'),
    update({ parameters: { a: 'c' } }, 'parameters: Forbidden: updates to parameters are forbidden.'),
  ])
  rows('ConfigMap', { data: { a: 'b' }, immutable: true }, [
    ...right({}, { binaryData: { c: 'AA==' } }),
    wrong({ data: { '..': 'b' } }, 'data[..]: Invalid value: "..": must not be \'..\''),
    wrong({ binaryData: { a: 'AA==' } }, 'data[a]: Invalid value: "a": duplicate of key present in binaryData'),
    update({ immutable: false }, 'immutable: Forbidden: field is immutable when `immutable` is set'),
    update({ data: { a: 'c' } }, 'data: Forbidden: field is immutable when `immutable` is set'),
  ])
})
