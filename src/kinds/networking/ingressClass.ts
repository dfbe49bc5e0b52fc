import { age, markDefault, nameOf, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { ingressClasses } from '#kinds/facts/generated/refs.ts'

export const IngressClass = defineKind(ingressClasses, {
  counted: true,
  unconditionalUpdate: true,
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
