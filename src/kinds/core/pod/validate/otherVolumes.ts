/** Sources of volumes that few use and most drivers have left behind: only what they cannot do without is checked. */
import type { Volume } from '#kinds/facts/generated/types/core_v1.ts'
import type { Place } from '../../../place.ts'
import { checkDescending } from './paths.ts'

type Fields = Readonly<Record<string, unknown>>

/** By source: the fields that must not be empty. */
const required: Readonly<Record<string, readonly string[]>> = {
  nfs: ['server', 'path'],
  gitRepo: ['repository'],
  iscsi: ['targetPortal', 'iqn'],
  glusterfs: ['endpoints', 'path'],
  rbd: ['monitors', 'image'],
  cephfs: ['monitors'],
  azureFile: ['secretName', 'shareName'],
  azureDisk: ['diskName', 'diskURI'],
  vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  gcePersistentDisk: ['pdName'],
  awsElasticBlockStore: ['volumeID'],
  flexVolume: ['driver'],
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === '' || (Array.isArray(value) && value.length === 0)

const fields = (source: object): Fields => Object.fromEntries(Object.entries(source))

function checkRequired(place: Place, kind: string, source: object): void {
  const given = fields(source)
  for (const name of required[kind] ?? []) if (isEmpty(given[name])) place.at(name).required()
}

const byKind = Object.fromEntries(
  Object.keys(required).map(kind => [kind, (place: Place, source: object) => checkRequired(place, kind, source)]),
)

export const otherSources: Readonly<Record<string, (place: Place, source: never) => void>> = {
  ...byKind,
  nfs: (place: Place, source: NonNullable<Volume['nfs']>) => {
    checkRequired(place, 'nfs', source)
    if (!source.path?.startsWith('/')) place.at('path').invalid(source.path ?? '', 'must be an absolute path')
  },
  gitRepo: (place: Place, source: NonNullable<Volume['gitRepo']>) => {
    checkRequired(place, 'gitRepo', source)
    checkDescending(place.at('directory'), source.directory ?? '')
  },
}
