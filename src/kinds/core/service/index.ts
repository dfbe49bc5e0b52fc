import { dns1123Label } from '#api/names.ts'
import { age, labelText, name, text, wide } from '../../columns.ts'
import { defineKind } from '../../define.ts'
import { defaults } from './defaults.ts'
import { prepare } from './prepare.ts'
import { reserves } from './reserve.ts'
import { validate } from './validate.ts'
import { warnings } from './warnings.ts'
import { services } from '#kinds/facts/generated/refs.ts'
import type { Service as Object } from '#kinds/facts/generated/types/core_v1.ts'

function externalOf({ spec, status }: Object): string {
  if (spec.type === 'ExternalName') return spec.externalName ?? ''
  const balancers = (status?.loadBalancer?.ingress ?? [])
    .map(one => one.ip || one.hostname || '')
    .filter(one => one !== '')
  const own = spec.type === 'LoadBalancer' ? [...new Set(balancers)].sort() : []
  const all = [...own, ...(spec.externalIPs ?? [])]
  if (all.length > 0) return all.join(',')
  return spec.type === 'LoadBalancer' ? '<pending>' : '<none>'
}

const portsOf = ({ spec }: Object): string =>
  (spec.ports ?? [])
    .map(one => `${one.port}${one.nodePort ? `:${one.nodePort}` : ''}/${one.protocol ?? 'TCP'}`)
    .join(',') || '<none>'

export const Service = defineKind(services, {
  validName: dns1123Label,
  shortNames: ['svc'],
  categories: ['all'],
  status: true,
  unconditionalUpdate: true,
  createOnUpdate: true,
  subresources: [{ name: 'proxy', kind: 'ServiceProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] }],
  selectableFields: {
    'spec.clusterIP': service => service.spec.clusterIP ?? '',
    'spec.type': service => service.spec.type ?? '',
  },
  defaults,
  prepare,
  reserves,
  validate,
  warnings: (service, { subresource }) => (subresource === '' ? warnings(service) : []),
  returnsDeleted: true,
  columns: [
    name,
    text('Type', service => service.spec.type ?? ''),
    text('Cluster-IP', service => service.spec.clusterIPs?.[0] ?? '<none>'),
    text('External-IP', externalOf),
    text('Port(s)', portsOf),
    age,
    wide(text('Selector', service => labelText(service.spec.selector))),
  ],
})
