import { age, containers, integer, name, selectorText, text, wide } from '../columns.ts'
import { defineKind } from '../define.ts'
import { replicaSetDefaults } from './defaults.ts'
import { ofTemplate } from './warnings.ts'
import { validateReplicaSet } from './validate.ts'
import { replicaSets } from '#kinds/facts/generated/refs.ts'
import type { ReplicaSet as Object } from '#kinds/facts/generated/types/apps_v1.ts'

export const ReplicaSet = defineKind(replicaSets, {
  shortNames: ['rs'],
  categories: ['all'],
  status: true,
  counted: true,
  unconditionalUpdate: true,
  scale: { specReplicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  selectableFields: { 'status.replicas': object => String(object.status?.replicas ?? 0) },
  defaults: replicaSetDefaults,
  validate: validateReplicaSet,
  warnings: ofTemplate<Object>('spec.template', object => object.spec.template, true),
  columns: [
    name,
    integer('Desired', object => object.spec.replicas ?? 0),
    integer('Current', object => object.status?.replicas ?? 0),
    integer('Ready', object => object.status?.readyReplicas ?? 0),
    age,
    ...containers<Object>(object => object.spec.template?.spec?.containers),
    wide(text('Selector', object => selectorText(object.spec.selector))),
  ],
})
