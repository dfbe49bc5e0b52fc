import { podMetrics } from '#kinds/facts/generated/refs.ts'
import type { PodMetrics as Measured } from '#kinds/facts/generated/types/metrics_v1beta1.ts'
import { name } from '../columns.ts'
import { defineKind } from '../define.ts'
import { usageColumns } from './columns.ts'

export const PodMetrics = defineKind(podMetrics, {
  columns: [name, ...usageColumns<Measured>(one => one.containers.map(container => container.usage))],
})
