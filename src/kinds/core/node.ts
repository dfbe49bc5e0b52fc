import { noNodeInfo } from '#kinds/facts/node-info.ts'
import { age, name, text, wide } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateNode } from './validate.ts'
import { fill, owned } from '../fill.ts'
import { nodes } from '#kinds/facts/generated/refs.ts'
import type { Node as Object } from '#kinds/facts/generated/types/core_v1.ts'

type Status = NonNullable<Object['status']>

/** What is written of a node that has told nothing of itself. */
const noStatus: Status = {
  daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
  nodeInfo: noNodeInfo,
}

const rolePrefix = 'node-role.kubernetes.io/'

function statusOf(node: Object): string {
  const ready = node.status?.conditions?.findLast(one => one.type === 'Ready')
  const status = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return node.spec.unschedulable === true ? `${status},SchedulingDisabled` : status
}

function rolesOf(node: Object): string {
  const roles = globalThis.Object.entries(node.metadata.labels ?? {}).map(([key, value]) =>
    key.startsWith(rolePrefix) ? key.slice(rolePrefix.length) : key === 'kubernetes.io/role' ? value : '',
  )
  return [...new Set(roles.filter(role => role !== ''))].sort().join(',') || '<none>'
}

const address = (node: Object, type: string): string =>
  node.status?.addresses?.find(one => one.type === type)?.address ?? '<none>'

function kernelOf(node: Object): string {
  const info = node.status?.nodeInfo
  const version = info?.kernelVersion || '<unknown>'
  return info?.architecture ? `${version} (${info.architecture})` : version
}

export const Node = defineKind(nodes, {
  registersStatus: true,
  shortNames: ['no'],
  status: true,
  unconditionalUpdate: true,
  subresources: [{ name: 'proxy', kind: 'NodeProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] }],
  selectableFields: { 'spec.unschedulable': node => String(node.spec.unschedulable ?? false) },
  defaults: node => {
    node.spec ??= {}
    const status = fill<Status>(node.status ?? noStatus, noStatus)
    const { capacity, allocatable } = status
    node.status = owned(
      capacity !== undefined && allocatable === undefined ? { ...status, allocatable: { ...capacity } } : status,
    )
  },
  validate: validateNode,
  columns: [
    name,
    text('Status', statusOf),
    text('Roles', rolesOf),
    age,
    text('Version', node => node.status?.nodeInfo?.kubeletVersion ?? ''),
    wide(text('Internal-IP', node => address(node, 'InternalIP'))),
    wide(text('External-IP', node => address(node, 'ExternalIP'))),
    wide(text('OS-Image', node => node.status?.nodeInfo?.osImage || '<unknown>')),
    wide(text('Kernel-Version', kernelOf)),
    wide(text('Container-Runtime', node => node.status?.nodeInfo?.containerRuntimeVersion || '<unknown>')),
  ],
})
