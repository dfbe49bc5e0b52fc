import { age, name, some, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateSlice } from './validate.ts'
import { each, owned } from '../fill.ts'
import type { EndpointPort } from '#kinds/facts/generated/types/discovery_v1.ts'
import { endpointSlices } from '#kinds/facts/generated/refs.ts'

const listed = (list: readonly string[]): string => (list.length === 0 ? '<unset>' : some(list))

/** A port without a name has the empty one: upstream writes both out. */
function port(one: EndpointPort): EndpointPort {
  return one.name !== undefined && one.protocol !== undefined ? one : { name: '', protocol: 'TCP', ...one }
}

export const EndpointSlice = defineKind(endpointSlices, {
  counted: true,
  unconditionalUpdate: true,
  defaults: slice => {
    slice.endpoints ??= []
    if (slice.ports !== undefined) slice.ports = owned(each(slice.ports, port))
  },
  validate: validateSlice,
  columns: [
    name,
    text('AddressType', slice => slice.addressType),
    text('Ports', slice => listed((slice.ports ?? []).map(one => String(one.port ?? one.name ?? '*')))),
    text('Endpoints', slice => listed(slice.endpoints.flatMap(one => one.addresses))),
    age,
  ],
})
