/** Which secrets and config maps a pod's spec names. */
import type { Container, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { ephemeralContainers, initContainers } from './spec.ts'

export interface Names {
  readonly configMaps: ReadonlySet<string>
  readonly secrets: ReadonlySet<string>
}

const present = (names: readonly (string | undefined)[]): ReadonlySet<string> =>
  new Set(names.filter(name => name !== undefined && name !== '').map(String))

export function referenced(pod: Pod): Names {
  const containers: readonly Container[] = [...pod.spec.containers, ...initContainers(pod), ...ephemeralContainers(pod)]
  const env = containers.flatMap(one => one.env ?? [])
  const from = containers.flatMap(one => one.envFrom ?? [])
  const volumes = pod.spec.volumes ?? []
  const sources = volumes.flatMap(one => one.projected?.sources ?? [])
  return {
    configMaps: present([
      ...env.map(one => one.valueFrom?.configMapKeyRef?.name),
      ...from.map(one => one.configMapRef?.name),
      ...volumes.map(one => one.configMap?.name),
      ...sources.map(one => one.configMap?.name),
    ]),
    secrets: present([
      ...env.map(one => one.valueFrom?.secretKeyRef?.name),
      ...from.map(one => one.secretRef?.name),
      ...volumes.map(one => one.secret?.secretName),
      ...sources.map(one => one.secret?.name),
      ...(pod.spec.imagePullSecrets ?? []).map(one => one.name),
    ]),
  }
}
