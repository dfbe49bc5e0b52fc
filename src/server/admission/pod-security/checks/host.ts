/** What of the machine a pod reaches into. */
import type { LifecycleHandler, Probe } from '#kinds/facts/generated/types/core_v1.ts'
import { type AnyContainer, type Check, type Look, counted, named, namesOf, quoted, setters, sorted } from './check.ts'

const shared = ['hostNetwork', 'hostPID', 'hostIPC'] as const

export const hostNamespaces: Check = {
  id: 'hostNamespaces',
  level: 'baseline',
  revisions: [
    {
      from: 0,
      look: ({ spec }) => {
        const set = shared.filter(name => spec[name] === true)
        if (set.length === 0) return undefined
        return { reason: 'host namespaces', detail: set.map(name => `${name}=true`).join(', ') }
      },
    },
  ],
}

export const hostPathVolumes: Check = {
  id: 'hostPathVolumes',
  level: 'baseline',
  revisions: [
    {
      from: 0,
      look: ({ spec }) => {
        const bad = (spec.volumes ?? []).filter(volume => volume.hostPath !== undefined)
        if (bad.length === 0) return undefined
        return {
          reason: 'hostPath volumes',
          detail: named(
            'volume',
            bad.map(volume => volume.name),
          ),
        }
      },
    },
  ],
}

const portsOf = (one: AnyContainer): readonly string[] =>
  (one.ports ?? []).flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : [String(hostPort)]))

export const hostPorts: Check = {
  id: 'hostPorts',
  level: 'baseline',
  revisions: [
    {
      from: 0,
      look: ({ containers }) => {
        const bad = containers.filter(one => portsOf(one).length > 0)
        if (bad.length === 0) return undefined
        const ports = sorted(bad.flatMap(portsOf))
        const who = `${named('container', namesOf(bad))} ${counted('uses', bad.length, 'use')}`
        return { reason: 'hostPort', detail: `${who} ${counted('hostPort', ports.length)} ${ports.join(', ')}` }
      },
    },
  ],
}

const hostsIn = (asked: Probe | LifecycleHandler | undefined): readonly string[] =>
  [asked?.httpGet?.host, asked?.tcpSocket?.host].flatMap(host => (host === undefined || host === '' ? [] : [host]))

const hostsOf = (one: AnyContainer): readonly string[] => [
  ...hostsIn(one.livenessProbe),
  ...hostsIn(one.readinessProbe),
  ...hostsIn(one.startupProbe),
  ...hostsIn(one.lifecycle?.postStart),
  ...hostsIn(one.lifecycle?.preStop),
]

/** The node's agent makes these requests, from where a pod could not. */
const foreignHosts: Look = ({ containers }) => {
  const bad = containers.filter(one => hostsOf(one).length > 0)
  if (bad.length === 0) return undefined
  const reason = 'probe or lifecycle host'
  const hosts = sorted(bad.flatMap(hostsOf))
  const who = `${named('container', sorted(namesOf(bad)))} ${counted('uses', bad.length, 'use')}`
  return { reason, detail: `${who} ${counted(reason, hosts.length)} ${quoted(hosts)}` }
}

export const hostProbesAndHostLifecycle: Check = {
  id: 'hostProbesAndHostLifecycle',
  level: 'baseline',
  revisions: [{ from: 34, look: foreignHosts }],
}

export const windowsHostProcess: Check = {
  id: 'windowsHostProcess',
  level: 'baseline',
  revisions: [
    {
      from: 0,
      look: ({ spec, containers }) => {
        const bad = containers.filter(one => one.securityContext?.windowsOptions?.hostProcess === true)
        const who = setters(spec.securityContext?.windowsOptions?.hostProcess === true, bad)
        if (who === '') return undefined
        return { reason: 'hostProcess', detail: `${who} must not set securityContext.windowsOptions.hostProcess=true` }
      },
    },
  ],
}
