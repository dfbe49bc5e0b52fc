/** Packets that a node refused for policies: an event about the pod, and a record beside those of the agent's own API. */
import { randomUUID } from 'node:crypto'
import type { Recorder } from '#client/events.ts'
import { StatusError } from '#api/status.ts'
import { decisionAnnotation } from '#kinds/facts/bulwark.ts'
import { contactNumber } from '#kinds/facts/contact.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Refusal } from '#network/policies/keep.ts'
import type { Audit } from '#server/audit/audit.ts'
import { blameKey, decisionKey, type Known } from '#server/audit/record.ts'

/** Who sent it: as what the pod would speak to the API. */
function senderOf(pod: Pod | undefined): Known {
  if (pod === undefined) return { name: 'system:anonymous', groups: ['system:unauthenticated'], source: 'network' }
  const { namespace = '', uid = '', name = '' } = pod.metadata
  return {
    name: `system:serviceaccount:${namespace}:${pod.spec.serviceAccountName ?? 'default'}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra: {
      'authentication.kubernetes.io/pod-name': [name],
      'authentication.kubernetes.io/pod-uid': [uid],
    },
    source: 'network',
  }
}

function keep(audit: Audit, { contact, pod, sender, answer }: Refusal): void {
  const { direction, peer, proto, port } = contact
  const source = direction === 'in' ? peer : (pod.status?.podIP ?? '')
  const trail = audit.open({
    id: randomUUID(),
    uri: `/${proto}/${port}`,
    agent: '',
    sourceIPs: () => (source === '' ? [] : [source]),
    attempted: () => '',
  })
  trail.note('audit.bulwark.dev/component', 'network')
  trail.note(decisionKey, contactNumber(contact))
  const { policy, line, fix } = answer
  const { namespace = '', name = '' } = policy?.metadata ?? {}
  const object = policy === undefined ? {} : { object: { kind: 'NetworkPolicy', namespace, name } }
  trail.note(blameKey, JSON.stringify({ by: policy === undefined ? 'network' : 'NetworkPolicy', ...object, line, fix }))
  void trail.identify(
    senderOf(sender),
    {
      verb: 'create',
      path: `/${proto}/${port}`,
      group: '',
      version: 'v1',
      resourceRequest: true,
      resource: 'pods',
      subresource: 'network',
      namespace: pod.metadata.namespace ?? '',
      name: pod.metadata.name ?? '',
    },
    false,
  )
  trail.failed(
    new StatusError({
      reason: 'Forbidden',
      message: `${answer.message}: refused by ${policy === undefined ? 'the network' : 'NetworkPolicy'}`,
      code: 403,
    }),
  )
  trail.end(403)
}

export const refusalTeller =
  (recorder: Recorder, audit: Audit) =>
  (refusal: Refusal): void => {
    const { contact, pod, told } = refusal
    const number = contactNumber(contact)
    recorder.record({
      about: pod,
      type: 'Warning',
      reason: 'NetworkPolicyRefused',
      message: `${told} is refused; why: bulwark why ${number}`,
      annotations: { [decisionAnnotation]: number },
    })
    keep(audit, refusal)
  }
