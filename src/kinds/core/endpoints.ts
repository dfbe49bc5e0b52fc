import { age, name, some, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { endpoints } from '#kinds/facts/generated/refs.ts'
import type { Endpoints as Object } from '#kinds/facts/generated/types/core_v1.ts'

const join = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)

const addresses = (object: Object): string[] =>
  (object.subsets ?? []).flatMap(subset => {
    const ips = (subset.addresses ?? []).map(address => address.ip)
    const ports = subset.ports ?? []
    return ports.length === 0 ? ips : ports.flatMap(port => ips.map(ip => join(ip, port.port)))
  })

export const Endpoints = defineKind(endpoints, {
  conversions: { v1: { deprecated: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice' } },
  shortNames: ['ep'],
  unconditionalUpdate: true,
  createOnUpdate: true,
  columns: [name, text('Endpoints', object => some(addresses(object))), age],
})
