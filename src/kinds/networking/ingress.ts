import { age, name, some, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateIngress } from './validate.ts'
import { ingresses } from '#kinds/facts/generated/refs.ts'
import type { Ingress as Object } from '#kinds/facts/generated/types/networking_v1.ts'

function hostsOf({ spec }: Object): string {
  const hosts = (spec.rules ?? []).map(rule => rule.host ?? '').filter(host => host !== '')
  if (hosts.length === 0) return '*'
  return some(hosts)
}

const addressOf = ({ status }: Object): string =>
  [...new Set((status?.loadBalancer?.ingress ?? []).map(one => one.ip || one.hostname || ''))]
    .filter(address => address !== '')
    .sort()
    .join(',')

export const Ingress = defineKind(ingresses, {
  shortNames: ['ing'],
  status: true,
  counted: true,
  unconditionalUpdate: true,
  defaults: ingress => {
    ingress.spec ??= {}
    ingress.status = { loadBalancer: {}, ...ingress.status }
  },
  validate: validateIngress,
  warnings: ({ metadata, spec }) =>
    metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined && spec.ingressClassName === undefined
      ? ['annotation "kubernetes.io/ingress.class" is deprecated, please use \'spec.ingressClassName\' instead']
      : [],
  columns: [
    name,
    text('Class', ingress => ingress.spec.ingressClassName ?? '<none>'),
    text('Hosts', ingress => hostsOf(ingress)),
    text('Address', ingress => addressOf(ingress)),
    text('Ports', ingress => ((ingress.spec.tls?.length ?? 0) > 0 ? '80, 443' : '80')),
    age,
  ],
})
