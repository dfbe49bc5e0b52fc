/** The spec of a pod or of a template. */
import { dns1123Label, dns1123Subdomain, qualifiedName } from '#api/names.ts'
import type { ObjectMeta } from '#api/metadata.ts'
import type { PodResourceClaim, PodSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { checkLabels } from '../../../meta.ts'
import type { Place } from '../../../place.ts'
import type { PodContext } from './context.ts'
import { checkContainers, checkEphemeralContainers, checkInitContainers } from './containers.ts'
import { checkDNS, checkHostAliases, checkHostnames } from './dns.ts'
import { checkPodResources, checkResources, exceeds } from './resources.ts'
import { checkAffinity, checkSpread, checkTolerations } from './scheduling.ts'
import { checkPodSecurityContext } from './security.ts'
import { checkHostUsers, checkOS, eachContainer } from './system.ts'
import { checkVolumes } from './volumes.ts'

const restartPolicies = ['Always', 'OnFailure', 'Never']
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const preemptions = ['PreemptLowerPriority', 'Never']
const longest = 2 ** 31 - 1

function checkClaims(list: Place, claims: readonly PodResourceClaim[]): void {
  const names = new Set<string>()
  list.each(claims, (claim, place) => {
    const { name, resourceClaimName: direct, resourceClaimTemplateName: template } = claim
    if (names.has(name) && name) place.at('name').duplicate(name)
    else place.at('name').named(name, dns1123Label)
    names.add(name)
    if (direct !== undefined && template !== undefined)
      place.invalid(claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified')
    if (direct === undefined && template === undefined)
      place.invalid(claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`')
    if (direct !== undefined) place.at('resourceClaimName').format(direct, dns1123Subdomain)
    if (template !== undefined) place.at('resourceClaimTemplateName').format(template, dns1123Subdomain)
  })
}

/** On the host's network a port of the container is one of the host. */
function checkHostNetwork(place: Place, { spec, metadata }: PodContext): void {
  place.at('containers').each(spec.containers, ({ ports }, container) =>
    container.at('ports').each(ports, ({ hostPort = 0, containerPort }, at) => {
      if ((metadata !== undefined || hostPort !== 0) && hostPort !== containerPort)
        at.at('hostPort').invalid(hostPort, 'must match `containerPort` when `hostNetwork` is true')
    }),
  )
}

const checkReadiness = (list: Place, gates: NonNullable<PodSpec['readinessGates']>): void =>
  list.each(gates, (gate, at) => at.at('conditionType').format(gate.conditionType, qualifiedName))

function checkGates(list: Place, gates: NonNullable<PodSpec['schedulingGates']>): void {
  const names = new Set<string>()
  list.each(gates, ({ name }, at) => {
    at.format(name, qualifiedName)
    if (names.has(name)) at.duplicate(name)
    names.add(name)
  })
}

const namedFields = ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName'] as const

function checkNames(place: Place, spec: PodSpec): void {
  for (const field of namedFields) {
    const name = spec[field]
    if (name) place.at(field).format(name, dns1123Subdomain)
  }
}

function checkWholeResources(place: Place, spec: PodSpec): void {
  const { resources } = spec
  if (resources === undefined) return
  const at = place.at('resources')
  if (spec.os?.name === 'windows') return at.forbidden('may not be set for a windows pod')
  checkPodResources(at, resources)
  spec.containers.forEach((container, index) => {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const most = resources.limits?.[name]
      if (most !== undefined && exceeds(limit, most))
        at.at('containers')
          .item(index)
          .key(name)
          .at('limits')
          .invalid(limit, `must be less than or equal to pod limits of ${most}`)
    }
  })
  return undefined
}

/** Variables from files need the volume that the files are in. */
function checkFileVolumes(place: Place, spec: PodSpec): void {
  eachContainer(place, spec, ({ env }, container) => {
    if (env?.some(one => one.valueFrom?.fileKeyRef !== undefined) !== true) return
    container.at('env').each(env, ({ valueFrom }, at) => {
      const name = valueFrom?.fileKeyRef?.volumeName
      if (name === undefined) return
      const where = at.at('valueFrom.fileKeyRef.volumeName')
      const volume = spec.volumes?.find(one => one.name === name)
      if (volume === undefined) where.notFound(name)
      else if (volume.emptyDir === undefined) where.invalid(name, 'referenced volume must be of type emptyDir')
    })
  })
}

function checkRest(place: Place, spec: PodSpec): void {
  const { activeDeadlineSeconds: deadline, preemptionPolicy } = spec
  if (deadline !== undefined && (deadline < 1 || deadline > longest))
    place.at('activeDeadlineSeconds').invalid(deadline, `must be between 1 and ${longest}, inclusive`)
  if (preemptionPolicy !== undefined) place.at('preemptionPolicy').oneOf(preemptionPolicy, preemptions)
  if (spec.overhead !== undefined) checkResources(place.at('overhead'), { limits: spec.overhead }, new Set())
  if (spec.os !== undefined) checkOS(place, spec)
}

function checkPlacement(place: Place, spec: PodSpec): void {
  if (spec.nodeSelector !== undefined) checkLabels(place.at('nodeSelector'), spec.nodeSelector)
  if (spec.affinity !== undefined) checkAffinity(place.at('affinity'), spec.affinity)
  if (spec.tolerations !== undefined) checkTolerations(place.at('tolerations'), spec.tolerations)
  if (spec.topologySpreadConstraints !== undefined)
    checkSpread(place.at('topologySpreadConstraints'), spec.topologySpreadConstraints)
}

const noClaims: ReadonlySet<string> = new Set()

/** @param metadata the pod's own; absent in templates. */
export function checkPodSpec(place: Place, spec: PodSpec, metadata: ObjectMeta | undefined): void {
  if (spec.terminationGracePeriodSeconds === undefined) place.at('terminationGracePeriodSeconds').required()
  const volumes = checkVolumes(place.at('volumes'), spec.volumes, metadata)
  const { resourceClaims } = spec
  if (resourceClaims !== undefined) checkClaims(place.at('resourceClaims'), resourceClaims)
  const claims = resourceClaims === undefined ? noClaims : new Set(resourceClaims.map(one => one.name))
  const context: PodContext = { spec, volumes, claims, metadata }
  checkContainers(place.at('containers'), context)
  if (spec.initContainers !== undefined) checkInitContainers(place.at('initContainers'), context)
  if (spec.ephemeralContainers !== undefined) checkEphemeralContainers(place.at('ephemeralContainers'), context)
  checkWholeResources(place, spec)
  if (spec.hostNetwork === true) checkHostNetwork(place, context)
  place.at('restartPolicy').oneOf(spec.restartPolicy, restartPolicies)
  place.at('dnsPolicy').oneOf(spec.dnsPolicy, dnsPolicies)
  if (spec.securityContext !== undefined)
    checkPodSecurityContext(place.at('securityContext'), spec.securityContext, spec)
  checkDNS(place.at('dnsConfig'), spec)
  if (spec.readinessGates !== undefined) checkReadiness(place.at('readinessGates'), spec.readinessGates)
  if (spec.schedulingGates !== undefined) checkGates(place.at('schedulingGates'), spec.schedulingGates)
  checkHostUsers(place, spec)
  checkHostnames(place, spec)
  checkNames(place, spec)
  if (spec.hostAliases !== undefined) checkHostAliases(place.at('hostAliases'), spec.hostAliases)
  checkPlacement(place, spec)
  checkRest(place, spec)
  checkFileVolumes(place, spec)
}
