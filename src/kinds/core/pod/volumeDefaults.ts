/** Defaults of the volumes of pods and templates. */
import { each, fill, put, within } from '../../fill.ts'
import type {
  DownwardAPIVolumeFile,
  ObjectFieldSelector,
  PersistentVolumeClaimSpec,
  Volume,
  VolumeProjection,
} from '#kinds/facts/generated/types/core_v1.ts'
import { claimDefaults } from '../claimDefaults.ts'
import { pullPolicyOf } from './image.ts'

/** 0644. */
const mode = { defaultMode: 420 } as const
const hour = { expirationSeconds: 3600 } as const
const v1: Partial<ObjectFieldSelector> = { apiVersion: 'v1' }

const file = (one: DownwardAPIVolumeFile): DownwardAPIVolumeFile => within(one, 'fieldRef', ref => fill(ref, v1))

function projection(one: VolumeProjection): VolumeProjection {
  const tokened = within(one, 'serviceAccountToken', token => fill(token, hour))
  return within(tokened, 'downwardAPI', api => within(api, 'items', items => each(items, file)))
}

const claim = (spec: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec => claimDefaults(spec)

const changes: { readonly [K in keyof Volume]?: (volume: Volume) => Volume } = {
  secret: volume => within(volume, 'secret', one => fill(one, mode)),
  configMap: volume => within(volume, 'configMap', one => fill(one, mode)),
  projected: volume =>
    within(volume, 'projected', one => within(fill(one, mode), 'sources', sources => each(sources, projection))),
  downwardAPI: volume =>
    within(volume, 'downwardAPI', one => within(fill(one, mode), 'items', items => each(items, file))),
  hostPath: volume => within(volume, 'hostPath', one => (one.type === undefined ? { ...one, type: '' as const } : one)),
  ephemeral: volume =>
    within(volume, 'ephemeral', one =>
      within(one, 'volumeClaimTemplate', template => put(template, 'spec', claim(template.spec ?? {}))),
    ),
  image: volume =>
    within(volume, 'image', one => (one.pullPolicy ? one : { ...one, pullPolicy: pullPolicyOf(one.reference) })),
  iscsi: volume => within(volume, 'iscsi', one => fill(one, { iscsiInterface: 'default' })),
  rbd: volume => within(volume, 'rbd', one => fill(one, { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' })),
  azureDisk: volume =>
    within(volume, 'azureDisk', one =>
      fill(one, { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false }),
    ),
  scaleIO: volume => within(volume, 'scaleIO', one => fill(one, { storageMode: 'ThinProvisioned', fsType: 'xfs' })),
}

/** A volume without a source is an empty directory. */
export function volumeDefaults(volume: Volume): Volume {
  let result = volume
  let sources = 0
  for (const key in volume) {
    if (key === 'name' || Reflect.get(volume, key) === undefined) continue
    sources++
    const change = Reflect.get(changes, key) as ((volume: Volume) => Volume) | undefined
    if (change !== undefined) result = change(result)
  }
  return sources === 0 ? { ...volume, emptyDir: {} } : result
}
