import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateQuota } from './quotas.ts'
import { owned, within } from '../fill.ts'
import { roundedList } from './quantities.ts'
import { resourceQuotas } from '#kinds/facts/generated/refs.ts'
import type { ResourceQuota as Object } from '#kinds/facts/generated/types/core_v1.ts'

const usage = (quota: Object, wanted: (resource: string) => boolean): string =>
  globalThis.Object.entries(quota.status?.hard ?? {})
    .filter(([resource]) => wanted(resource))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([resource, hard]) => `${resource}: ${quota.status?.used?.[resource] ?? '0'}/${hard}`)
    .join(', ')

export const ResourceQuota = defineKind(resourceQuotas, {
  shortNames: ['quota'],
  status: true,
  unconditionalUpdate: true,
  returnsDeleted: true,
  defaults: quota => {
    const spec: Object['spec'] = quota.spec ?? {}
    quota.spec = owned(within(spec, 'hard', roundedList))
    quota.status ??= {}
  },
  validate: validateQuota,
  columns: [
    name,
    text('Request', quota => usage(quota, resource => !resource.startsWith('limits.'))),
    text('Limit', quota => usage(quota, resource => resource.startsWith('limits.'))),
    age,
  ],
})
