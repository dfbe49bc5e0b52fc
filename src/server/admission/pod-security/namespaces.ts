/** Writes of namespaces: labels that can be read, and a word about pods that are there already. */
import { Breaks, type Pause } from '#base/breaks.ts'
import type { Clock } from '#base/clock.ts'
import type { Namespace, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { controllerOf } from '#api/metadata.ts'
import { invalid } from '#api/status.ts'
import type { FieldError } from '#api/validation.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Lookup, draftOf, oldOf } from '../step.ts'
import { lookedOf } from './checks/check.ts'
import { evaluate, reasonsOf } from './evaluate.ts'
import {
  type LevelVersion,
  type Policy,
  compareLevels,
  isEquivalent,
  isFullyPrivileged,
  modes,
  prefix,
  readPolicy,
} from './levels.ts'
import type { PodSecuritySettings } from './settings.ts'

export interface NamespaceParts {
  readonly lookup: Lookup
  readonly clock: Pick<Clock, 'monotonic'>
  /** Lets others in while pods are looked at. */
  readonly pause: Pause
  readonly settings: PodSecuritySettings
}

/** Upstream's: how many pods are looked at, and for how many milliseconds. */
const mostPods = 3000
const longest = 1000

/** Containers that are looked at without a break, some milliseconds' worth. */
const betweenBreaks = 500

const isSame = (one: readonly FieldError[], other: readonly FieldError[]): boolean =>
  one.length === other.length && one.every((error, at) => error.message() === other[at]?.message())

/** @throws StatusError Invalid for labels that cannot be read, unless they were there before. */
export function judgeNamespace(parts: NamespaceParts, request: AdmissionRequest): Promise<void> | undefined {
  const { defaults } = parts.settings
  const { labels, name = '' } = draftOf<Namespace>(request).metadata
  const { policy, errors } = readPolicy(labels, defaults)
  const before =
    request.operation === 'UPDATE' ? readPolicy(oldOf<Namespace>(request).metadata.labels, defaults) : undefined
  if (errors.length > 0 && (before === undefined || !isSame(errors, before.errors)))
    throw invalid({ group: '', resource: 'Namespace', name }, errors)
  if (before !== undefined && !isTighter(policy.enforce, before.policy.enforce)) return undefined
  if (parts.settings.exemptions.namespaces.has(name)) {
    const text = exemptText(name, { policy, defaults, labels: labels ?? {} })
    if (text !== '') request.warn(text)
    return undefined
  }
  return before === undefined ? undefined : tellOfPods(parts, request, policy.enforce)
}

/** Whether there can be pods that were allowed and would not be any more. */
function isTighter(now: LevelVersion, before: LevelVersion): boolean {
  if (now.text === before.text || now.level === 'privileged') return false
  return now.version !== before.version || compareLevels(now.level, before.level) > 0
}

interface Exempt {
  readonly policy: Policy
  readonly defaults: Policy
  readonly labels: Readonly<Record<string, string>>
}

/** @returns '' where nobody has asked for anything that does not hold. */
function exemptText(name: string, { policy, defaults, labels }: Exempt): string {
  if (isFullyPrivileged(policy) || modes.every(mode => isEquivalent(policy[mode], defaults[mode]))) return ''
  const asked = modes.filter(
    mode =>
      policy[mode].level !== 'privileged' &&
      (Object.hasOwn(labels, prefix + mode) || Object.hasOwn(labels, `${prefix}${mode}-version`)),
  )
  const shown = asked.map(mode => `${mode}=${policy[mode].text}`).join(', ')
  return `namespace "${name}" is exempt from Pod Security, and the policy (${shown}) will be ignored`
}

async function tellOfPods(parts: NamespaceParts, request: AdmissionRequest, enforce: LevelVersion): Promise<void> {
  const { name = '' } = draftOf<Namespace>(request).metadata
  const all = byPriority(parts, name)
  const { found, looked } = await lookAt(parts, { pods: all.slice(0, mostPods), enforce, deadline: request.deadline })
  if (looked < all.length)
    request.warn(
      `new PodSecurity enforce level only checked against the first ${looked} of ${all.length} existing pods`,
    )
  if (found.size === 0) return
  request.warn(`existing pods in namespace "${name}" violate the new PodSecurity enforce level "${enforce.text}"`)
  const texts = [...found].map(([reasons, { pod, count }]) => `${pod}${others(count)}: ${reasons}`)
  for (const text of texts.sort()) request.warn(text)
}

const others = (count: number): string =>
  count === 1 ? '' : ` (and ${count - 1} other ${count === 2 ? 'pod' : 'pods'})`

/** One pod of each controller first: its others will not differ. */
function byPriority({ lookup, settings }: NamespaceParts, namespace: string): readonly Pod[] {
  const { runtimeClasses } = settings.exemptions
  const [first, rest]: [Pod[], Pod[]] = [[], []]
  const known = new Set<string>()
  for (const object of lookup.list('pods', namespace)) {
    const pod = object as Pod
    if (runtimeClasses.has(pod.spec.runtimeClassName ?? '')) continue
    const owner = controllerOf(pod)?.uid
    if (owner !== undefined && known.has(owner)) rest.push(pod)
    else first.push(pod)
    if (owner !== undefined) known.add(owner)
  }
  return [...first, ...rest]
}

interface Looking {
  readonly pods: readonly Pod[]
  readonly enforce: LevelVersion
  readonly deadline: number
}

interface Violation {
  /** The first by name. */
  pod: string
  count: number
}

async function lookAt({ clock, pause }: NamespaceParts, { pods, enforce, deadline }: Looking) {
  const start = clock.monotonic()
  const end = start + Math.min(longest, (deadline - start) / 2)
  const breaks = new Breaks(pause, betweenBreaks)
  const found = new Map<string, Violation>()
  let looked = 0
  for (const { metadata, spec } of pods) {
    const pod = lookedOf(metadata.annotations, spec)
    const findings = evaluate(enforce, pod)
    looked++
    if (findings.length > 0) note(found, reasonsOf(findings), metadata.name ?? '')
    if (clock.monotonic() > end) break
    await breaks.after(pod.containers.length)
  }
  return { found, looked }
}

function note(found: Map<string, Violation>, reasons: string, pod: string): void {
  const known = found.get(reasons)
  if (known === undefined) found.set(reasons, { pod, count: 1 })
  else {
    known.count++
    if (pod < known.pod) known.pod = pod
  }
}
