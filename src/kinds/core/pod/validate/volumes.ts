/** Volumes of pods and templates. */
import { dns1123Label, dns1123Subdomain } from '#api/names.ts'
import type { KeyToPath, PodSpec, Volume } from '#kinds/facts/generated/types/core_v1.ts'
import type { ObjectMeta } from '#api/metadata.ts'
import type { Place } from '../../../place.ts'
import { checkClaimTemplate } from '../../claimChecks.ts'
import { checkDriverName } from '../../volumeSources.ts'
import { isNegative } from '../../quantities.ts'
import { checkItem, checkMode, checkNoBacksteps } from './paths.ts'
import { checkProjected, checkDownwardFile } from './projected.ts'
import { otherSources } from './otherVolumes.ts'

const pathTypes = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket']

const pullPolicies = ['Always', 'IfNotPresent', 'Never']

interface Files {
  readonly items?: readonly KeyToPath[]
  readonly defaultMode?: number
}

function checkFiles(place: Place, { items, defaultMode }: Files): void {
  checkMode(place.at('defaultMode'), defaultMode)
  place.at('items').each(items, (item, at) => checkItem(at, item))
}

type Source = Exclude<keyof Volume, 'name'>
type Checks = { readonly [K in Source]?: (place: Place, source: NonNullable<Volume[K]>) => void }

const checks: Checks = {
  emptyDir: (place, { sizeLimit }) => {
    if (sizeLimit !== undefined && isNegative(sizeLimit))
      place.at('sizeLimit').forbidden('SizeLimit field must be a valid resource quantity')
  },
  hostPath: (place, { path, type }) => {
    if (!path) return place.at('path').required()
    checkNoBacksteps(place.at('path'), path)
    if (type !== undefined && !pathTypes.includes(type)) place.at('type').unsupported(type, pathTypes)
    return undefined
  },
  secret: (place, source) => {
    if (!source.secretName) place.at('secretName').required()
    checkFiles(place, source)
  },
  configMap: (place, source) => {
    if (!source.name) place.at('name').required()
    checkFiles(place, source)
  },
  persistentVolumeClaim: (place, { claimName }) => {
    if (!claimName) place.at('claimName').required()
  },
  downwardAPI: (place, { items = [], defaultMode }) => {
    checkMode(place.at('defaultMode'), defaultMode)
    for (const file of items) checkDownwardFile(place, file)
  },
  projected: checkProjected,
  csi: (place, { driver, nodePublishSecretRef: secret }) => {
    checkDriverName(place.at('driver'), driver)
    if (secret === undefined) return
    if (!secret.name) place.at('nodePublishSecretRef.name').required()
    else place.at('name').format(secret.name, dns1123Subdomain)
  },
  ephemeral: (place, { volumeClaimTemplate }) => {
    if (volumeClaimTemplate === undefined) place.at('volumeClaimTemplate').required()
    else checkClaimTemplate(place.at('volumeClaimTemplate'), volumeClaimTemplate)
  },
  image: (place, { pullPolicy }) => place.at('pullPolicy').oneOf(pullPolicy, pullPolicies),
  ...otherSources,
}

type AnyCheck = (place: Place, source: unknown) => void

function checkSource(place: Place, volume: Volume): void {
  let sources = 0
  for (const key in volume) {
    const source: unknown = Reflect.get(volume, key)
    if (key === 'name' || source === undefined) continue
    if (sources++ > 0) place.at(key).forbidden('may not specify more than 1 volume type')
    else (Reflect.get(checks, key) as AnyCheck | undefined)?.(place.at(key), source)
  }
  if (sources === 0) place.required('must specify a volume type')
}

/** The claim that an ephemeral volume gets is named after the pod and the volume. */
function checkClaimName(place: Place, volume: Volume, pod: string): void {
  if (volume.ephemeral === undefined || pod === '' || !volume.name) return
  const claim = `${pod}-${volume.name}`
  for (const problem of dns1123Subdomain(claim))
    place.at('name').invalid(volume.name, `PVC name ${JSON.stringify(claim)}: ${problem}`)
}

const noClaims: ReadonlySet<string> = new Set()

/** @returns the volumes with which everything is right, by name. */
export function checkVolumes(
  list: Place,
  volumes: PodSpec['volumes'],
  metadata: ObjectMeta | undefined,
): ReadonlyMap<string, Volume> {
  const found = new Map<string, Volume>()
  if (volumes === undefined) return found
  const pod = metadata?.name ?? ''
  const made = !volumes.some(one => one.ephemeral !== undefined)
    ? noClaims
    : new Set(volumes.filter(one => pod !== '' && one.ephemeral !== undefined).map(one => `${pod}-${one.name}`))
  list.each(volumes, (volume, place) => {
    const before = list.errors.length
    checkSource(place, volume)
    checkClaimName(place, volume, pod)
    if (metadata !== undefined && volume.image !== undefined && !volume.image.reference)
      place.at('image.reference').required()
    place.at('name').named(volume.name, dns1123Label)
    if (found.has(volume.name)) place.at('name').duplicate(volume.name)
    if (list.errors.length === before) found.set(volume.name, volume)
    const claim = volume.persistentVolumeClaim?.claimName ?? ''
    if (made.has(claim))
      place
        .at('persistentVolumeClaim.claimName')
        .invalid(claim, 'must not reference a PVC that gets created for an ephemeral volume')
  })
  return found
}
