import { equal } from '#base/equal.ts'
import type { WriteContext } from '#api/kind.ts'
import { dns1123Subdomain, qualifiedName } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type {
  CSIDriver,
  CSINode,
  CSINodeDriver,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
  VolumeError,
} from '#kinds/facts/generated/types/storage_v1.ts'
import { checkFixed } from '../apps/checks.ts'
import { checkDriverName } from '../core/volumeSources.ts'
import { isNegative } from '../core/quantities.ts'
import { without } from '../fill.ts'
import { checkSelector } from '../meta.ts'
import { Place } from '../place.ts'

const most = { parameters: 512, bytes: 256 * 1024, nodeId: 256, message: 1024 } as const
const bindings = ['Immediate', 'WaitForFirstConsumer']
const reclaims = ['Delete', 'Retain']

function checkParameters(place: Place, parameters: Readonly<Record<string, string>> | undefined): void {
  const entries = Object.entries(parameters ?? {})
  if (entries.length > most.parameters) return place.tooLong(most.parameters)
  if (entries.some(([key]) => key === '')) place.invalid('', 'field can not be empty.')
  const size = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  if (size > most.bytes) place.tooLong(most.bytes)
  return undefined
}

type Topology = NonNullable<StorageClass['allowedTopologies']>[number]

function checkTopology(place: Place, { matchLabelExpressions: expressions }: Topology): void {
  const keys = new Set<string>()
  place.at('matchLabelExpressions').each(expressions, ({ key, values }, at) => {
    if (values.length === 0) at.at('values').required()
    const seen = new Set<string>()
    at.at('values').each(values, (value, where) => {
      if (seen.has(value)) where.duplicate(value)
      seen.add(value)
    })
    at.at('key').format(key, qualifiedName)
    if (keys.has(key)) at.at('key').duplicate(key)
    keys.add(key)
  })
}

const fixedInClass = ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const

export function validateStorageClass(object: StorageClass, { old }: WriteContext<StorageClass>): readonly FieldError[] {
  const root = new Place('')
  const { provisioner, parameters, reclaimPolicy: reclaim, volumeBindingMode: binding, allowedTopologies } = object
  if (!provisioner) root.at('provisioner').required()
  else
    for (const problem of qualifiedName(provisioner.toLowerCase())) root.at('provisioner').invalid(provisioner, problem)
  checkParameters(root.at('parameters'), parameters)
  if (reclaim && !reclaims.includes(reclaim)) root.at('reclaimPolicy').unsupported(reclaim, reclaims)
  root.at('volumeBindingMode').oneOf(binding, bindings)
  root.at('allowedTopologies').each(allowedTopologies, (term, at) => checkTopology(at, term))
  if (old !== undefined) for (const name of fixedInClass) checkFixed(root.at(name), object[name], old[name])
  return root.errors
}

export function validateAttributesClass(
  object: VolumeAttributesClass,
  { old }: WriteContext<VolumeAttributesClass>,
): readonly FieldError[] {
  const root = new Place('')
  for (const name of ['driverName', 'parameters'] as const)
    if (old !== undefined && !equal(object[name], old[name]))
      root.at(name).forbidden(`updates to ${name} are forbidden.`)
  checkDriverName(root.at('driverName'), object.driverName)
  checkParameters(root.at('parameters'), object.parameters)
  if (Object.keys(object.parameters ?? {}).length === 0)
    root.at('parameters').required('must contain at least one key/value pair')
  return root.errors
}

/** What was asked of the driver stays. */
export function validateCapacity(
  object: CSIStorageCapacity,
  { old }: WriteContext<CSIStorageCapacity>,
): readonly FieldError[] {
  const root = new Place('')
  const { nodeTopology, storageClassName, capacity } = object
  if (old === undefined) {
    checkSelector(root.at('nodeTopology'), nodeTopology)
    root.at('storageClassName').format(storageClassName, dns1123Subdomain)
    if (capacity !== undefined && isNegative(capacity))
      root.at('capacity').invalid(capacity, 'must be greater than or equal to 0')
    return root.errors
  }
  checkFixed(root.at('nodeTopology'), nodeTopology, old.nodeTopology)
  checkFixed(root.at('storageClassName'), storageClassName, old.storageClassName)
  return root.errors
}

function checkVolumeError(place: Place, error: VolumeError | undefined): void {
  // Upstream tells the limit of the metadata here.
  if (Buffer.byteLength(error?.message ?? '') > most.message) place.at('message').tooLong(most.bytes)
  if (error?.errorCode !== undefined && error.errorCode < 0)
    place.at('errorCode').invalid(error.errorCode, 'must be between 0 and 2147483647, inclusive')
}

