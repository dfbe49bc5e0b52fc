import { nodeMetrics } from '#kinds/facts/generated/refs.ts'
import type { NodeMetrics as Measured } from '#kinds/facts/generated/types/metrics_v1beta1.ts'
import { name } from '../columns.ts'
import { defineKind } from '../define.ts'
import { usageColumns } from './columns.ts'

export const NodeMetrics = defineKind(nodeMetrics, { columns: [name, ...usageColumns<Measured>(one => [one.usage])] })
