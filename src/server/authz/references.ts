/** What a pod refers to by name: the secrets, config maps, claims and service account that its node must be able to read. */
import type { KObject } from '#api/metadata.ts'

interface Source {
  readonly name?: string
  /** Of what a PersistentVolume names. */
  readonly namespace?: string
}
interface Volume {
  readonly secret?: { readonly secretName?: string }
  readonly configMap?: Source
  readonly persistentVolumeClaim?: { readonly claimName?: string }
  readonly ephemeral?: object
  readonly name?: string
  readonly projected?: { readonly sources?: readonly { readonly secret?: Source; readonly configMap?: Source }[] }
  readonly csi?: { readonly nodePublishSecretRef?: Source }
  readonly azureFile?: { readonly secretName?: string }
  readonly cephfs?: Secretive
  readonly cinder?: Secretive
  readonly flexVolume?: Secretive
  readonly iscsi?: Secretive
  readonly rbd?: Secretive
  readonly scaleIO?: Secretive
  readonly storageos?: Secretive
}
/** Kinds of volumes that name one secret, in the same way. */
interface Secretive {
  readonly secretRef?: Source
}
interface Container {
  readonly env?: readonly {
    readonly valueFrom?: { readonly secretKeyRef?: Source; readonly configMapKeyRef?: Source }
  }[]
  readonly envFrom?: readonly { readonly secretRef?: Source; readonly configMapRef?: Source }[]
}
interface PodLike extends KObject {
  readonly spec?: {
    readonly serviceAccountName?: string
    readonly imagePullSecrets?: readonly Source[]
    readonly volumes?: readonly Volume[]
    readonly containers?: readonly Container[]
    readonly initContainers?: readonly Container[]
    readonly ephemeralContainers?: readonly Container[]
    readonly resourceClaims?: readonly PodClaim[]
  }
  readonly status?: {
    readonly resourceClaimStatuses?: readonly { readonly name: string; readonly resourceClaimName?: string | null }[]
    readonly extendedResourceClaimStatus?: { readonly resourceClaimName?: string }
  }
}
interface PodClaim {
  readonly name: string
  readonly resourceClaimName?: string | null
  readonly resourceClaimTemplateName?: string | null
}

const known = new WeakMap<KObject, ReadonlySet<string>>()

/** Keys of the form `secrets namespace/name`. Computed once per object: objects never change. */
export function references(pod: KObject): ReadonlySet<string> {
  const had = known.get(pod)
  if (had !== undefined) return had
  const found = new Set<string>()
  collect(pod, (resource, name) => {
    if (name !== undefined && name !== '') found.add(`${resource} ${pod.metadata.namespace ?? ''}/${name}`)
  })
  known.set(pod, found)
  return found
}

const secretive = ['cephfs', 'cinder', 'flexVolume', 'iscsi', 'rbd', 'scaleIO', 'storageos'] as const

type Add = (resource: string, name: string | undefined) => void

function collect(pod: KObject, add: Add): void {
  const { spec = {}, status = {} } = pod as PodLike
  add('serviceaccounts', spec.serviceAccountName)
  spec.imagePullSecrets?.forEach(({ name }) => add('secrets', name))
  for (const claim of spec.resourceClaims ?? []) add('resourceclaims', claimNameOf(claim, status))
  add('resourceclaims', status.extendedResourceClaimStatus?.resourceClaimName)
  for (const volume of spec.volumes ?? []) fromVolume(volume, pod.metadata.name ?? '', add)
  for (const container of [
    ...(spec.containers ?? []),
    ...(spec.initContainers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ])
    fromContainer(container, add)
}

/** One that is made from a template is named by the status, where it is made already: a node never writes that part. */
function claimNameOf(claim: PodClaim, { resourceClaimStatuses = [] }: NonNullable<PodLike['status']>) {
  if (typeof claim.resourceClaimName === 'string') return claim.resourceClaimName
  if (typeof claim.resourceClaimTemplateName !== 'string') return undefined
  return resourceClaimStatuses.find(({ name }) => name === claim.name)?.resourceClaimName ?? undefined
}

function fromVolume(volume: Volume, pod: string, add: Add): void {
  add('secrets', volume.secret?.secretName)
  add('secrets', volume.csi?.nodePublishSecretRef?.name)
  add('secrets', volume.azureFile?.secretName)
  for (const kind of secretive) add('secrets', volume[kind]?.secretRef?.name)
  add('configmaps', volume.configMap?.name)
  add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName)
  if (volume.ephemeral !== undefined) add('persistentvolumeclaims', `${pod}-${volume.name ?? ''}`)
  for (const source of volume.projected?.sources ?? []) {
    add('secrets', source.secret?.name)
    add('configmaps', source.configMap?.name)
  }
}

function fromContainer(container: Container, add: Add): void {
  for (const { valueFrom } of container.env ?? []) {
    add('secrets', valueFrom?.secretKeyRef?.name)
    add('configmaps', valueFrom?.configMapKeyRef?.name)
  }
  for (const source of container.envFrom ?? []) {
    add('secrets', source.secretRef?.name)
    add('configmaps', source.configMapRef?.name)
  }
}

interface VolumeLike extends KObject {
  readonly spec?: Pick<Volume, (typeof secretive)[number]> & {
    readonly claimRef?: Source
    readonly azureFile?: { readonly secretName?: string; readonly secretNamespace?: string | null }
    readonly csi?: {
      readonly nodePublishSecretRef?: Source
      readonly nodeStageSecretRef?: Source
      readonly nodeExpandSecretRef?: Source
    }
  }
}

/**
 * What a node must be able to read to mount a PersistentVolume: secrets for its driver on nodes, not those for its controller.
 * @returns the claim that it is bound to as `namespace/name`, and keys of the form `secrets namespace/name`
 */
export function volumeReferences(
  volume: KObject,
): { readonly claim: string; readonly secrets: readonly string[] } | undefined {
  const { claimRef, azureFile, csi, ...spec } = (volume as VolumeLike).spec ?? {}
  if (claimRef?.name === undefined || claimRef.name === '') return undefined
  const own = claimRef.namespace ?? ''
  const named = [
    csi?.nodePublishSecretRef,
    csi?.nodeStageSecretRef,
    csi?.nodeExpandSecretRef,
    ...secretive.map(kind => spec[kind]?.secretRef),
    azureFile === undefined
      ? undefined
      : { name: azureFile.secretName ?? '', namespace: azureFile.secretNamespace ?? own },
  ]
  const secrets = named.flatMap(one => {
    const { name = '', namespace = '' } = one ?? {}
    return name === '' ? [] : [`secrets ${namespace === '' ? own : namespace}/${name}`]
  })
  return { claim: `${own}/${claimRef.name}`, secrets }
}
