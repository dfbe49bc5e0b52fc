/** A container's environment: what the spec says, with references resolved and $(NAME) expanded. */
import type { ConfigMap, Container, EnvVar, Pod, Secret, Service } from '#kinds/facts/generated/types/core_v1.ts'
import { fieldValue, type Place, resourceValue } from './fields.ts'

/** Objects that a pod's spec refers to, by name in its namespace; undefined: they do not exist. */
export interface References {
  configMap(name: string): ConfigMap | undefined
  secret(name: string): Secret | undefined
}

export class EnvError extends Error {}

export interface EnvInput {
  readonly pod: Pod
  readonly container: Container
  readonly references: References
  readonly place: Place
  /** Services of the pod's namespace, and the API server's. */
  readonly services: readonly Service[]
}

/** Replaces $(NAME) by what is known, leaves what is not, and turns $$ into $. */
export const expand = (text: string, known: ReadonlyMap<string, string>): string =>
  text.replace(/\$(?:\$|\(([^()]*)\))/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (known.get(name) ?? whole),
  )

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8')

function fromKey(variable: EnvVar, { references, pod }: EnvInput): string | undefined {
  const { configMapKeyRef, secretKeyRef } = variable.valueFrom ?? {}
  const ref = configMapKeyRef ?? secretKeyRef
  if (ref === undefined) return undefined
  const what = configMapKeyRef === undefined ? 'secret' : 'configmap'
  const name = ref.name ?? ''
  const data =
    configMapKeyRef === undefined
      ? references.secret(name)?.data
      : (references.configMap(name)?.data ?? (references.configMap(name) === undefined ? undefined : {}))
  if (data === undefined && (what === 'configmap' || references.secret(name) === undefined)) {
    if (ref.optional === true) return undefined
    throw new EnvError(`${what} "${name}" not found`)
  }
  const value = data !== undefined && Object.hasOwn(data, ref.key) ? data[ref.key] : undefined
  if (value === undefined) {
    if (ref.optional === true) return undefined
    const title = what === 'secret' ? 'Secret' : 'ConfigMap'
    throw new EnvError(`couldn't find key ${ref.key} in ${title} ${pod.metadata.namespace}/${name}`)
  }
  return what === 'secret' ? decode(value) : value
}

function valueOf(variable: EnvVar, input: EnvInput, known: ReadonlyMap<string, string>): string | undefined {
  const from = variable.valueFrom
  if (from === undefined) return expand(variable.value ?? '', known)
  if (from.fieldRef !== undefined) return fieldValue(input.pod, from.fieldRef.fieldPath, input.place)
  if (from.resourceFieldRef !== undefined)
    return resourceValue(input.pod, { ...from.resourceFieldRef, container: input.container }, input.place)
  return fromKey(variable, input)
}

const validName = /^[^=\0]+$/

function bulk(input: EnvInput): ReadonlyMap<string, string> {
  const result = new Map<string, string>()
  for (const { prefix = '', configMapRef, secretRef } of input.container.envFrom ?? []) {
    const ref = configMapRef ?? secretRef
    if (ref === undefined) continue
    const name = ref.name ?? ''
    const object = configMapRef === undefined ? input.references.secret(name) : input.references.configMap(name)
    if (object === undefined) {
      if (ref.optional === true) continue
      throw new EnvError(`${configMapRef === undefined ? 'secret' : 'configmap'} "${name}" not found`)
    }
    for (const [key, value] of Object.entries(object.data ?? {}))
      if (validName.test(prefix + key)) result.set(prefix + key, configMapRef === undefined ? decode(value) : value)
  }
  return result
}

const upper = (text: string): string => text.replaceAll('-', '_').toUpperCase()

/** What `docker run --link` once gave: an address and a port for each service. */
export function serviceVariables(services: readonly Service[]): ReadonlyMap<string, string> {
  const result = new Map<string, string>()
  for (const { metadata, spec } of services) {
    const ip = spec.clusterIP ?? ''
    const [first] = spec.ports ?? []
    if (ip === '' || ip === 'None' || first === undefined) continue
    const name = upper(metadata.name ?? '')
    const host = ip.includes(':') ? `[${ip}]` : ip
    result.set(`${name}_SERVICE_HOST`, ip)
    result.set(`${name}_SERVICE_PORT`, String(first.port))
    result.set(`${name}_PORT`, `${(first.protocol ?? 'TCP').toLowerCase()}://${host}:${first.port}`)
    for (const { name: port, port: number, protocol = 'TCP' } of spec.ports ?? []) {
      if (port !== undefined && port !== '') result.set(`${name}_SERVICE_PORT_${upper(port)}`, String(number))
      const prefix = `${name}_PORT_${number}_${protocol}`
      result.set(prefix, `${protocol.toLowerCase()}://${host}:${number}`)
      result.set(`${prefix}_PROTO`, protocol.toLowerCase())
      result.set(`${prefix}_PORT`, String(number))
      result.set(`${prefix}_ADDR`, ip)
    }
  }
  return result
}

/** @throws EnvError with the kubelet's words for what is missing. */
export function environment(input: EnvInput): ReadonlyMap<string, string> {
  const links = input.pod.spec.enableServiceLinks !== false
  const shown = input.services.filter(one => links || isMaster(one))
  const services = serviceVariables(shown)
  const result = new Map(bulk(input))
  // A variable may refer to a service's; but one of the spec's own name goes before it.
  const known = new Map([...services, ...result])
  for (const variable of input.container.env ?? []) {
    const value = valueOf(variable, input, known)
    if (value === undefined) continue
    result.set(variable.name, value)
    known.set(variable.name, value)
  }
  for (const [name, value] of services) if (!result.has(name)) result.set(name, value)
  return result
}

export const isMaster = ({ metadata }: Service): boolean =>
  metadata.namespace === 'default' && metadata.name === 'kubernetes'
