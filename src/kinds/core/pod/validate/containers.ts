/** Containers: what all of them must satisfy, and what differs for those that run first, always or for debugging. */
import { isSidecar } from '#kinds/facts/pods.ts'
import { dns1123Label, portName, portNumber } from '#api/names.ts'
import type { Container, ContainerPort, EphemeralContainer } from '#kinds/facts/generated/types/core_v1.ts'
import type { Place } from '../../../place.ts'
import type { PodContext } from './context.ts'
import { checkEnvFrom, checkVariable } from './env.ts'
import { checkDevices, checkMounts } from './mounts.ts'
import { checkLifecycle, checkProbes } from './probes.ts'
import { checkResources } from './resources.ts'
import { checkRestart } from './restart.ts'
import { checkSecurityContext } from './security.ts'

const protocols = ['SCTP', 'TCP', 'UDP']
const pullPolicies = ['Always', 'IfNotPresent', 'Never']
const messagePolicies = ['File', 'FallbackToLogsOnError']
const resizable = ['cpu', 'memory']
const resizePolicies = ['NotRequired', 'RestartContainer']

function checkPortNumber(place: Place, port: number): void {
  for (const problem of portNumber(port)) place.invalid(port, problem)
}

function checkPorts(list: Place, ports: readonly ContainerPort[]): void {
  const names = new Set<string>()
  list.each(ports, ({ name, containerPort, hostPort, protocol }, place) => {
    if (name) {
      const problems = portName(name)
      for (const problem of problems) place.at('name').invalid(name, problem)
      if (problems.length === 0 && names.has(name)) place.at('name').duplicate(name)
      names.add(name)
    }
    if (!containerPort) place.at('containerPort').required()
    else checkPortNumber(place.at('containerPort'), containerPort)
    if (hostPort) checkPortNumber(place.at('hostPort'), hostPort)
    place.at('protocol').oneOf(protocol, protocols)
  })
}

function checkResize(place: Place, container: Container, restartPolicy: string | undefined): void {
  const seen = new Set<string>()
  place.each(container.resizePolicy, (policy, at) => {
    if (seen.has(policy.resourceName)) at.duplicate(policy.resourceName)
    seen.add(policy.resourceName)
    place.oneOf(policy.resourceName, resizable)
    place.oneOf(policy.restartPolicy, resizePolicies)
    if (restartPolicy === 'Never' && policy.restartPolicy !== 'NotRequired')
      place.invalid(policy.restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'")
  })
}

function checkCommon(place: Place, container: Container, context: PodContext): void {
  place.at('name').named(container.name, dns1123Label)
  if (!container.image) place.at('image').required()
  place.at('terminationMessagePolicy').oneOf(container.terminationMessagePolicy, messagePolicies)
  if (container.ports !== undefined) checkPorts(place.at('ports'), container.ports)
  if (container.env !== undefined) place.at('env').each(container.env, checkVariable)
  if (container.envFrom !== undefined) checkEnvFrom(place.at('envFrom'), container.envFrom)
  if (container.volumeMounts !== undefined) checkMounts(place.at('volumeMounts'), container, context)
  if (container.volumeDevices !== undefined) checkDevices(place.at('volumeDevices'), container, context)
  place.at('imagePullPolicy').oneOf(container.imagePullPolicy, pullPolicies)
  checkResources(place.at('resources'), container.resources, context.claims)
  if (container.resizePolicy !== undefined) checkResize(place.at('resizePolicy'), container, context.spec.restartPolicy)
  if (container.securityContext !== undefined)
    checkSecurityContext(place.at('securityContext'), container.securityContext, context.spec)
}

/** No two ports of the list may be the same one of the host. */
function checkHostPorts(list: Place, containers: readonly Container[], seen = new Set<string>()): void {
  list.each(containers, (container, place) => {
    if (container.ports === undefined) return
    place.at('ports').each(container.ports, ({ protocol = '', hostIP = '', hostPort }, at) => {
      if (!hostPort) return
      const key = `${protocol}/${hostIP}/${hostPort}`
      if (seen.has(key)) at.at('hostPort').duplicate(key)
      seen.add(key)
    })
  })
}

export function checkContainers(list: Place, context: PodContext): void {
  const { containers } = context.spec
  if (containers.length === 0) return list.required()
  const names = new Set<string>()
  list.each(containers, (container, place) => {
    checkCommon(place, container, context)
    if (names.has(container.name)) place.at('name').duplicate(container.name)
    names.add(container.name)
    if (container.lifecycle !== undefined) checkLifecycle(place.at('lifecycle'), container.lifecycle, context)
    checkProbes(place, container)
    checkRestart(place, container)
  })
  checkHostPorts(list, containers)
  return undefined
}

const onlySidecars = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const

function checkOrder(place: Place, container: Container, context: PodContext): void {
  if (isSidecar(container)) {
    if (container.lifecycle !== undefined) checkLifecycle(place.at('lifecycle'), container.lifecycle, context)
    checkProbes(place, container)
    return
  }
  for (const name of onlySidecars)
    if (container[name] !== undefined)
      place.at(name).forbidden('may not be set for init containers without restartPolicy=Always')
  place.at('resizePolicy').each(container.resizePolicy, (policy, at) => {
    if (policy.restartPolicy === 'RestartContainer')
      at.at('restartPolicy').invalid(
        policy.restartPolicy,
        "must not be set to 'RestartContainer' for non-sidecar initContainers",
      )
  })
}

export function checkInitContainers(list: Place, context: PodContext): void {
  const { initContainers = [], containers } = context.spec
  const names = new Set(containers.map(one => one.name))
  list.each(initContainers, (container, place) => {
    checkCommon(place, container, context)
    checkRestart(place, container)
    if (names.has(container.name)) place.at('name').duplicate(container.name)
    if (container.name) names.add(container.name)
    checkHostPorts(list, [container])
    checkOrder(place, container, context)
  })
}

const neverForDebugging = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const
const forDebugging = 'cannot be set for an Ephemeral Container'

const isNothing = (value: unknown): boolean =>
  value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)

function checkEphemeral(place: Place, container: EphemeralContainer): void {
  for (const name of neverForDebugging) if (!isNothing(container[name])) place.at(name).forbidden(forDebugging)
  place.at('volumeMounts').each(container.volumeMounts, (mount, at) => {
    for (const name of ['subPath', 'subPathExpr'] as const) if (mount[name]) at.at(name).forbidden(forDebugging)
  })
}

export function checkEphemeralContainers(list: Place, context: PodContext): void {
  const { ephemeralContainers = [], initContainers = [], containers } = context.spec
  const others = new Set([...containers, ...initContainers].map(one => one.name))
  const names = new Set(others)
  list.each(ephemeralContainers, (container, place) => {
    checkCommon(place, container, context)
    checkImageText(place, container)
    if (names.has(container.name)) place.at('name').duplicate(container.name)
    names.add(container.name)
    const target = container.targetContainerName
    if (target && !others.has(target)) place.at('targetContainerName').notFound(target)
    checkEphemeral(place, container)
  })
}

/** Only in pods: templates with such images exist. */
export function checkImageText(place: Place, { image = '' }: { readonly image?: string }): void {
  if (image.trim() !== image) place.at('image').invalid(image, 'must not have leading or trailing whitespace')
}
