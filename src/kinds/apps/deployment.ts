import { age, containers, name, selectorText, text, wide } from '../columns.ts'
import { defineKind } from '../define.ts'
import { deploymentDefaults } from './defaults.ts'
import { ofTemplate } from './warnings.ts'
import { validateDeployment } from './validate.ts'
import { deployments } from '#kinds/facts/generated/refs.ts'
import type { Deployment as Object } from '#kinds/facts/generated/types/apps_v1.ts'

export const Deployment = defineKind(deployments, {
  shortNames: ['deploy'],
  categories: ['all'],
  status: true,
  counted: true,
  unconditionalUpdate: true,
  scale: { specReplicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  defaults: deploymentDefaults,
  validate: validateDeployment,
  warnings: ofTemplate<Object>('spec.template', object => object.spec.template, true),
  columns: [
    name,
    text('Ready', object => `${object.status?.readyReplicas ?? 0}/${object.spec.replicas ?? 0}`),
    text('Up-to-date', object => object.status?.updatedReplicas ?? 0),
    text('Available', object => object.status?.availableReplicas ?? 0),
    age,
    ...containers<Object>(object => object.spec.template.spec?.containers),
    wide(text('Selector', object => selectorText(object.spec.selector))),
  ],
})
