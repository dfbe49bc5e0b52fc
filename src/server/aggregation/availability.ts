/** What is to be said of whether an APIService can be used. Pure: what was found comes in, a condition goes out. */
import type { Service } from '#kinds/facts/generated/types/core_v1.ts'
import type { EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import type { APIService, APIServiceCondition } from '#kinds/facts/generated/types/apiregistration_v1.ts'

export type Finding = Pick<APIServiceCondition, 'status' | 'reason' | 'message'>

export const local: Finding = { status: 'True', reason: 'Local', message: 'Local APIServices are always available' }
export const passed: Finding = { status: 'True', reason: 'Passed', message: 'all checks passed' }

const missing = (reason: string, message: string): Finding => ({ status: 'False', reason, message })

export interface Found {
  readonly service: Service | undefined
  /** Of that service. */
  readonly slices: readonly EndpointSlice[]
}

/** Lists are published as always there, and may be null all the same. */
const items = <T>(list: readonly T[] | null | undefined): readonly T[] => list ?? []

const isReady = ({ endpoints }: EndpointSlice): boolean => items(endpoints).some(one => one.conditions?.ready !== false)

const hasPort = ({ ports }: EndpointSlice, name: string): boolean =>
  items(ports).some(one => (one.name ?? '') === name && one.port !== undefined)

/** What is wrong before the other server is asked; undefined: it may be asked. */
export function obstacle(
  { namespace, name, port }: { readonly namespace: string; readonly name: string; readonly port: number },
  { service, slices }: Found,
): Finding | undefined {
  const called = `service/${name} in ${JSON.stringify(namespace)}`
  if (service === undefined) return missing('ServiceNotFound', `${called} is not present`)
  if ((service.spec.type ?? 'ClusterIP') !== 'ClusterIP') return undefined
  const found = service.spec.ports?.find(one => one.port === port)
  if (found === undefined) return missing('ServicePortError', `${called} is not listening on port ${port}`)
  if (slices.length === 0) return missing('EndpointsNotFound', `cannot find endpointslices for ${called}`)
  const portName = found.name ?? ''
  return slices.some(one => isReady(one) && hasPort(one, portName))
    ? undefined
    : missing(
        'MissingEndpoints',
        `endpointslices for ${called} have no addresses with port name ${JSON.stringify(portName)}`,
      )
}

export const failedDiscovery = (why: string): Finding => missing('FailedDiscoveryCheck', why)

/** @param now RFC 3339. @returns undefined where all of it is said already. */
export function withFinding(object: APIService, finding: Finding, now: string): APIService | undefined {
  const all = object.status?.conditions ?? []
  const had = all.find(one => one.type === 'Available')
  if (had?.status === finding.status && had.reason === finding.reason && had.message === finding.message)
    return undefined
  const since = had?.status === finding.status ? (had.lastTransitionTime ?? now) : now
  const condition: APIServiceCondition = { type: 'Available', ...finding, lastTransitionTime: since }
  const conditions = had === undefined ? [...all, condition] : all.map(one => (one === had ? condition : one))
  return { ...object, status: { conditions } }
}
