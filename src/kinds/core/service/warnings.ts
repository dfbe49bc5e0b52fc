import type { Service } from '#kinds/facts/generated/types/core_v1.ts'
import { isHeadless, specOf } from './types.ts'

const hints = 'service.kubernetes.io/topology-aware-hints'

export function warnings(service: Service): readonly string[] {
  const spec = specOf(service)
  const headless = spec.type === 'ClusterIP' && isHeadless(spec)
  const outer = (spec.externalIPs?.length ?? 0) > 0
  const named = spec.type === 'ExternalName'
  const rows: readonly (readonly [boolean, string])[] = [
    [
      service.metadata.annotations?.[hints] !== undefined,
      `annotation ${hints} is deprecated, please use service.kubernetes.io/topology-mode instead`,
    ],
    [headless && !!spec.loadBalancerIP, 'spec.loadBalancerIP is ignored for headless services'],
    [headless && outer, 'spec.externalIPs is ignored for headless services'],
    [headless && spec.sessionAffinity !== 'None', 'spec.SessionAffinity is ignored for headless services'],
    [outer && !headless && !named, 'spec.externalIPs is deprecated and may no longer be implemented in some clusters'],
    [named && outer, 'spec.externalIPs is ignored when spec.type is "ExternalName"'],
    [!named && !!spec.externalName, 'spec.externalName is ignored when spec.type is not "ExternalName"'],
    [
      spec.trafficDistribution === 'PreferClose',
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ],
  ]
  return rows.filter(([applies]) => applies).map(([, text]) => text)
}
