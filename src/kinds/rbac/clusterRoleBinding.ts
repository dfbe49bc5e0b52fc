import { pathSegment } from '#api/names.ts'
import { defineKind } from '../define.ts'
import { validateClusterRoleBinding } from './validate.ts'
import { clusterRoleBindings } from '#kinds/facts/generated/refs.ts'
import { bindingColumns, bindingDefaults } from './subjects.ts'

export const ClusterRoleBinding = defineKind(clusterRoleBindings, {
  validName: pathSegment,
  unconditionalUpdate: true,
  createOnUpdate: true,
  defaults: bindingDefaults,
  validate: validateClusterRoleBinding,
  columns: bindingColumns,
})
