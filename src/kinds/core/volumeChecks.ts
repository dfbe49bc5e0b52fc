/** Checks of persistent volumes and claims. */
import { equal } from '#base/equal.ts'
import type { WriteContext } from '#api/kind.ts'
import { dns1123Label, dns1123Subdomain } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
} from '#kinds/facts/generated/types/core_v1.ts'
import { without } from '../fill.ts'
import { Place } from '../place.ts'
import { accessModes, checkClaimSpec, volumeModes } from './claimChecks.ts'
import { checkNodeSelector } from './pod/validate/scheduling.ts'
import { checkDescendingOrAbsolute } from './pod/validate/paths.ts'
import { compareTexts, quantity } from './quantities.ts'
import { checkDriverName } from './volumeSources.ts'
import { classAnnotation } from './volumes.ts'

/** Every other field of a volume's spec is where it comes from. */
const common = [
  'capacity',
  'accessModes',
  'claimRef',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'mountOptions',
  'volumeMode',
  'nodeAffinity',
  'volumeAttributesClassName',
] as const
const reclaims = ['Delete', 'Recycle', 'Retain']

const sourcesOf = (spec: PersistentVolumeSpec): Readonly<Record<string, unknown>> => ({ ...without(spec, ...common) })

function checkCapacity(place: Place, capacity: PersistentVolumeSpec['capacity'] = {}): void {
  const names = Object.keys(capacity)
  if (names.length === 0) place.required()
  if (names.length !== 1 || names[0] !== 'storage') place.unsupported(capacity, ['storage'])
  for (const [name, amount] of Object.entries(capacity))
    if ((quantity(amount)?.nanos ?? 1n) <= 0n) place.key(name).invalid(amount, 'must be greater than zero')
}

function checkModes(place: Place, modes: readonly string[] = []): void {
  if (modes.length === 0) place.required()
  for (const mode of modes) if (!accessModes.includes(mode)) place.unsupported(mode, accessModes)
  if (modes.includes('ReadWriteOncePod') && modes.length > 1)
    place.forbidden('may not use ReadWriteOncePod with other access modes')
}

type Secret = { readonly name?: string; readonly namespace?: string }

function checkSecret(place: Place, secret: Secret | undefined): void {
  if (secret === undefined) return
  place.at('name').named(secret.name, dns1123Subdomain)
  place.at('namespace').named(secret.namespace, dns1123Label)
}

const secrets = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const

function checkSource(place: Place, spec: PersistentVolumeSpec): void {
  const [first, ...more] = Object.keys(sourcesOf(spec))
  if (first === undefined) return place.required('must specify a volume type')
  for (const name of more) place.at(name).forbidden('may not specify more than 1 volume type')
  const { hostPath, local, nfs, csi } = spec
  if (hostPath !== undefined) checkDescendingOrAbsolute(place.at('hostPath.path'), hostPath.path)
  if (local !== undefined) {
    checkDescendingOrAbsolute(place.at('local.path'), local.path)
    if (spec.nodeAffinity === undefined) place.at('nodeAffinity').required('Local volume requires node affinity')
  }
  if (nfs !== undefined) {
    if (!nfs.server) place.at('nfs.server').required()
    if (!nfs.path) place.at('nfs.path').required()
    if (!nfs.path?.startsWith('/')) place.at('nfs.path').invalid(nfs.path ?? '', 'must be an absolute path')
  }
  if (csi === undefined) return undefined
  checkDriverName(place.at('csi.driver'), csi.driver)
  if (!csi.volumeHandle) place.at('csi.volumeHandle').required()
  for (const name of secrets) checkSecret(place.at('csi').at(name), csi[name])
  return undefined
}

function checkAttributes(place: Place, { volumeAttributesClassName: name, csi }: PersistentVolumeSpec): void {
  if (name === undefined) return
  if (name === '') place.at('volumeAttributesClassName').required('an empty string is disallowed')
  else place.at('volumeAttributesClassName').format(name, dns1123Subdomain)
  if (csi === undefined) place.at('csi').required('has to be specified when using volumeAttributesClassName')
}

function checkVolume(place: Place, spec: PersistentVolumeSpec): void {
  checkModes(place.at('accessModes'), spec.accessModes)
  checkCapacity(place.at('capacity'), spec.capacity)
  const { persistentVolumeReclaimPolicy: reclaim, nodeAffinity, volumeMode, storageClassName } = spec
  if (reclaim && !reclaims.includes(reclaim)) place.at('persistentVolumeReclaimPolicy').unsupported(reclaim, reclaims)
  if (nodeAffinity !== undefined) {
    const at = place.at('nodeAffinity.required')
    if (nodeAffinity.required === undefined) at.required('must specify required node constraints')
    else checkNodeSelector(at, nodeAffinity.required)
  }
  checkSource(place, spec)
  if (spec.hostPath?.path.replaceAll('/', '') === '' && reclaim === 'Recycle')
    place.at('persistentVolumeReclaimPolicy').forbidden("may not be 'recycle' for a hostPath mount of '/'")
  if (storageClassName) place.at('storageClassName').format(storageClassName, dns1123Subdomain)
  if (volumeMode !== undefined && !volumeModes.includes(volumeMode))
    place.at('volumeMode').unsupported(volumeMode, volumeModes)
  checkAttributes(place, spec)
}

