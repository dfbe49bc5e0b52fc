import { age, containers, integer, labelText, name, text, wide } from '../columns.ts'
import { defineKind } from '../define.ts'
import { ofTemplate } from '../apps/warnings.ts'
import { validateController } from './validate.ts'
import { replicationDefaults } from './replicationDefaults.ts'
import { replicationControllers } from '#kinds/facts/generated/refs.ts'
import type { ReplicationController as Object } from '#kinds/facts/generated/types/core_v1.ts'

export const ReplicationController = defineKind(replicationControllers, {
  shortNames: ['rc'],
  categories: ['all'],
  status: true,
  counted: true,
  unconditionalUpdate: true,
  defaultPropagation: 'Orphan',
  scale: { specReplicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  selectableFields: { 'status.replicas': object => String(object.status?.replicas ?? 0) },
  defaults: replicationDefaults,
  validate: validateController,
  warnings: ofTemplate<Object>('spec.template', object => object.spec.template, true),
  columns: [
    name,
    integer('Desired', object => object.spec.replicas ?? 0),
    integer('Current', object => object.status?.replicas ?? 0),
    integer('Ready', object => object.status?.readyReplicas ?? 0),
    age,
    ...containers<Object>(object => object.spec.template?.spec?.containers),
    wide(text('Selector', object => labelText(object.spec.selector))),
  ],
})
