import { age, containers, name, text } from '../columns.ts'
import { dns1123Label } from '#api/names.ts'
import { defineKind } from '../define.ts'
import { statefulSetDefaults } from './defaults.ts'
import { ofTemplate } from './warnings.ts'
import { validateStatefulSet } from './validate.ts'
import { statefulSets } from '#kinds/facts/generated/refs.ts'
import type { StatefulSet as Object } from '#kinds/facts/generated/types/apps_v1.ts'

export const StatefulSet = defineKind(statefulSets, {
  validName: dns1123Label,
  shortNames: ['sts'],
  categories: ['all'],
  status: true,
  counted: true,
  unconditionalUpdate: true,
  scale: { specReplicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  defaults: statefulSetDefaults,
  validate: validateStatefulSet,
  warnings: ofTemplate<Object>('spec.template', object => object.spec.template, false),
  columns: [
    name,
    text('Ready', object => `${object.status?.readyReplicas ?? 0}/${object.spec.replicas ?? 0}`),
    age,
    ...containers<Object>(object => object.spec.template.spec?.containers),
  ],
})
