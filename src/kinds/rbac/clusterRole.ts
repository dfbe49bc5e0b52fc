import { defineKind } from '../define.ts'
import { clusterRoles } from '#kinds/facts/generated/refs.ts'

export const ClusterRole = defineKind(clusterRoles, { unconditionalUpdate: true, createOnUpdate: true })
