/** Environment variables and where they come from. */
import { configMapKey, dns1123Label, dns1123Subdomain, environmentName, qualifiedName } from '#api/names.ts'
import type {
  EnvFromSource,
  EnvVar,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from '#kinds/facts/generated/types/core_v1.ts'
import type { Place } from '../../../place.ts'
import { canonical, isZero } from '../../quantities.ts'
import { checkNoBacksteps } from './paths.ts'

/** Fields of a pod that may be referred to at all, besides its labels and annotations by key. */
const known: ReadonlySet<string> = new Set([
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.serviceAccountName',
  'spec.schedulerName',
  'status.phase',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
])
const inEnvironment = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]
export const inVolumes = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
]
const resources = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]

const subscripted = /^([^[\]']+)\['([^']*)'\]$/

export function checkFieldRef(place: Place, ref: ObjectFieldSelector, allowed: readonly string[]): void {
  const { apiVersion, fieldPath } = ref
  if (!apiVersion) return place.at('apiVersion').required()
  if (!fieldPath) return place.at('fieldPath').required()
  const wrong = (why: string): void => place.at('fieldPath').invalid(fieldPath, `error converting fieldPath: ${why}`)
  if (apiVersion !== 'v1') return wrong(`unsupported pod version: ${apiVersion}`)
  const [, path, key = ''] = fieldPath.endsWith(']') ? (subscripted.exec(fieldPath) ?? []) : []
  if (path === 'metadata.annotations') return place.format(key.toLowerCase(), qualifiedName)
  if (path === 'metadata.labels') return place.format(key, qualifiedName)
  if (path !== undefined) return wrong(`field label does not support subscript: ${fieldPath}`)
  if (!known.has(fieldPath)) return wrong(`field label not supported: ${fieldPath}`)
  if (!allowed.includes(fieldPath)) place.at('fieldPath').unsupported(fieldPath, allowed)
  return undefined
}

const sizes = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei']
const isHuge = (resource: string): boolean => /^(?:limits|requests)\.hugepages-/.test(resource)

function checkDivisor(place: Place, resource: string, divisor: string): void {
  const wrong = (what: string, units: readonly string[]): void => {
    const shown = units.length === 2 ? units.join(' and ') : units.join(', ')
    if (!units.includes(canonical(divisor)))
      place.at('divisor').invalid(resource, `only divisor's values ${shown} are supported with the ${what} resource`)
  }
  if (resource.endsWith('.cpu')) wrong('cpu', ['1m', '1'])
  else if (resource.endsWith('.memory')) wrong('memory', sizes)
  else if (resource.endsWith('.ephemeral-storage')) wrong('local ephemeral storage', sizes)
  else if (isHuge(resource)) wrong('hugepages', sizes)
}

export function checkResourceRef(place: Place, ref: ResourceFieldSelector, inVolume: boolean): void {
  const { resource, divisor } = ref
  if (inVolume && !ref.containerName) place.at('containerName').required()
  else if (!resource) place.at('resource').required()
  else if (!resources.includes(resource) && !isHuge(resource)) place.at('resource').unsupported(resource, resources)
  if (divisor !== undefined && divisor !== '' && !isZero(divisor)) checkDivisor(place, resource ?? '', divisor)
}

function checkKeyRef(place: Place, ref: { readonly name?: string; readonly key?: string }): void {
  place.at('name').format(ref.name ?? '', dns1123Subdomain)
  place.at('key').named(ref.key, configMapKey)
}

type Source = NonNullable<EnvVar['valueFrom']>

function checkFileRef(place: Place, ref: NonNullable<Source['fileKeyRef']>): void {
  place.at('key').named(ref.key, environmentName)
  place.at('volumeName').named(ref.volumeName, dns1123Label)
  if (!ref.path) place.at('path').required()
  else checkNoBacksteps(place.at('path'), ref.path)
}

/** @returns how many sources there are. */
function checkSources(place: Place, source: Source): number {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source
  if (fieldRef) checkFieldRef(place.at('fieldRef'), fieldRef, inEnvironment)
  if (resourceFieldRef) checkResourceRef(place.at('resourceFieldRef'), resourceFieldRef, false)
  if (configMapKeyRef) checkKeyRef(place.at('configMapKeyRef'), configMapKeyRef)
  if (secretKeyRef) checkKeyRef(place.at('secretKeyRef'), secretKeyRef)
  if (fileKeyRef) checkFileRef(place.at('fileKeyRef'), fileKeyRef)
  return [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter(one => one !== undefined).length
}

const sourceNames =
  'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'
const severalSources = 'may not have more than one field specified at a time'

export function checkVariable(variable: EnvVar, place: Place): void {
  place.at('name').named(variable.name, environmentName)
  const { valueFrom } = variable
  if (valueFrom === undefined) return
  const from = place.at('valueFrom')
  const count = checkSources(from, valueFrom)
  if (count === 0) from.invalid('', sourceNames)
  else if (variable.value) from.invalid('', 'may not be specified when `value` is not empty')
  else if (count > 1) from.invalid('', severalSources)
}

export function checkEnvFrom(place: Place, list: readonly EnvFromSource[] | undefined): void {
  place.each(list, (source, at) => {
    if (source.prefix) at.at('prefix').format(source.prefix, environmentName)
    const { configMapRef, secretRef } = source
    if (configMapRef) at.at('configMapRef.name').named(configMapRef.name, dns1123Subdomain)
    if (secretRef) at.at('secretRef.name').named(secretRef.name, dns1123Subdomain)
    if (!configMapRef && !secretRef) place.invalid('', 'must specify one of: `configMapRef` or `secretRef`')
    else if (configMapRef && secretRef) place.invalid('', severalSources)
  })
}
