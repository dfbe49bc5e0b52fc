/** Tokens that a node's agent asks for: of pods that run there, for those whom the pod's volumes speak to. */
import type { TokenRequest } from '#kinds/facts/generated/types/authentication_v1.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '#kinds/facts/generated/types/core_v1.ts'
import type { CSIDriver } from '#kinds/facts/generated/types/storage_v1.ts'
import { notFound } from '#api/status.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Lookup, deny, draftOf } from './step.ts'

/** @throws StatusError Forbidden, NotFound */
export function judgeToken(lookup: Lookup, node: string, request: AdmissionRequest): void {
  if (request.operation !== 'CREATE' || request.subresource !== 'token') return undefined
  const { spec } = draftOf<TokenRequest>(request)
  const bound = spec?.boundObjectRef
  if (bound?.kind !== 'Pod' || bound.apiVersion !== 'v1' || (bound.name ?? '') === '')
    return deny(request, 'node requested token not bound to a pod')
  if ((bound.uid ?? '') === '') deny(request, 'node requested token with a pod binding without a uid')
  const name = bound.name ?? ''
  const pod = lookup.get('pods', `${request.namespace}/${name}`) as Pod | undefined
  if (pod === undefined) throw notFound({ group: '', resource: 'pods', name })
  if (pod.metadata.uid !== bound.uid)
    deny(
      request,
      `the UID in the bound object reference (${bound.uid ?? ''}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  if (pod.spec?.nodeName !== node) deny(request, 'node requested token bound to a pod scheduled on a different node')
  return judgeAudience(lookup, request, pod)
}

function judgeAudience(lookup: Lookup, request: AdmissionRequest, pod: Pod): void {
  const [audience = '', ...more] = draftOf<TokenRequest>(request).spec?.audiences ?? []
  if (more.length > 0) deny(request, 'node may only request 0 or 1 audiences')
  if (!(pod.spec.volumes ?? []).some(volume => speaksTo(lookup, pod, { volume, audience })))
    deny(
      request,
      `audience ${JSON.stringify(audience)} not found in pod spec volume, ${request.permit.user.name} is not authorized to request tokens for this audience`,
    )
}

interface Asked {
  readonly volume: Volume
  readonly audience: string
}

function speaksTo(lookup: Lookup, pod: Pod, { volume, audience }: Asked): boolean {
  const sources = volume.projected?.sources ?? []
  if (sources.some(({ serviceAccountToken: token }) => token !== undefined && (token.audience ?? '') === audience))
    return true
  const driver = driverOf(lookup, pod, volume)
  const found =
    driver === undefined ? undefined : (lookup.get('csidrivers.storage.k8s.io', driver) as CSIDriver | undefined)
  return found?.spec.tokenRequests?.some(one => one.audience === audience) === true
}

function driverOf(lookup: Lookup, { metadata }: Pod, volume: Volume): string | undefined {
  const { csi, persistentVolumeClaim: claim, ephemeral, name } = volume
  if (csi !== undefined) return csi.driver
  const claimName = claim?.claimName ?? (ephemeral === undefined ? undefined : `${metadata.name ?? ''}-${name}`)
  if (claimName === undefined) return undefined
  const found = lookup.get('persistentvolumeclaims', `${metadata.namespace ?? ''}/${claimName}`)
  const bound = (found as PersistentVolumeClaim | undefined)?.spec?.volumeName
  if (bound === undefined) return undefined
  return (lookup.get('persistentvolumes', bound) as PersistentVolume | undefined)?.spec?.csi?.driver
}
