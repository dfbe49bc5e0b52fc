/** Claims and volumes: the class that a claim gets, what keeps them while they are in use, and which claims may grow. */
import type { PersistentVolumeClaim } from '#kinds/facts/generated/types/core_v1.ts'
import type { StorageClass } from '#kinds/facts/generated/types/storage_v1.ts'
import { readQuantity } from '#kinds/amounts/sums.ts'
import { storageClassOf } from '#kinds/amounts/usage.ts'
import { compareQuantities } from '#base/quantity.ts'
import type { KObject } from '#api/metadata.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Lookup, type Step, deny, derived, draftOf, isResource, oldOf } from './step.ts'

const classes = 'storageclasses.storage.k8s.io'
const marks = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']

/** Of several that are marked the newest, of those made in the same second the first by name. */
export function newestMarked(objects: Iterable<KObject>, annotations: readonly string[]): KObject | undefined {
  const marked = [...objects].filter(({ metadata }) => annotations.some(one => metadata.annotations?.[one] === 'true'))
  const age = ({ metadata }: KObject): string => metadata.creationTimestamp ?? ''
  // They come in the order of their names.
  return marked.reduce<KObject | undefined>(
    (best, one) => (best === undefined || age(one) > age(best) ? one : best),
    undefined,
  )
}

const isClaim = (request: AdmissionRequest): boolean =>
  request.subresource === '' && isResource(request, '', 'persistentvolumeclaims')

const older = 'volume.beta.kubernetes.io/storage-class'

export function defaultStorageClass(lookup: Lookup): Step {
  const chosen = derived(lookup, classes, objects => newestMarked(objects, marks)?.metadata.name)
  return {
    name: 'DefaultStorageClass',
    handles: request => request.operation === 'CREATE' && isClaim(request),
    change: request => {
      const claim = draftOf<PersistentVolumeClaim>(request)
      const name = chosen()
      // An empty name is a choice too: no class.
      if (name === undefined || claim.spec?.storageClassName !== undefined) return
      if (claim.metadata.annotations?.[older] !== undefined) return
      claim.spec = { ...claim.spec, storageClassName: name }
    },
  }
}

const finalizers = new Map([
  ['persistentvolumes', 'kubernetes.io/pv-protection'],
  ['persistentvolumeclaims', 'kubernetes.io/pvc-protection'],
  ['volumeattributesclasses', 'kubernetes.io/vac-protection'],
])

const protectedBy = ({ permit }: AdmissionRequest): string | undefined =>
  permit.group === (permit.resource === 'volumeattributesclasses' ? 'storage.k8s.io' : '')
    ? finalizers.get(permit.resource)
    : undefined

export const storageObjectInUse: Step = {
  name: 'StorageObjectInUseProtection',
  handles: request =>
    request.operation === 'CREATE' && request.subresource === '' && protectedBy(request) !== undefined,
  change: request => {
    const { metadata } = draftOf(request)
    const name = protectedBy(request) ?? ''
    if (metadata.finalizers?.includes(name) !== true) metadata.finalizers = [...(metadata.finalizers ?? []), name]
  },
}

const size = (claim: PersistentVolumeClaim) => readQuantity(claim.spec?.resources?.requests?.['storage'])

function mayGrow(lookup: Lookup, claim: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const name = storageClassOf(claim)
  if (name === '' || name !== storageClassOf(old)) return false
  return (lookup.get(classes, name) as StorageClass | undefined)?.allowVolumeExpansion === true
}

export const claimResize = (lookup: Lookup): Step => ({
  name: 'PersistentVolumeClaimResize',
  handles: request => request.operation === 'UPDATE' && isClaim(request),
  judge: request => {
    const [claim, old] = [
      draftOf<PersistentVolumeClaim>(request) as PersistentVolumeClaim,
      oldOf<PersistentVolumeClaim>(request),
    ]
    if (compareQuantities(size(claim), size(old)) <= 0) return
    if (old.status?.phase !== 'Bound') deny(request, 'Only bound persistent volume claims can be expanded')
    if (!mayGrow(lookup, claim, old))
      deny(
        request,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      )
  },
})
