import { pathSegment } from '#api/names.ts'
import { defineKind } from '../define.ts'
import { validateClusterRole } from './validate.ts'
import { clusterRoles } from '#kinds/facts/generated/refs.ts'

export const ClusterRole = defineKind(clusterRoles, {
  validName: pathSegment,
  unconditionalUpdate: true,
  createOnUpdate: true,
  validate: validateClusterRole,
  defaults: role => {
    role.rules ??= []
  },
})
