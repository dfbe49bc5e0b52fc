import { age, markDefault, nameOf, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateIngressClass } from './validate.ts'
import { fill, owned, within } from '../fill.ts'
import type { IngressClassSpec } from '#kinds/facts/generated/types/networking_v1.ts'
import { ingressClasses } from '#kinds/facts/generated/refs.ts'

export const IngressClass = defineKind(ingressClasses, {
  counted: true,
  unconditionalUpdate: true,
  defaults: object => {
    const spec: IngressClassSpec = object.spec ?? {}
    object.spec = owned(within(spec, 'parameters', one => fill(one, { scope: 'Cluster' })))
  },
  validate: validateIngressClass,
  columns: [
    nameOf(object => markDefault(object, 'ingressclass.kubernetes.io/is-default-class')),
    text('Controller', object => object.spec.controller ?? ''),
    text('Parameters', ({ spec: { parameters } }) =>
      parameters === undefined
        ? '<none>'
        : `${parameters.kind}${parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`}/${parameters.name}`,
    ),
    age,
  ],
})
