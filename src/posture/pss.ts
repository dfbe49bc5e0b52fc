/** Pod Security Standards, namespace by namespace: what it asks for, and whether its pods keep to it. */
import type { Namespace } from '#kinds/facts/generated/types/core_v1.ts'
import { detailsOf, evaluate } from '#server/admission/pod-security/evaluate.ts'
import { latest, levelVersion, prefix } from '#server/admission/pod-security/levels.ts'
import { type Control, type Verdict, fail, noneOf } from './control.ts'
import type { Facts } from './facts.ts'
import { isExempt, looked, podPlace, policyOf, switchedOff } from './pods.ts'

/** What holds where nothing is asked for: an exempt namespace is judged too, only not by admission. */
const floor = levelVersion('baseline', latest)

function judge(facts: Facts, namespace: Namespace): Verdict {
  const { enforce } = policyOf(facts, namespace)
  const name = namespace.metadata.name ?? ''
  const exempt = isExempt(facts, namespace)
  const place = `Namespace/${name}`
  const off = switchedOff(facts)
  const label = `kubectl label --overwrite namespace ${name} ${prefix}enforce=baseline`
  if (off.length > 0)
    return fail('bulwark down, then bulwark up without PodSecurity in --disable-admission-plugins', ...off)
  if (!exempt && enforce.level === 'privileged') return fail(label, { place, says: `enforces ${enforce.text}` })
  const asked = exempt ? floor : enforce
  const found = facts.objects.pods
    .filter(pod => pod.metadata.namespace === name)
    .flatMap(pod => {
      const findings = evaluate(asked, looked(pod))
      return findings.length === 0 ? [] : [{ place: podPlace(pod), says: detailsOf(findings) }]
    })
  return noneOf(found, 'delete the pod, or change it: it was let in before the level held', {
    place,
    says: exempt
      ? `exempt, and all of its pods keep to ${floor.text}`
      : `enforces ${enforce.text}, and all of its pods keep to it`,
  })
}

export const pss = (facts: Facts): readonly Control[] =>
  facts.objects.namespaces
    .toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
    .map(namespace => ({
      id: namespace.metadata.name ?? '',
      title: `Pod Security of the namespace ${namespace.metadata.name ?? ''}`,
      check: () => judge(facts, namespace),
    }))
