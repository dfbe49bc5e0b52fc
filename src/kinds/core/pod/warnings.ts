/** What clients are told of pods and templates that are accepted, and perhaps not meant so. */
import type { ObjectMeta } from '#api/metadata.ts'
import { dns1123Label } from '#api/names.ts'
import type {
  Container,
  ContainerPort,
  EnvVar,
  NodeSelectorTerm,
  PodSpec,
  PodTemplateSpec,
  Volume,
} from '#kinds/facts/generated/types/core_v1.ts'
import type { Place } from '../../place.ts'
import { claimWarnings, fractionWarning } from '../claimWarnings.ts'
import { eachContainer } from './validate/system.ts'

const goneLabels: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
])
const goneAnnotations: readonly (readonly [string, string])[] = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
]
const goneVolumes: readonly (readonly [keyof Volume, string])[] = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
]
const noPod = 'a null labelSelector results in matching no pod'

type Warn = (place: Place, text: string) => void

function termWarnings(place: Place, term: NodeSelectorTerm, warn: Warn): void {
  place.at('matchExpressions').each(term.matchExpressions, ({ key }, at) => {
    const gone = goneLabels.get(key)
    if (gone !== undefined) warn(at.at('key'), `${key} is ${gone}`)
  })
}

const required = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution'

function affinityWarnings(place: Place, { affinity }: PodSpec, warn: Warn): void {
  const node = affinity?.nodeAffinity
  const at = place.at('affinity')
  const terms = node?.[required]?.nodeSelectorTerms
  at.at('nodeAffinity')
    .at(required)
    .at('nodeSelectorTerms')
    .each(terms, (term, where) => termWarnings(where, term, warn))
  at.at('nodeAffinity')
    .at(preferred)
    .each(node?.[preferred], (term, where) => termWarnings(where.at('preference'), term.preference, warn))
  for (const kind of ['podAffinity', 'podAntiAffinity'] as const) {
    at.at(kind)
      .at(required)
      .each(affinity?.[kind]?.[required], (term, where) => {
        if (term.labelSelector === undefined) warn(where.at('labelSelector'), noPod)
      })
    at.at(kind)
      .at(preferred)
      .each(affinity?.[kind]?.[preferred], (term, where) => {
        if (term.podAffinityTerm.labelSelector === undefined) warn(where.at('podAffinityTerm.labelSelector'), noPod)
      })
  }
}

function placementWarnings(place: Place, spec: PodSpec, warn: Warn): void {
  for (const key of Object.keys(spec.nodeSelector ?? {})) {
    const gone = goneLabels.get(key)
    if (gone !== undefined) warn(place.at('nodeSelector').key(key), gone)
  }
  if (spec.affinity !== undefined) affinityWarnings(place, spec, warn)
  place.at('topologySpreadConstraints').each(spec.topologySpreadConstraints, (one, at) => {
    const gone = goneLabels.get(one.topologyKey)
    if (gone !== undefined) warn(at.at('topologyKey'), `${one.topologyKey} is ${gone}`)
    if (one.labelSelector === undefined) warn(at.at('labelSelector'), noPod)
  })
}

function volumeWarnings(place: Place, volume: Volume, warn: Warn): void {
  for (const [name, text] of goneVolumes) if (volume[name] !== undefined) warn(place.at(name), text)
  const claim = volume.ephemeral?.volumeClaimTemplate
  if (claim !== undefined) claimWarnings(place.at('ephemeral.volumeClaimTemplate.spec'), claim.spec, warn)
}

/** A later variable of the same name is no mistake where it builds on the earlier one. */
function variableWarnings(place: Place, variables: readonly EnvVar[], warn: Warn): void {
  const seen = new Set<string>()
  place.each(variables, ({ name, value = '', valueFrom }, at) => {
    const reference = `$(${name})`
    const builds = valueFrom === undefined && value !== reference && value.includes(reference)
    if (seen.has(name) && !builds)
      warn(at, `hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`)
    seen.add(name)
  })
}

interface Seen {
  readonly ports: Map<string, { readonly place: Place; readonly port: ContainerPort }[]>
  readonly names: Map<string, Place>
}

