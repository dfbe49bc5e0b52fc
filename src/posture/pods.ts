/** Pods and namespaces as Pod Security sees them. */
import type { Namespace, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { valueOf } from '#processes/settings/flag.ts'
import type { Finding, Looked } from '#server/admission/pod-security/checks/check.ts'
import { checksOf } from '#server/admission/pod-security/evaluate.ts'
import { type Policy, latest, prefix, readPolicy } from '#server/admission/pod-security/levels.ts'
import type { Proof } from './control.ts'
import type { Facts } from './facts.ts'

export const looked = ({ metadata, spec }: Pod): Looked => ({
  annotations: metadata.annotations ?? {},
  spec,
  containers: [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])],
})

export const podPlace = ({ metadata }: Pod): string => `Pod/${metadata.namespace}/${metadata.name}`

export const detailOf = ({ reason, detail }: Finding): string => (detail === '' ? reason : `${reason}: ${detail}`)

const looks = checksOf('restricted', latest)
const baseline = checksOf('baseline', latest)

/** Pods that one check of Pod Security would forbid. @param id upstream's of the check */
export function violating({ objects }: Facts, id: string): readonly Proof[] {
  const look = looks.get(id) ?? baseline.get(id)
  if (look === undefined) throw new Error(`there is no check ${id}`)
  return objects.pods.flatMap(pod => {
    const found = look(looked(pod))
    return found === undefined ? [] : [{ place: podPlace(pod), says: detailOf(found) }]
  })
}

export const policyOf = ({ podSecurity }: Facts, { metadata }: Namespace): Policy =>
  readPolicy(metadata.labels, podSecurity.defaults).policy

export const isExempt = ({ podSecurity }: Facts, { metadata }: Namespace): boolean =>
  podSecurity.exemptions.namespaces.has(metadata.name ?? '')

/** Why nothing of Pod Security holds at all, where it does not. */
export function switchedOff({ flags }: Facts): readonly Proof[] {
  const on = (valueOf(flags['kube-apiserver'], 'enable-admission-plugins') ?? '').split(',')
  return on.includes('PodSecurity')
    ? []
    : [{ place: 'kube-apiserver', says: '--disable-admission-plugins: PodSecurity is off' }]
}

/** Namespaces in which any pod is let in. */
export const unguarded = (facts: Facts): readonly Proof[] =>
  facts.objects.namespaces
    .filter(one => !isExempt(facts, one) && policyOf(facts, one).enforce.level === 'privileged')
    .map(one => ({
      place: `Namespace/${one.metadata.name}`,
      says: `metadata.labels[${prefix}enforce]: ${one.metadata.labels?.[`${prefix}enforce`] ?? '(absent), and privileged is what holds then'}`,
    }))

/** Namespaces in which nobody is told of what restricted would refuse. */
export const untold = (facts: Facts): readonly Proof[] =>
  facts.objects.namespaces
    .filter(one => {
      const { enforce, warn } = policyOf(facts, one)
      return !isExempt(facts, one) && enforce.level !== 'restricted' && warn.level !== 'restricted'
    })
    .map(one => ({
      place: `Namespace/${one.metadata.name}`,
      says: `metadata.labels[${prefix}warn]: ${policyOf(facts, one).warn.level}`,
    }))
