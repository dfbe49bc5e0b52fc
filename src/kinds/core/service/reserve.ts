/** What a service holds alone: its address and its ports on the nodes. */
import type { Reservation } from '#api/kind.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Service, ServicePort } from '#kinds/facts/generated/types/core_v1.ts'
import { owned, without } from '../../fill.ts'
import {
  allocatesNodePorts,
  isHeadless,
  needsClusterIP,
  needsHealthCheck,
  needsNodePorts,
  portsOf,
  specOf,
  type Spec,
} from './types.ts'

/** The registry hands back the draft that it asked about. An empty value takes the field away again. */
const changing =
  (change: (spec: Spec, value: string) => Spec): Reservation['take'] =>
  (draft: Draft<KObject>, value) => {
    const service = draft as Draft<Service>
    service.spec = owned(change(specOf(service), value))
  }

const takeAddress = changing((spec, value) => {
  const clusterIPs = value === '' ? (spec.clusterIPs ?? []).slice(1) : [value, ...(spec.clusterIPs ?? []).slice(1)]
  const rest = without(spec, 'clusterIP', 'clusterIPs')
  return value === '' ? rest : { ...rest, clusterIP: value, clusterIPs }
})

const takeHealthCheck = changing((spec, value) =>
  value === '' ? without(spec, 'healthCheckNodePort') : { ...spec, healthCheckNodePort: Number(value) },
)

/** The given ports get the value, whatever else became of the list. */
const takePort = (positions: readonly number[]): Reservation['take'] =>
  changing((spec, value) => ({
    ...spec,
    ports: portsOf(spec).map((port, at) => {
      if (!positions.includes(at)) return port
      return value === '' ? without(port, 'nodePort') : { ...port, nodePort: Number(value) }
    }),
  }))

/** Ports of the same number share a node port: 53 for TCP and for UDP. */
function portReservations(spec: Spec): readonly Reservation[] {
  const ports = portsOf(spec)
  const result: Reservation[] = ports.flatMap(({ nodePort }) =>
    nodePort ? [{ pool: 'nodePort', wanted: String(nodePort), take: takePort([]) }] : [],
  )
  if (!allocatesNodePorts(spec)) return result
  const open = new Map<number, number[]>()
  ports.forEach((port: ServicePort, at) => {
    if (!port.nodePort) open.set(port.port, [...(open.get(port.port) ?? []), at])
  })
  for (const positions of open.values()) result.push({ pool: 'nodePort', take: takePort(positions) })
  return result
}

const address = /^\d{1,3}(?:\.\d{1,3}){3}$/

/** What cannot be had, because it is no address or because another one is held, is left to validation to refuse. */
function addressReservation(spec: Spec, old: Spec | undefined): readonly Reservation[] {
  if (!needsClusterIP(spec) || isHeadless(spec) || spec.clusterIPs?.[0] === 'None') return []
  const { clusterIP: wanted } = spec
  if (!wanted) return [{ pool: 'clusterIP', take: takeAddress }]
  const changes = old !== undefined && needsClusterIP(old) && !!old.clusterIP && old.clusterIP !== wanted
  return changes || !address.test(wanted) ? [] : [{ pool: 'clusterIP', wanted, take: takeAddress }]
}

export function reserves(service: Service, old: Service | undefined): readonly Reservation[] {
  const spec = specOf(service)
  const result: Reservation[] = [...addressReservation(spec, old && specOf(old))]
  if (needsNodePorts(spec)) result.push(...portReservations(spec))
  if (needsHealthCheck(spec)) {
    const wanted = spec.healthCheckNodePort
    result.push({ pool: 'healthCheckNodePort', take: takeHealthCheck, ...(wanted ? { wanted: String(wanted) } : {}) })
  }
  return result
}
