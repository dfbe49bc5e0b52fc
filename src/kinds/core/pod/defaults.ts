/** Defaults of pod specs: those that templates have too, and those that only pods get. */
import type { ObjectMeta } from '#api/metadata.ts'
import { each, fill, put, within } from '../../fill.ts'
import { roundedList, withMissing } from '../quantities.ts'
import type {
  Container,
  ContainerPort,
  EnvVar,
  EphemeralContainer,
  HTTPGetAction,
  Lifecycle,
  LifecycleHandler,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ResourceRequirements,
} from '#kinds/facts/generated/types/core_v1.ts'
import { pullPolicyOf } from './image.ts'
import { podResources } from './podResources.ts'
import { volumeDefaults } from './volumeDefaults.ts'

const ofContainer: Partial<Container> = {
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
}
const ofPort: Partial<ContainerPort> = { protocol: 'TCP' }
const ofProbe: Partial<Probe> = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }
const ofHttpGet: Partial<HTTPGetAction> = { path: '/', scheme: 'HTTP' }
const ofSpec: Partial<PodSpec> = {
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  dnsPolicy: 'ClusterFirst',
  securityContext: {},
  schedulerName: 'default-scheduler',
}

const httpGet = (action: HTTPGetAction): HTTPGetAction => fill(action, ofHttpGet)
const port = (one: ContainerPort): ContainerPort => fill(one, ofPort)
const fieldRef = { apiVersion: 'v1' } as const

const variable = (one: EnvVar): EnvVar =>
  one.valueFrom?.fieldRef === undefined
    ? one
    : within(one, 'valueFrom', source => within(source, 'fieldRef', ref => fill(ref, fieldRef)))

function probe(one: Probe): Probe {
  const filled = fill(one, ofProbe)
  const checked = filled.httpGet === undefined ? filled : within(filled, 'httpGet', httpGet)
  return checked.grpc === undefined || checked.grpc.service !== undefined
    ? checked
    : within(checked, 'grpc', action => ({ ...action, service: '' }))
}

const handler = (one: LifecycleHandler): LifecycleHandler => within(one, 'httpGet', httpGet)
const lifecycle = (one: Lifecycle): Lifecycle => within(within(one, 'postStart', handler), 'preStop', handler)

const resources = (one: ResourceRequirements): ResourceRequirements =>
  within(within(one, 'limits', roundedList), 'requests', roundedList)

const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const

function containerDefaults<C extends Container | EphemeralContainer>(one: C): C
function containerDefaults(one: Container | EphemeralContainer): Container | EphemeralContainer {
  let result = fill<Container | EphemeralContainer>(one, ofContainer)
  if (!result.imagePullPolicy) result = put(result, 'imagePullPolicy', pullPolicyOf(result.image))
  if (result.ports !== undefined) result = within(result, 'ports', ports => each(ports, port))
  if (result.env !== undefined) result = within(result, 'env', env => each(env, variable))
  result = within(result, 'resources', resources)
  for (const name of probes) if (result[name] !== undefined) result = within(result, name, probe)
  return result.lifecycle === undefined ? result : within(result, 'lifecycle', lifecycle)
}

const container = (one: Container): Container => containerDefaults(one)
const ephemeral = (one: EphemeralContainer): EphemeralContainer => containerDefaults(one)

/** What the specs of pods and of templates have in common. */
export function podSpecDefaults(spec: PodSpec): PodSpec {
  let result = fill(spec, ofSpec)
  result = put(result, 'containers', each(result.containers ?? [], container))
  if (result.initContainers !== undefined) result = within(result, 'initContainers', list => each(list, container))
  if (result.ephemeralContainers !== undefined)
    result = within(result, 'ephemeralContainers', list => each(list, ephemeral))
  if (result.volumes !== undefined) result = within(result, 'volumes', list => each(list, volumeDefaults))
  if (result.overhead !== undefined) result = within(result, 'overhead', roundedList)
  return result.resources === undefined ? result : within(result, 'resources', resources)
}

const noSpec: PodSpec = { containers: [] }
const noMetadata: ObjectMeta = {}

/** A template that is not there at all becomes an empty one, as it is everywhere. */
export function templateDefaults(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const given: Partial<PodTemplateSpec> = template ?? {}
  const spec = podSpecDefaults(given.spec ?? noSpec)
  const metadata = given.metadata ?? noMetadata
  return template !== undefined && spec === given.spec && metadata === given.metadata
    ? template
    : { ...template, metadata, spec }
}

/** In pods, not in templates: what is limited is requested. */
const requested = (one: Container): Container =>
  one.resources?.limits === undefined
    ? one
    : within(one, 'resources', given => {
        const requests = withMissing(given.requests, given.limits)
        return requests === undefined ? given : put(given, 'requests', requests)
      })

/** On the host's network a port is the host's. */
const hosted = (one: Container): Container =>
  within(one, 'ports', ports => each(ports, each => (each.hostPort ? each : { ...each, hostPort: each.containerPort })))

export function podDefaults(spec: PodSpec): PodSpec {
  let result = podSpecDefaults(spec)
  result = put(result, 'containers', each(result.containers, requested))
  if (result.initContainers !== undefined) result = within(result, 'initContainers', list => each(list, requested))
  if (result.resources !== undefined) result = podResources(result)
  if (result.enableServiceLinks === undefined) result = { ...result, enableServiceLinks: true }
  if (result.hostNetwork !== true) return result
  result = within(result, 'containers', list => each(list, hosted))
  return within(result, 'initContainers', list => each(list, hosted))
}
