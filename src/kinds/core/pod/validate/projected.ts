/** Volumes that are put together from several sources. */
import { dns1123Subdomain } from '#api/names.ts'
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  ProjectedVolumeSource,
  VolumeProjection,
} from '#kinds/facts/generated/types/core_v1.ts'
import { checkSelector } from '../../../meta.ts'
import type { Place } from '../../../place.ts'
import { checkFieldRef, checkResourceRef, inVolumes } from './env.ts'
import { checkItem, checkMode, checkUnreserved } from './paths.ts'

export function checkDownwardFile(place: Place, file: DownwardAPIVolumeFile): void {
  const { path, fieldRef, resourceFieldRef, mode } = file
  if (!path) place.at('path').required()
  checkUnreserved(place.at('path'), path ?? '')
  if (fieldRef) {
    checkFieldRef(place.at('fieldRef'), fieldRef, inVolumes)
    if (resourceFieldRef) place.invalid('resource', 'fieldRef and resourceFieldRef can not be specified simultaneously')
  } else if (resourceFieldRef) checkResourceRef(place.at('resourceFieldRef'), resourceFieldRef, true)
  else place.required('one of fieldRef and resourceFieldRef is required')
  checkMode(place.at('mode'), mode)
}

/** The files of a volume: no two may be at one path. */
class Files {
  readonly #volume: Place
  readonly #paths = new Set<string>()
  constructor(volume: Place) {
    this.#volume = volume
  }
  add(path: string | undefined, shown = path): void {
    if (!path) return
    if (this.#paths.has(path)) this.#volume.invalid(shown, 'conflicting duplicate paths')
    this.#paths.add(path)
  }
  volume(): Place {
    return this.#volume
  }
}

interface Keys {
  readonly name?: string
  readonly items?: readonly KeyToPath[]
}

function checkKeys(place: Place, source: Keys, files: Files): void {
  if (!source.name) place.at('name').required()
  place.at('items').each(source.items, (item, at) => {
    checkItem(at, item)
    files.add(item.path, source.name)
  })
}

type Token = NonNullable<VolumeProjection['serviceAccountToken']>
const shortest = 600
const longest = 2 ** 32

function checkToken(place: Place, token: Token, files: Files): void {
  const { expirationSeconds: seconds = 0, path } = token
  const at = place.at('expirationSeconds')
  if (seconds < shortest) at.invalid(seconds, 'may not specify a duration less than 10 minutes')
  if (seconds > longest) at.invalid(seconds, 'may not specify a duration larger than 2^32 seconds')
  const there = files.volume().at('path')
  if (!path) there.required()
  else checkUnreserved(there, path)
}

type Bundle = NonNullable<VolumeProjection['clusterTrustBundle']>

function checkBundle(place: Place, bundle: Bundle, files: Files): void {
  const { name, signerName, labelSelector, path } = bundle
  if (name !== undefined && signerName !== undefined)
    place.invalid(bundle, 'only one of name and signerName may be used')
  else if (name !== undefined) {
    if (name === '') place.at('name').required('must be a valid object name')
    for (const problem of dns1123Subdomain(name.split(':').at(-1) ?? ''))
      place.at('name').invalid(name, `not a valid clustertrustbundlename: ${problem}`)
    if (labelSelector !== undefined)
      place.at('labelSelector').invalid(labelSelector, 'labelSelector must be unset if name is specified')
  } else if (signerName === undefined) place.required('either name or signerName must be specified')
  else if (signerName === '') place.at('signerName').required('must be a valid signer name')
  else checkSelector(place.at('labelSelector'), labelSelector)
  if (!path) place.at('path').required()
  checkUnreserved(place.at('path'), path ?? '')
  files.add(path)
}

type Certificate = NonNullable<VolumeProjection['podCertificate']>
const keyTypes = ['RSA3072', 'RSA4096', 'ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519']

function checkCertificate(place: Place, certificate: Certificate, files: Files): void {
  if (!certificate.signerName) place.at('signerName').required()
  if (!keyTypes.includes(certificate.keyType)) place.at('keyType').unsupported(certificate.keyType, keyTypes)
  const { maxExpirationSeconds: seconds } = certificate
  if (seconds !== undefined && seconds < 3600)
    place.at('maxExpirationSeconds').invalid(seconds, 'if provided, maxExpirationSeconds must be >= 3600')
  let paths = 0
  for (const name of ['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const) {
    const path = certificate[name]
    if (!path) continue
    paths++
    checkUnreserved(place.at(name), path)
    files.add(path)
  }
  if (paths === 0) place.required('specify at least one of credentialBundlePath, keyPath, and certificateChainPath')
}

function checkProjection(place: Place, source: VolumeProjection, files: Files): void {
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source
  if (secret) checkKeys(place.at('secret'), secret, files)
  if (configMap) checkKeys(place.at('configMap'), configMap, files)
  for (const file of downwardAPI?.items ?? []) {
    checkDownwardFile(place.at('downwardAPI'), file)
    files.add(file.path)
  }
  if (serviceAccountToken) checkToken(place.at('serviceAccountToken'), serviceAccountToken, files)
  if (clusterTrustBundle) checkBundle(place.at('clusterTrustBundle'), clusterTrustBundle, files)
  if (podCertificate) checkCertificate(place.at('podCertificate'), podCertificate, files)
  const given = [secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate]
  if (given.filter(one => one !== undefined).length > 1)
    place.forbidden('may not specify more than 1 volume type per source')
}

export function checkProjected(place: Place, source: ProjectedVolumeSource): void {
  checkMode(place.at('defaultMode'), source.defaultMode)
  const files = new Files(place)
  place.at('sources').each(source.sources, (one, at) => checkProjection(at, one, files))
}
