import { age, name, some, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { endpointSlices } from '#kinds/facts/generated/refs.ts'

const listed = (list: readonly string[]): string => (list.length === 0 ? '<unset>' : some(list))

export const EndpointSlice = defineKind(endpointSlices, {
  counted: true,
  unconditionalUpdate: true,
  columns: [
    name,
    text('AddressType', slice => slice.addressType),
    text('Ports', slice => listed((slice.ports ?? []).map(one => String(one.port ?? one.name ?? '*')))),
    text('Endpoints', slice => listed(slice.endpoints.flatMap(one => one.addresses))),
    age,
  ],
})