/** Drivers may be given the means to grow a volume later. */
const withoutExpansion = (spec: PersistentVolumeSpec): unknown =>
  spec.csi === undefined ? sourcesOf(spec) : { ...sourcesOf(spec), csi: without(spec.csi, 'controllerExpandSecretRef') }

function checkVolumeUpdate(root: Place, next: PersistentVolumeSpec, old: PersistentVolumeSpec): void {
  const grows = old.csi?.controllerExpandSecretRef === undefined
  const view = grows ? withoutExpansion : sourcesOf
  if (!equal(view(next), view(old)))
    root.at('spec.persistentvolumesource').forbidden('spec.persistentvolumesource is immutable after creation\n')
  if (next.volumeMode !== old.volumeMode) root.at('volumeMode').immutable(next.volumeMode)
  if (old.nodeAffinity !== undefined && !equal(next.nodeAffinity, old.nodeAffinity))
    root
      .at('nodeAffinity')
      .invalid(next.nodeAffinity ?? null, 'field is immutable, except for updating from beta label to GA')
  if (old.volumeAttributesClassName !== undefined && next.volumeAttributesClassName === undefined)
    root.at('spec.volumeAttributesClassName').forbidden('update from non-nil value to nil is forbidden')
}

export function validateVolume(
  volume: PersistentVolume,
  { old, subresource }: WriteContext<PersistentVolume>,
): readonly FieldError[] {
  const root = new Place('')
  if (subresource === 'status') return root.errors
  checkVolume(root.at('spec'), volume.spec)
  if (old !== undefined) checkVolumeUpdate(root, volume.spec, old.spec)
  return root.errors
}

type Spec = PersistentVolumeClaimSpec

/** The new spec with everything that may change as it was. */
function munged(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): Spec {
  const bound = claim.status?.phase === 'Bound'
  const next = claim.spec
  const annotated = old.metadata.annotations?.[classAnnotation]
  const classed =
    old.spec.storageClassName === undefined && (annotated ?? next.storageClassName) === next.storageClassName
  const storage = old.spec.resources?.requests?.['storage']
  return {
    ...(classed ? without(next, 'storageClassName') : next),
    ...(old.spec.volumeName || next.volumeName === undefined ? {} : { volumeName: '' }),
    ...(bound && storage !== undefined
      ? { resources: { ...next.resources, requests: { ...next.resources?.requests, storage } } }
      : {}),
  }
}

const onlyThese =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n'

function checkClaimUpdate(root: Place, claim: PersistentVolumeClaim, old: PersistentVolumeClaim): void {
  const attributes = claim.status?.phase === 'Bound' ? (['volumeAttributesClassName'] as const) : []
  const before = old.spec.volumeName ? old.spec : { ...old.spec, ...(claim.spec.volumeName ? { volumeName: '' } : {}) }
  if (!equal(without(munged(claim, old), ...attributes), without(before, ...attributes)))
    root.at('spec').forbidden(onlyThese)
  const size = (spec: Spec): string => spec.resources?.requests?.['storage'] ?? '0'
  const shrinks = compareTexts(size(claim.spec), size(old.spec)) === -1
  if (shrinks && (compareTexts(size(claim.spec), old.status?.capacity?.['storage'] ?? '0') ?? 0) <= 0)
    root.at('spec.resources.requests.storage').forbidden('field can not be less than status.capacity')
  if (claim.spec.volumeMode !== old.spec.volumeMode) root.at('volumeMode').immutable(claim.spec.volumeMode)
  checkAttributesKept(root.at('spec.volumeAttributesClassName'), claim.spec, old)
}

function checkAttributesKept(
  place: Place,
  { volumeAttributesClassName: name }: Spec,
  old: PersistentVolumeClaim,
): void {
  if (name === old.spec.volumeAttributesClassName || old.status?.currentVolumeAttributesClassName === undefined) return
  const why = (what: string): string =>
    `update to ${what} is forbidden when status.currentVolumeAttributesClassName is not nil`
  if (name === undefined) place.forbidden(why('nil'))
  else if (name === '') place.forbidden(why('empty string'))
}

export function validateClaim(
  claim: PersistentVolumeClaim,
  { old, subresource }: WriteContext<PersistentVolumeClaim>,
): readonly FieldError[] {
  const root = new Place('')
  if (subresource === 'status') {
    if ((claim.spec.accessModes?.length ?? 0) === 0) root.at('Spec.accessModes').required()
    for (const [name, amount] of Object.entries(claim.status?.capacity ?? {}))
      if ((quantity(amount)?.nanos ?? 0n) < 0n)
        root.at('status.capacity').key(name).invalid(amount, 'must be a valid resource quantity')
    return root.errors
  }
  checkClaimSpec(root.at('spec'), claim.spec)
  if (old !== undefined) checkClaimUpdate(root, claim, old)
  return root.errors
}
