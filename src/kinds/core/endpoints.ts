import { age, name, some, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateEndpoints } from './validate.ts'
import { each, fill, owned, within } from '../fill.ts'
import { endpoints } from '#kinds/facts/generated/refs.ts'
import type { EndpointSubset, Endpoints as Object } from '#kinds/facts/generated/types/core_v1.ts'

const join = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)

const addresses = (object: Object): string[] =>
  (object.subsets ?? []).flatMap(subset => {
    const ips = (subset.addresses ?? []).map(address => address.ip)
    const ports = subset.ports ?? []
    return ports.length === 0 ? ips : ports.flatMap(port => ips.map(ip => join(ip, port.port)))
  })

const protocol = { protocol: 'TCP' } as const

const subset = (one: EndpointSubset): EndpointSubset =>
  within(one, 'ports', ports => each(ports, port => fill(port, protocol)))

export const Endpoints = defineKind(endpoints, {
  conversions: { v1: { deprecated: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice' } },
  shortNames: ['ep'],
  unconditionalUpdate: true,
  createOnUpdate: true,
  defaults: object => {
    if (object.subsets !== undefined) object.subsets = owned(each(object.subsets, subset))
  },
  validate: validateEndpoints,
  columns: [name, text('Endpoints', object => some(addresses(object))), age],
})
