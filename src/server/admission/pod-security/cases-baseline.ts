/** For tests: pods for the checks of baseline. */
import { type Case, type Give, ofType, ownUsers, volume } from './cases.ts'

const armor = 'container.apparmor.security.beta.kubernetes.io/'
const seccomp = 'seccomp.security.alpha.kubernetes.io/pod'
const sysctl = (...names: readonly string[]): Give => ({
  context: { sysctls: names.map(name => ({ name, value: '0' })) },
})
const probe = (host: string) => ({ tcpSocket: { port: 80, host } })

export const baseline: readonly Case[] = [
  {
    check: 'privileged',
    level: 'baseline',
    give: { secure: { privileged: true } },
    text: 'privileged (container "main" must not set securityContext.privileged=true)',
  },
  {
    check: 'privileged',
    give: { init: { privileged: true }, secure: { privileged: true }, debug: { privileged: true } },
    text: 'privileged (containers "init", "main", "debug" must not set securityContext.privileged=true)',
    unit: true,
  },
  { check: 'privileged', give: { secure: { privileged: false } }, text: '' },
  {
    check: 'capabilities_baseline',
    level: 'baseline',
    give: { secure: { capabilities: { add: ['NET_RAW', 'CHOWN', 'BPF'] } } },
    text: 'non-default capabilities (container "main" must not include "BPF", "NET_RAW" in securityContext.capabilities.add)',
  },
  {
    check: 'capabilities_baseline',
    level: 'restricted',
    give: { secure: { capabilities: { add: ['NET_RAW'], drop: ['ALL'] } } },
    text: 'non-default capabilities (container "main" must not include "NET_RAW" in securityContext.capabilities.add)',
    until: 22,
  },
  {
    check: 'capabilities_baseline',
    level: 'baseline',
    give: { init: { capabilities: { add: ['chown', 'CAP_CHOWN'] } } },
    text: 'non-default capabilities (container "init" must not include "CAP_CHOWN", "chown" in securityContext.capabilities.add)',
  },
  {
    check: 'capabilities_baseline',
    level: 'baseline',
    give: { secure: { capabilities: { add: ['CHOWN', 'MKNOD', 'SYS_CHROOT'] } } },
    text: '',
  },
  { check: 'hostNamespaces', give: { spec: { hostNetwork: true } }, text: 'host namespaces (hostNetwork=true)' },
  {
    check: 'hostNamespaces',
    give: { spec: { hostIPC: true, hostPID: true } },
    text: 'host namespaces (hostPID=true, hostIPC=true)',
  },
  { check: 'hostNamespaces', give: { spec: { hostPID: false, shareProcessNamespace: true } }, text: '' },
  {
    check: 'hostPathVolumes',
    level: 'baseline',
    give: volume({ hostPath: { path: '/' } }),
    text: 'hostPath volumes (volume "v")',
  },
  { check: 'hostPathVolumes', level: 'baseline', give: volume({ nfs: { server: 's', path: '/' } }), text: '' },
  {
    check: 'hostPorts',
    give: { main: { ports: [{ containerPort: 80, hostPort: 80 }] } },
    text: 'hostPort (container "main" uses hostPort 80)',
  },
  {
    check: 'hostPorts',
    give: {
      main: {
        ports: [
          { containerPort: 9, hostPort: 9 },
          { containerPort: 10, hostPort: 10 },
        ],
      },
    },
    text: 'hostPort (container "main" uses hostPorts 10, 9)',
  },
  { check: 'hostPorts', give: { main: { ports: [{ containerPort: 80, hostPort: 0 }] } }, text: '' },
  {
    check: 'hostProbesAndHostLifecycle',
    give: { main: { livenessProbe: { httpGet: { port: 80, host: '169.254.169.254' } } } },
    text: 'probe or lifecycle host (container "main" uses probe or lifecycle host "169.254.169.254")',
    from: 34,
  },
  {
    check: 'hostProbesAndHostLifecycle',
    give: {
      main: {
        readinessProbe: probe('b'),
        startupProbe: probe('a'),
        lifecycle: { postStart: { httpGet: { port: 80, host: 'd' } }, preStop: probe('c') },
      },
    },
    text: 'probe or lifecycle host (container "main" uses probe or lifecycle hosts "a", "b", "c", "d")',
    from: 34,
  },
  { check: 'hostProbesAndHostLifecycle', give: { main: { livenessProbe: { httpGet: { port: 80 } } } }, text: '' },
  {
    check: 'procMount',
    level: 'baseline',
    give: { secure: { procMount: 'Unmasked' }, spec: ownUsers },
    text: 'procMount (container "main" must not set securityContext.procMount to "Unmasked")',
    until: 35,
  },
  {
    check: 'procMount',
    level: 'baseline',
    give: { secure: { procMount: 'Unmasked' } },
    text: 'procMount (container "main" must not set securityContext.procMount to "Unmasked")',
    unit: true,
  },
  { check: 'procMount', give: { secure: { procMount: 'Default' } }, text: '' },
  {
    check: 'appArmorProfile',
    give: { context: { appArmorProfile: ofType('Unconfined') } },
    text: 'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
  },
  {
    check: 'appArmorProfile',
    give: {
      context: { appArmorProfile: ofType('Unconfined') },
      init: { appArmorProfile: ofType('Other') },
      annotations: { [`${armor}main`]: 'unconfined' },
    },
    text: `forbidden AppArmor profiles (pod and container "init" and annotation must not set AppArmor profile type to "Other", "Unconfined", "${armor}main="unconfined"")`,
    unit: true,
  },
  {
    check: 'appArmorProfile',
    give: { annotations: { [`${armor}a`]: 'unconfined', [`${armor}b`]: 'other' } },
    text: `forbidden AppArmor profiles (annotations must not set AppArmor profile type to "${armor}a="unconfined"", "${armor}b="other"")`,
    unit: true,
  },
  {
    check: 'appArmorProfile',
    give: { secure: { appArmorProfile: ofType('Localhost') }, annotations: { [`${armor}main`]: 'localhost/x.json' } },
    text: '',
  },
  {
    check: 'seLinuxOptions',
    give: { context: { seLinuxOptions: { type: 'spc_t' } } },
    text: 'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t")',
  },
  {
    check: 'seLinuxOptions',
    give: {
      context: { seLinuxOptions: { type: 'a', user: 'u' } },
      secure: { seLinuxOptions: { type: 'b', role: 'r' } },
      init: { seLinuxOptions: { level: 's0' } },
    },
    text: 'seLinuxOptions (pod and container "main" set forbidden securityContext.seLinuxOptions: types "a", "b"; user may not be set; role may not be set)',
  },
  {
    check: 'seLinuxOptions',
    give: { secure: { seLinuxOptions: { type: 'container_engine_t' } } },
    text: 'seLinuxOptions (container "main" set forbidden securityContext.seLinuxOptions: type "container_engine_t")',
    until: 31,
  },
  { check: 'seLinuxOptions', give: { context: { seLinuxOptions: { type: 'container_t', level: 's0' } } }, text: '' },
  {
    check: 'seccompProfile_baseline',
    give: { annotations: { [seccomp]: 'unconfined', [`container.${seccomp.slice(0, -3)}main`]: 'x' } },
    text: `seccompProfile (forbidden annotations container.${seccomp.slice(0, -3)}main="x", ${seccomp}="unconfined")`,
    until: 19,
  },
  {
    check: 'seccompProfile_baseline',
    give: { annotations: { [seccomp]: 'docker/default', [`container.${seccomp.slice(0, -3)}other`]: 'x' } },
    text: '',
  },
  {
    check: 'seccompProfile_baseline',
    level: 'baseline',
    give: { context: { seccompProfile: ofType('Unconfined') }, init: { seccompProfile: ofType('Unconfined') } },
    text: 'seccompProfile (pod and container "init" must not set securityContext.seccompProfile.type to "Unconfined")',
    from: 19,
  },
  { check: 'seccompProfile_baseline', give: { secure: { seccompProfile: ofType('Localhost') } }, text: '' },
  {
    check: 'sysctls',
    give: sysctl('kernel.msgmax', 'net/ipv4/tcp_syncookies'),
    text: 'forbidden sysctls (kernel.msgmax, net/ipv4/tcp_syncookies)',
  },
  {
    check: 'sysctls',
    give: sysctl('net.ipv4.ip_local_reserved_ports'),
    text: 'forbidden sysctls (net.ipv4.ip_local_reserved_ports)',
    until: 27,
  },
  {
    check: 'sysctls',
    give: sysctl('net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout'),
    text: 'forbidden sysctls (net.ipv4.tcp_keepalive_time, net.ipv4.tcp_fin_timeout)',
    until: 29,
  },
  {
    check: 'sysctls',
    give: sysctl('net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'),
    text: 'forbidden sysctls (net.ipv4.tcp_rmem, net.ipv4.tcp_wmem)',
    until: 32,
  },
  { check: 'sysctls', give: sysctl('kernel.shm_rmid_forced', 'net.ipv4.ip_unprivileged_port_start'), text: '' },
  {
    check: 'windowsHostProcess',
    give: {
      context: { windowsOptions: { hostProcess: true } },
      secure: { windowsOptions: { hostProcess: true } },
    },
    text: 'hostProcess (pod and container "main" must not set securityContext.windowsOptions.hostProcess=true)',
    unit: true,
  },
  { check: 'windowsHostProcess', give: { context: { windowsOptions: { hostProcess: false } } }, text: '' },
]