function samePort(a: ContainerPort, b: ContainerPort): string | undefined {
  const [ip, other] = [a.hostIP ?? '', b.hostIP ?? '']
  const [port, otherPort] = [a.hostPort ?? 0, b.hostPort ?? 0]
  if (ip === other && port === otherPort) return 'duplicate port definition'
  if (port === 0 || otherPort === 0) return 'overlapping port definition'
  return port === otherPort && (ip === '') !== (other === '') ? 'dangerously ambiguous port definition' : undefined
}

function portWarnings(place: Place, ports: readonly ContainerPort[], { seen, warn }: { seen: Seen; warn: Warn }): void {
  place.each(ports, (port, at) => {
    const key = `${port.containerPort}/${port.protocol ?? ''}`
    const others = seen.ports.get(key) ?? []
    for (const other of others) {
      const text = samePort(port, other.port)
      if (text !== undefined) warn(at, `${text} with ${other.place.path()}`)
    }
    seen.ports.set(key, [...others, { place: at, port }])
    if (!port.name) return
    const first = seen.names.get(port.name)?.path()
    if (first === undefined) seen.names.set(port.name, at)
    else
      warn(
        at,
        `duplicate port name ${JSON.stringify(port.name)} with ${first}, services and probes that select ports by name will use ${first}`,
      )
  })
}

const inBytes = ['memory', 'ephemeral-storage'] as const

function containerWarnings(place: Place, container: Container, warn: Warn): void {
  for (const list of ['limits', 'requests'] as const)
    for (const name of inBytes)
      fractionWarning(place.at('resources').at(list).key(name), container.resources?.[list]?.[name], warn)
  if (container.env !== undefined) variableWarnings(place.at('env'), container.env, warn)
}

function listWarnings(place: Place, spec: PodSpec, warn: Warn): void {
  const secrets = new Set<string>()
  place.at('imagePullSecrets').each(spec.imagePullSecrets, ({ name = '' }, at) => {
    if (secrets.has(name)) warn(at.at('name'), `duplicate name ${JSON.stringify(name)}`)
    if (name === '') warn(at.at('name'), 'invalid empty name ""')
    secrets.add(name)
  })
  const hosts = new Set<string>()
  place.at('hostAliases').each(spec.hostAliases, ({ ip }, at) => {
    if (hosts.has(ip)) warn(at.at('ip'), `duplicate ip ${JSON.stringify(ip)}`)
    hosts.add(ip)
  })
}

function specWarnings(place: Place, spec: PodSpec, warn: Warn): void {
  placementWarnings(place, spec, warn)
  place.at('volumes').each(spec.volumes, (volume, at) => volumeWarnings(at, volume, warn))
  listWarnings(place, spec, warn)
  eachContainer(place, spec, (container, at) => containerWarnings(at, container, warn))
  const seen: Seen = { ports: new Map(), names: new Map() }
  eachContainer(place, spec, ({ ports = [] }, at) => portWarnings(at.at('ports'), ports, { seen, warn }))
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0)
    warn(
      place.at('terminationGracePeriodSeconds'),
      'must be >= 0; negative values are invalid and will be treated as 1',
    )
}

/** @param root where the template stands; the pod itself for pods. */
export function templateWarnings(root: Place, template: PodTemplateSpec): readonly string[] {
  const texts: string[] = []
  const warn: Warn = (place, text) => void texts.push(`${place.path()}: ${text}`)
  const { annotations } = template.metadata ?? {}
  if (annotations !== undefined)
    for (const [key, text] of goneAnnotations)
      if (Object.hasOwn(annotations, key)) warn(root.at('metadata.annotations').key(key), text)
  specWarnings(root.at('spec'), template.spec, warn)
  return texts
}

/** @param use what the name becomes. */
export function nameWarnings({ name = '' }: ObjectMeta, use: string): readonly string[] {
  const problems = dns1123Label(name)
  return problems.length === 0
    ? []
    : [
        `metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [${problems.join(' ')}]`,
      ]
}
