import { defineKind } from '../../define.ts'
import { pods } from '#kinds/facts/generated/refs.ts'
import type { Pod as Object } from '#kinds/facts/generated/types/core_v1.ts'
import { owned } from '../../fill.ts'
import { podColumns } from './columns.ts'
import { podDefaults } from './defaults.ts'
import { prepare } from './prepare.ts'
import { validate } from './validate/index.ts'
import { nameWarnings, templateWarnings } from './warnings.ts'
import { Place } from '../../place.ts'

const proxied = ['create', 'delete', 'get', 'patch', 'update']
const changed = ['get', 'patch', 'update']
const connected = ['create', 'get']
const noSpec: Object['spec'] = { containers: [] }

/** A pod on no node, or one that is done, goes at once. */
function graceOf(pod: Object, asked: number | undefined): number {
  const done = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'
  if (!pod.spec.nodeName || done) return 0
  const seconds = asked ?? pod.spec.terminationGracePeriodSeconds ?? 0
  return seconds < 0 ? 1 : seconds
}

export const Pod = defineKind(pods, {
  shortNames: ['po'],
  categories: ['all'],
  status: true,
  counted: true,
  unconditionalUpdate: true,
  grace: graceOf,
  subresources: [
    { name: 'attach', kind: 'PodAttachOptions', verbs: connected },
    { name: 'binding', kind: 'Binding', verbs: ['create'] },
    { name: 'ephemeralcontainers', kind: 'Pod', verbs: changed },
    { name: 'eviction', kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] },
    { name: 'exec', kind: 'PodExecOptions', verbs: connected },
    { name: 'log', kind: 'Pod', verbs: ['get'] },
    { name: 'portforward', kind: 'PodPortForwardOptions', verbs: connected },
    { name: 'proxy', kind: 'PodProxyOptions', verbs: proxied },
    { name: 'resize', kind: 'Pod', verbs: changed },
  ],
  selectableFields: {
    'spec.nodeName': pod => pod.spec.nodeName ?? '',
    'spec.restartPolicy': pod => pod.spec.restartPolicy ?? '',
    'spec.schedulerName': pod => pod.spec.schedulerName ?? '',
    'spec.serviceAccountName': pod => pod.spec.serviceAccountName ?? '',
    'spec.hostNetwork': pod => String(pod.spec.hostNetwork ?? false),
    'status.phase': pod => pod.status?.phase ?? '',
    'status.podIP': pod => pod.status?.podIPs?.[0]?.ip ?? '',
    'status.nominatedNodeName': pod => pod.status?.nominatedNodeName ?? '',
  },
  defaults: pod => {
    pod.spec = owned(podDefaults(pod.spec ?? noSpec))
    pod.status ??= {}
  },
  prepare,
  validate,
  warnings: (pod, { old }) =>
    old === undefined
      ? [...nameWarnings(pod.metadata, "the Pod's hostname"), ...templateWarnings(new Place(''), pod)]
      : [],
  returnsDeleted: true,
  columns: podColumns,
})
