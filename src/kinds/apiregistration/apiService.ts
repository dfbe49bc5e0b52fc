import { pathSegment } from '#api/names.ts'
import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { fill, owned, within } from '../fill.ts'
import { apiServices } from '#kinds/facts/generated/refs.ts'
import type { APIServiceSpec } from '#kinds/facts/generated/types/apiregistration_v1.ts'
import { validateAPIService, validateStatus } from './validate.ts'

const spec = (one: APIServiceSpec): APIServiceSpec => within(one, 'service', service => fill(service, { port: 443 }))

export const APIService = defineKind(apiServices, {
  categories: ['api-extensions'],
  status: true,
  // `v1.` is a name. Of which group and version it must be is checked with them.
  validName: pathSegment,
  defaults: object => {
    if (object.spec !== undefined) object.spec = owned(spec(object.spec))
  },
  validate: (object, { subresource }) =>
    subresource === 'status' ? validateStatus(object) : validateAPIService(object),
  columns: [
    name,
    text('Service', ({ spec: { service } }) =>
      service === undefined ? 'Local' : `${service.namespace ?? ''}/${service.name ?? ''}`,
    ),
    text('Available', ({ status }) => {
      const condition = status?.conditions?.find(one => one.type === 'Available')
      if (condition === undefined) return 'Unknown'
      return condition.status === 'True' || !condition.reason
        ? condition.status
        : `${condition.status} (${condition.reason})`
    }),
    age,
  ],
})
