/** Which container of a pod a stream or a log is about. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { badRequest } from '#api/status.ts'

const annotation = 'kubectl.kubernetes.io/default-container'

/** @throws StatusError BadRequest in upstream's words. */
export function containerOf(pod: Pod, asked: string | null): string {
  const names = (pod.spec?.containers ?? []).map(one => one.name)
  const all = [
    ...names,
    ...(pod.spec?.initContainers ?? []).map(one => one.name),
    ...(pod.spec?.ephemeralContainers ?? []).map(one => one.name),
  ]
  const name = pod.metadata.name ?? ''
  if (asked !== null && asked !== '') {
    if (!all.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`)
    return asked
  }
  const [first, ...more] = names
  if (first === undefined) throw badRequest(`a container name must be specified for pod ${name}`)
  if (more.length === 0) return first
  const usual = pod.metadata.annotations?.[annotation]
  if (usual !== undefined && names.includes(usual)) return usual
  const inits = (pod.spec?.initContainers ?? []).map(one => one.name)
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]${inits.length === 0 ? '' : ` or one of the init containers: [${inits.join(' ')}]`}`,
  )
}
