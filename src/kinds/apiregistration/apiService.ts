import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { apiServices } from '#kinds/facts/generated/refs.ts'

export const APIService = defineKind(apiServices, {
  categories: ['api-extensions'],
  status: true,
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
