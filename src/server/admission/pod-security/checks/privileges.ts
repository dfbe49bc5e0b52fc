/** Rights that a container adds to its own, or does not give up. */
import { type AnyContainer, type Check, type Look, exceptWindows, named, namesOf, quoted, sorted } from './check.ts'

const privilegedContainers: Look = ({ containers }) => {
  const bad = containers.filter(one => one.securityContext?.privileged === true)
  if (bad.length === 0) return undefined
  const detail = `${named('container', namesOf(bad))} must not set securityContext.privileged=true`
  return { reason: 'privileged', detail }
}

export const privileged: Check = {
  id: 'privileged',
  level: 'baseline',
  revisions: [{ from: 0, look: privilegedContainers }],
}

const escalation: Look = ({ containers }) => {
  const bad = containers.filter(one => one.securityContext?.allowPrivilegeEscalation !== false)
  if (bad.length === 0) return undefined
  const detail = `${named('container', namesOf(bad))} must set securityContext.allowPrivilegeEscalation=false`
  return { reason: 'allowPrivilegeEscalation != false', detail }
}

export const allowPrivilegeEscalation: Check = {
  id: 'allowPrivilegeEscalation',
  level: 'restricted',
  revisions: [
    { from: 8, look: escalation },
    { from: 25, look: exceptWindows(escalation) },
  ],
}

/** What runtimes give without being asked. */
const usual: ReadonlySet<string> = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])
const bindOnly: ReadonlySet<string> = new Set(['NET_BIND_SERVICE'])

const added = (one: AnyContainer): readonly string[] => one.securityContext?.capabilities?.add ?? []

/** @returns '' where nobody adds anything else. */
function adding(containers: readonly AnyContainer[], allowed: ReadonlySet<string>): string {
  const bad = containers.filter(one => added(one).some(name => !allowed.has(name)))
  if (bad.length === 0) return ''
  const names = sorted(bad.flatMap(added).filter(name => !allowed.has(name)))
  return `${named('container', namesOf(bad))} must not include ${quoted(names)} in securityContext.capabilities.add`
}

export const capabilitiesBaseline: Check = {
  id: 'capabilities_baseline',
  level: 'baseline',
  revisions: [
    {
      from: 0,
      look: ({ containers }) => {
        const detail = adding(containers, usual)
        return detail === '' ? undefined : { reason: 'non-default capabilities', detail }
      },
    },
  ],
}

const dropsAll = (one: AnyContainer): boolean => one.securityContext?.capabilities?.drop?.includes('ALL') === true

const onlyBind: Look = ({ containers }) => {
  const keeping = namesOf(containers.filter(one => !dropsAll(one)))
  const missing =
    keeping.length === 0 ? '' : `${named('container', keeping)} must set securityContext.capabilities.drop=["ALL"]`
  const details = [missing, adding(containers, bindOnly)].filter(text => text !== '')
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') }
}

const overrides = [capabilitiesBaseline.id]

export const capabilitiesRestricted: Check = {
  id: 'capabilities_restricted',
  level: 'restricted',
  revisions: [
    { from: 22, look: onlyBind, overrides },
    { from: 25, look: exceptWindows(onlyBind), overrides },
  ],
}
