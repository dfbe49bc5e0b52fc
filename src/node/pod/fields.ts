/** The downward API: a pod's own fields and resources as text. */
import type { Container, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { divideUp, quantityOf } from './amounts.ts'

/** Where a pod runs. */
export interface Place {
  readonly nodeName: string
  readonly hostIPs: readonly string[]
  readonly podIPs: readonly string[]
  /** What limits default to. */
  readonly allocatable: Readonly<Record<string, string>>
}

export class FieldError extends Error {}

const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/

/** One `key="value"` a line, in key order, as a downward volume shows maps. */
const lines = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n')

/** @throws FieldError for an unknown path. */
export function fieldValue(pod: Pod, path: string, place: Place): string {
  const { metadata, spec } = pod
  const match = subscript.exec(path)
  if (match !== null) {
    const map = match[1] === 'labels' ? metadata.labels : metadata.annotations
    const key = match[2] ?? ''
    return map !== undefined && Object.hasOwn(map, key) ? (map[key] ?? '') : ''
  }
  switch (path) {
    case 'metadata.name':
      return metadata.name ?? ''
    case 'metadata.namespace':
      return metadata.namespace ?? ''
    case 'metadata.uid':
      return metadata.uid ?? ''
    case 'metadata.labels':
      return lines(metadata.labels)
    case 'metadata.annotations':
      return lines(metadata.annotations)
    case 'spec.nodeName':
      return place.nodeName
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? 'default'
    case 'status.hostIP':
      return place.hostIPs[0] ?? ''
    case 'status.hostIPs':
      return place.hostIPs.join(',')
    case 'status.podIP':
      return place.podIPs[0] ?? ''
    case 'status.podIPs':
      return place.podIPs.join(',')
    default:
      throw new FieldError(`unsupported fieldPath: ${path}`)
  }
}

export interface ResourceField {
  readonly resource: string
  readonly divisor?: string
  readonly container: Container
}

/** A limit or request in units of the divisor, rounded up. @throws FieldError */
export function resourceValue(_: Pod, field: ResourceField, place: Place): string {
  const [kind, ...rest] = field.resource.split('.')
  const name = rest.join('.')
  if (kind !== 'limits' && kind !== 'requests') throw new FieldError(`unsupported resource: ${field.resource}`)
  const { limits, requests } = field.container.resources ?? {}
  const asked = kind === 'limits' ? limits?.[name] : (requests?.[name] ?? limits?.[name])
  const value = asked ?? (kind === 'limits' ? (place.allocatable[name] ?? '0') : '0')
  const divisor = field.divisor === undefined || field.divisor === '0' ? '1' : field.divisor
  return String(divideUp(quantityOf({ value }, 'value').nanos, quantityOf({ divisor }, 'divisor').nanos))
}
