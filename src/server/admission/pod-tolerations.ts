/** What pods bear without saying so. */
import type { Pod, PodSpec, Toleration } from '#kinds/facts/generated/types/core_v1.ts'
import { podTotals } from '#kinds/amounts/pod.ts'
import { qualifiedName } from '#api/names.ts'
import type { Draft } from '#api/metadata.ts'
import { internalError } from '#api/status.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Lookup, type Step, deny, draftOf, isResource } from './step.ts'
import { mergeTolerations, withinList } from './tolerations.ts'

const seconds = 300
const keys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const

const isWritten = (request: AdmissionRequest): boolean =>
  (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
  request.subresource === '' &&
  isResource(request, '', 'pods')

/** Pods bear a node that is not ready for five minutes unless they say otherwise. */
export const defaultTolerationSeconds: Step = {
  name: 'DefaultTolerationSeconds',
  handles: isWritten,
  change: request => {
    const pod = draftOf<Pod>(request)
    pod.spec ??= { containers: [] }
    const tolerations = pod.spec.tolerations ?? []
    const missing = keys.filter(
      key =>
        !tolerations.some(
          one =>
            ((one.key ?? '') === key || (one.key ?? '') === '') &&
            (one.effect === 'NoExecute' || (one.effect ?? '') === ''),
        ),
    )
    if (missing.length > 0)
      pod.spec.tolerations = [
        ...tolerations,
        ...missing.map(key => ({
          key,
          operator: 'Exists' as const,
          effect: 'NoExecute' as const,
          tolerationSeconds: seconds,
        })),
      ]
  },
}

/** Extended resources are other people's: neither Kubernetes' own nor a quota's way to name one. */
const isExtended = (name: string): boolean =>
  name.includes('/') &&
  !name.includes('kubernetes.io/') &&
  !name.startsWith('requests.') &&
  qualifiedName(`requests.${name}`).length === 0

const extendedIn = (spec: Draft<PodSpec>): readonly string[] =>
  [
    ...new Set(
      [...spec.containers, ...(spec.initContainers ?? [])].flatMap(one =>
        Object.keys(one.resources?.requests ?? {}).filter(isExtended),
      ),
    ),
  ].sort()

/** Nodes with devices are kept free by taints named after these: who asks for the device bears its taint. */
export const extendedResourceToleration: Step = {
  name: 'ExtendedResourceToleration',
  handles: isWritten,
  change: request => {
    const { spec } = draftOf<Pod>(request)
    if (spec === undefined) return
    const has = (key: string): boolean =>
      spec.tolerations?.some(one => one.key === key && one.operator === 'Exists' && one.effect === 'NoSchedule') ===
      true
    const missing = extendedIn(spec).filter(key => !has(key))
    // What is there stays where it is: updates may only add.
    if (missing.length > 0)
      spec.tolerations = [
        ...(spec.tolerations ?? []),
        ...missing.map(key => ({ key, operator: 'Exists' as const, effect: 'NoSchedule' as const })),
      ]
  },
}

const defaultsKey = 'scheduler.alpha.kubernetes.io/defaultTolerations'
const allowedKey = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist'
const texts = ['key', 'operator', 'value', 'effect'] as const

/** One toleration out of an annotation: its known fields, of their types. */
function readOne(value: unknown): Draft<Toleration> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const read: Record<string, unknown> = {}
  for (const field of [...texts, 'tolerationSeconds']) {
    const found: unknown = Object.hasOwn(value, field) ? Reflect.get(value, field) : undefined
    if (found === undefined || found === null) continue
    if (typeof found !== (field === 'tolerationSeconds' ? 'number' : 'string')) return undefined
    read[field] = found
  }
  return read
}

/** @returns undefined where the namespace says nothing. @throws StatusError when it says something that cannot be read. */
function listIn(lookup: Lookup, request: AdmissionRequest, key: string): readonly Draft<Toleration>[] | undefined {
  const text = lookup.get('namespaces', request.namespace)?.metadata.annotations?.[key]
  if (text === undefined) return undefined
  if (text === '') return []
  const list: unknown = parsed(text)
  const read = Array.isArray(list) ? list.map(readOne) : [undefined]
  const good = read.filter(one => one !== undefined)
  if (good.length < read.length) throw internalError(`the namespace's annotation ${key} holds no list of tolerations`)
  return good
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const asksForNothing = (spec: PodSpec): boolean =>
  (['requests', 'limits'] as const).every(side => {
    const totals = podTotals(spec, side)
    return ['cpu', 'memory'].every(name => (totals.get(name)?.nanos ?? 0n) === 0n)
  })

/** Namespaces say what their pods bear, and what they may bear at most. */
export const podTolerationRestriction = (lookup: Lookup): Step => ({
  name: 'PodTolerationRestriction',
  handles: isWritten,
  change: request => {
    const { spec } = draftOf<Pod>(request)
    if (spec === undefined) return
    const more = [...((request.operation === 'CREATE' ? listIn(lookup, request, defaultsKey) : undefined) ?? [])]
    if (!asksForNothing(spec))
      more.push({ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' })
    if (more.length > 0) spec.tolerations = mergeTolerations(spec.tolerations ?? [], more)
  },
  judge: request => {
    const allowed = listIn(lookup, request, allowedKey) ?? []
    if (allowed.length > 0 && !withinList(draftOf<Pod>(request).spec?.tolerations ?? [], allowed))
      deny(
        request,
        'pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist',
      )
  },
})
