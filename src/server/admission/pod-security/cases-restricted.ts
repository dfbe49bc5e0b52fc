/** For tests: pods for the checks of restricted. */
import { type Case, ofType, ownUsers, volume } from './cases.ts'

const bare = { capabilities: undefined }
const windows = { os: { name: 'windows' } }

const escalates = (names: string): string =>
  `allowPrivilegeEscalation != false (${names} must set securityContext.allowPrivilegeEscalation=false)`

const pods: readonly Case[] = [
  {
    check: 'allowPrivilegeEscalation',
    give: { secure: { allowPrivilegeEscalation: undefined } },
    text: escalates('container "main"'),
    from: 8,
  },
  {
    check: 'allowPrivilegeEscalation',
    give: { init: { allowPrivilegeEscalation: true }, secure: { allowPrivilegeEscalation: true } },
    text: escalates('containers "init", "main"'),
    from: 8,
  },
  {
    check: 'allowPrivilegeEscalation',
    give: { debug: { allowPrivilegeEscalation: undefined } },
    text: escalates('container "debug"'),
    from: 8,
    unit: true,
  },
  {
    check: 'allowPrivilegeEscalation',
    give: { secure: { allowPrivilegeEscalation: undefined }, spec: windows },
    text: escalates('container "main"'),
    from: 8,
    until: 25,
    unit: true,
  },
  { check: 'allowPrivilegeEscalation', give: {}, text: '' },
  {
    check: 'capabilities_restricted',
    give: { secure: bare, init: { capabilities: { drop: ['all'] } } },
    text: 'unrestricted capabilities (containers "init", "main" must set securityContext.capabilities.drop=["ALL"])',
    from: 22,
  },
  {
    check: 'capabilities_restricted',
    give: { secure: { capabilities: { add: ['CHOWN'], drop: ['ALL'] } } },
    text: 'unrestricted capabilities (container "main" must not include "CHOWN" in securityContext.capabilities.add)',
    from: 22,
  },
  {
    check: 'capabilities_restricted',
    give: { secure: { capabilities: { add: ['SETUID'] } } },
    text: 'unrestricted capabilities (container "main" must set securityContext.capabilities.drop=["ALL"]; container "main" must not include "SETUID" in securityContext.capabilities.add)',
    from: 22,
  },
  {
    check: 'capabilities_restricted',
    give: { secure: bare, spec: windows },
    text: 'unrestricted capabilities (container "main" must set securityContext.capabilities.drop=["ALL"])',
    from: 22,
    until: 25,
    unit: true,
  },
  {
    check: 'capabilities_restricted',
    give: { secure: { capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] } } },
    text: '',
  },
  {
    check: 'procMount_restricted',
    give: { secure: { procMount: 'Unmasked' }, spec: ownUsers },
    text: 'procMount (container "main" must not set securityContext.procMount to "Unmasked")',
  },
  { check: 'procMount_restricted', give: { secure: { procMount: 'Default' } }, text: '' },
  {
    check: 'restrictedVolumes',
    give: volume({ hostPath: { path: '/' } }),
    text: 'restricted volume types (volume "v" uses restricted volume type "hostPath")',
  },
  {
    check: 'restrictedVolumes',
    give: {
      spec: {
        volumes: [
          { name: 'a', nfs: { server: 's', path: '/' } },
          { name: 'b', gcePersistentDisk: { pdName: 'd' } },
          { name: 'c', emptyDir: {} },
        ],
      },
    },
    text: 'restricted volume types (volumes "a", "b" use restricted volume types "gcePersistentDisk", "nfs")',
  },
  {
    check: 'restrictedVolumes',
    give: volume({ later: {} }),
    text: 'restricted volume types (volume "v" uses restricted volume type "unknown")',
    unit: true,
  },
  ...[
    { configMap: { name: 'c' } },
    { csi: { driver: 'd' } },
    { downwardAPI: { items: [] } },
    { emptyDir: {} },
    {
      ephemeral: {
        volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1' } } } },
      },
    },
    { image: { reference: 'i' } },
    { persistentVolumeClaim: { claimName: 'c' } },
    { projected: { sources: [] } },
    { secret: { secretName: 's' } },
  ].map((source): Case => ({ check: 'restrictedVolumes', give: volume(source), text: '' })),
  {
    check: 'runAsNonRoot',
    give: { context: { runAsNonRoot: undefined }, init: { runAsNonRoot: true } },
    text: 'runAsNonRoot != true (pod or container "main" must set securityContext.runAsNonRoot=true)',
  },
  {
    check: 'runAsNonRoot',
    give: { context: { runAsNonRoot: false }, secure: { runAsNonRoot: true }, init: { runAsNonRoot: false } },
    text: 'runAsNonRoot != true (pod and container "init" must not set securityContext.runAsNonRoot=false)',
  },
  {
    check: 'runAsNonRoot',
    give: { secure: { runAsNonRoot: false }, spec: ownUsers },
    text: 'runAsNonRoot != true (container "main" must not set securityContext.runAsNonRoot=false)',
    until: 35,
  },
  { check: 'runAsNonRoot', give: { context: { runAsNonRoot: undefined }, secure: { runAsNonRoot: true } }, text: '' },
  {
    check: 'runAsUser',
    give: { context: { runAsUser: 0 }, secure: { runAsUser: 0 } },
    text: 'runAsUser=0 (pod and container "main" must not set runAsUser=0)',
    from: 23,
  },
  {
    check: 'runAsUser',
    give: { init: { runAsUser: 0 }, spec: ownUsers },
    text: 'runAsUser=0 (container "init" must not set runAsUser=0)',
    from: 23,
    until: 35,
  },
  { check: 'runAsUser', give: { context: { runAsUser: 1 }, secure: { runAsUser: 1000 } }, text: '' },
  {
    check: 'seccompProfile_restricted',
    give: { context: { seccompProfile: undefined }, init: { seccompProfile: ofType('RuntimeDefault') } },
    text: 'seccompProfile (pod or container "main" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    from: 19,
  },
  {
    check: 'seccompProfile_restricted',
    give: { secure: { seccompProfile: ofType('Unconfined') } },
    text: 'seccompProfile (container "main" must not set securityContext.seccompProfile.type to "Unconfined")',
    from: 19,
  },
  {
    check: 'seccompProfile_restricted',
    give: { context: { seccompProfile: undefined }, spec: windows },
    text: 'seccompProfile (pod or container "main" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    from: 19,
    until: 25,
    unit: true,
  },
  {
    check: 'seccompProfile_restricted',
    give: { context: { seccompProfile: undefined }, secure: { seccompProfile: ofType('Localhost') } },
    text: '',
  },
]

export const restricted: readonly Case[] = pods.map(one => ({ ...one, level: 'restricted' }))
