import { pathSegment } from '#api/names.ts'
import { defineKind } from '../define.ts'
import { clusterRoles } from '#kinds/facts/generated/refs.ts'

export const ClusterRole = defineKind(clusterRoles, {
  validName: pathSegment,
  unconditionalUpdate: true,
  createOnUpdate: true,
  defaults: role => {
    role.rules ??= []
  },
})
