import { defineKind } from '../define.ts'
import { customResourceDefinitions } from '#kinds/facts/generated/refs.ts'

export const CustomResourceDefinition = defineKind(customResourceDefinitions, {
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  status: true,
  counted: true,
})