function checkAttachmentStatus(place: Place, { status }: VolumeAttachment): void {
  const size = Object.entries(status?.attachmentMetadata ?? {}).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  )
  if (size > most.bytes) place.at('attachmentMetadata').tooLong(most.bytes)
  checkVolumeError(place.at('attachError'), status?.attachError)
  checkVolumeError(place.at('detachError'), status?.detachError)
}

const exactlyOne = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'

export function validateAttachment(
  object: VolumeAttachment,
  { old, subresource }: WriteContext<VolumeAttachment>,
): readonly FieldError[] {
  const root = new Place('')
  if (subresource === 'status') {
    checkAttachmentStatus(root.at('status'), object)
    return root.errors
  }
  const { attacher, source, nodeName } = object.spec
  checkDriverName(root.at('spec.attacher'), attacher)
  const at = root.at('spec.source')
  const { inlineVolumeSpec: inline, persistentVolumeName: name } = source ?? {}
  if (inline === undefined && name === undefined) at.required(exactlyOne)
  else if (inline !== undefined && name !== undefined) at.forbidden(exactlyOne)
  else if (name === '') at.at('persistentVolumeName').required('must specify non empty persistentVolumeName')
  else if (name !== undefined) at.at('persistentVolumeName').format(name, dns1123Subdomain)
  root.at('spec.nodeName').format(nodeName, dns1123Subdomain)
  if (old !== undefined) checkFixed(root.at('spec'), object.spec, old.spec)
  return root.errors
}

function checkNodeDriver(place: Place, driver: CSINodeDriver): void {
  checkDriverName(place.at('name'), driver.name)
  const { nodeID } = driver
  if (!nodeID) place.at('nodeID').required()
  else if (nodeID.length > most.nodeId) place.at('nodeID').invalid(nodeID, `must be ${most.nodeId} characters or less`)
  place.at('allocatable.count').nonNegative(driver.allocatable?.count)
  const keys = new Set<string>()
  for (const key of driver.topologyKeys ?? []) {
    if (key === '') place.required()
    if (keys.has(key)) place.duplicate(key)
    keys.add(key)
    place.format(key, qualifiedName)
  }
}

export function validateCSINode(object: CSINode, { old }: WriteContext<CSINode>): readonly FieldError[] {
  const list = new Place('spec').at('drivers')
  const names = new Set<string>()
  list.each(object.spec.drivers, (driver, at) => {
    checkNodeDriver(at, driver)
    if (names.has(driver.name)) at.at('name').duplicate(driver.name)
    names.add(driver.name)
  })
  for (const before of old?.spec.drivers ?? []) {
    const now = object.spec.drivers.find(one => one.name === before.name)
    if (now !== undefined && !equal(without(now, 'allocatable'), without(before, 'allocatable'))) list.immutable(now)
  }
  return list.errors
}

const groupPolicies = ['File', 'None', 'ReadWriteOnceWithFSType']
const lifecycles = ['Ephemeral', 'Persistent']

export function validateCSIDriver(object: CSIDriver, { old }: WriteContext<CSIDriver>): readonly FieldError[] {
  const place = new Place('spec')
  const { fsGroupPolicy: policy, volumeLifecycleModes: modes = [], tokenRequests, ...rest } = object.spec
  if (policy !== undefined && !groupPolicies.includes(policy))
    place.at('fsGroupPolicy').unsupported(policy, groupPolicies)
  for (const mode of modes)
    if (!lifecycles.includes(mode)) place.at('volumeLifecycleModes').unsupported(mode, lifecycles)
  const audiences = new Set<string>()
  place.at('tokenRequests').each(tokenRequests, ({ audience }, at) => {
    if (audiences.has(audience)) at.at('audience').duplicate(audience)
    audiences.add(audience)
  })
  const period = rest.nodeAllocatableUpdatePeriodSeconds
  if (period !== undefined && period < 10)
    place.at('nodeAllocatableUpdatePeriodSeconds').invalid(period, 'must be greater than or equal to 10 seconds')
  if (old === undefined) return place.errors
  checkFixed(place.at('attachedRequired'), rest.attachRequired, old.spec.attachRequired)
  checkFixed(place.at('volumeLifecycleModes'), modes, old.spec.volumeLifecycleModes ?? [])
  return place.errors
}
