import { age, containers, integer, labelText, name, selectorText, text, wide } from '../columns.ts'
import { defineKind } from '../define.ts'
import { daemonSetDefaults } from './defaults.ts'
import { ofTemplate } from './warnings.ts'
import { validateDaemonSet } from './validate.ts'
import { daemonSets } from '#kinds/facts/generated/refs.ts'
import type { DaemonSet as Object } from '#kinds/facts/generated/types/apps_v1.ts'

export const DaemonSet = defineKind(daemonSets, {
  shortNames: ['ds'],
  categories: ['all'],
  status: true,
  counted: true,
  unconditionalUpdate: true,
  defaults: daemonSetDefaults,
  validate: validateDaemonSet,
  warnings: ofTemplate<Object>('spec.template', object => object.spec.template, false),
  columns: [
    name,
    integer('Desired', object => object.status?.desiredNumberScheduled ?? 0),
    integer('Current', object => object.status?.currentNumberScheduled ?? 0),
    integer('Ready', object => object.status?.numberReady ?? 0),
    integer('Up-to-date', object => object.status?.updatedNumberScheduled ?? 0),
    integer('Available', object => object.status?.numberAvailable ?? 0),
    text('Node Selector', object => labelText(object.spec.template.spec?.nodeSelector)),
    age,
    ...containers<Object>(object => object.spec.template.spec?.containers),
    wide(text('Selector', object => selectorText(object.spec.selector))),
  ],
})
