import { defineKind } from '../define.ts'
import { clusterRoleBindings } from '#kinds/facts/generated/refs.ts'
import { bindingColumns } from './subjects.ts'

export const ClusterRoleBinding = defineKind(clusterRoleBindings, {
  unconditionalUpdate: true,
  createOnUpdate: true,
  columns: bindingColumns,
})
