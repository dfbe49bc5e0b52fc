/** What a pod asks for as a whole: users, volumes, kernel parameters. */
import type { Volume } from '#kinds/facts/generated/types/core_v1.ts'
import { type Check, type Look, counted, named, namesOf, quoted, setters, sorted, unlessOwnUsers } from './check.ts'
import { hostPathVolumes } from './host.ts'

const nonRoot: Look = ({ spec, containers }) => {
  const ofPod = spec.securityContext?.runAsNonRoot
  const reason = 'runAsNonRoot != true'
  const who = setters(
    ofPod === false,
    containers.filter(one => one.securityContext?.runAsNonRoot === false),
  )
  if (who !== '') return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` }
  if (ofPod === true) return undefined
  const bare = containers.filter(one => one.securityContext?.runAsNonRoot === undefined)
  if (bare.length === 0) return undefined
  return { reason, detail: `pod or ${named('container', namesOf(bare))} must set securityContext.runAsNonRoot=true` }
}

export const runAsNonRoot: Check = {
  id: 'runAsNonRoot',
  level: 'restricted',
  revisions: [
    { from: 0, look: nonRoot },
    { from: 35, look: unlessOwnUsers(nonRoot) },
  ],
}

const notUserZero: Look = ({ spec, containers }) => {
  const who = setters(
    spec.securityContext?.runAsUser === 0,
    containers.filter(one => one.securityContext?.runAsUser === 0),
  )
  return who === '' ? undefined : { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` }
}

export const runAsUser: Check = {
  id: 'runAsUser',
  level: 'restricted',
  revisions: [
    { from: 23, look: notUserZero },
    { from: 35, look: unlessOwnUsers(notUserZero) },
  ],
}

type Source = Exclude<keyof Volume, 'name'>

const allowedSources: readonly Source[] = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

/** In the order in which they are looked for. */
const otherSources: readonly Source[] = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'gitRepo',
  'nfs',
  'iscsi',
  'glusterfs',
  'rbd',
  'flexVolume',
  'cinder',
  'cephfs',
  'flocker',
  'fc',
  'azureFile',
  'vsphereVolume',
  'quobyte',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'storageos',
]

const isOf = (volume: Volume, sources: readonly Source[]): boolean =>
  sources.some(source => volume[source] !== undefined)

const plainVolumes: Look = ({ spec: { volumes = [] } }) => {
  const bad = volumes.filter(volume => !isOf(volume, allowedSources))
  if (bad.length === 0) return undefined
  const types = sorted(bad.map(volume => otherSources.find(source => volume[source] !== undefined) ?? 'unknown'))
  const who = named(
    'volume',
    bad.map(volume => volume.name),
  )
  return {
    reason: 'restricted volume types',
    detail: `${who} ${counted('uses', bad.length, 'use')} ${counted('restricted volume type', types.length)} ${quoted(types)}`,
  }
}

export const restrictedVolumes: Check = {
  id: 'restrictedVolumes',
  level: 'restricted',
  revisions: [{ from: 0, look: plainVolumes, overrides: [hostPathVolumes.id] }],
}

const only =
  (...allowed: readonly string[]): Look =>
  ({ spec }) => {
    const bad = (spec.securityContext?.sysctls ?? []).map(one => one.name).filter(name => !allowed.includes(name))
    return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') }
  }

/** Those that concern the pod's own namespaces alone. */
const sysctls0 = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
]
const sysctls27 = [...sysctls0, 'net.ipv4.ip_local_reserved_ports']
const sysctls29 = [
  ...sysctls27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
]
const sysctls32 = [...sysctls29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']

export const sysctls: Check = {
  id: 'sysctls',
  level: 'baseline',
  revisions: [
    { from: 0, look: only(...sysctls0) },
    { from: 27, look: only(...sysctls27) },
    { from: 29, look: only(...sysctls29) },
    { from: 32, look: only(...sysctls32) },
  ],
}
