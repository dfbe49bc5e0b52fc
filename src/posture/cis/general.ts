/** Sections 5.3 to 5.6: network policies, secrets, images, and the rest. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { type Control, type Proof, fail, noneOf, notApplicable, pass } from '../control.ts'
import type { Facts } from '../facts.ts'
import { looked, podPlace, violating } from '../pods.ts'
import { proofOf } from './kit.ts'

const system = new Set(['kube-system', 'kube-public', 'kube-node-lease'])

const enforcing: Control['check'] = ({ networkPolicies }) => {
  if (networkPolicies === undefined) return notApplicable('nodes are simulated: there is no network')
  const proof: Proof = { place: 'kernel', says: networkPolicies.says }
  return networkPolicies.enforced
    ? pass(proof)
    : fail('bulwark status, and the log of the agent: it writes the rules again within 30 s', proof)
}

/** Namespaces with pods that have a network of their own, and nothing that says who may speak with them. */
const isolated: Control['check'] = ({ objects }) => {
  const guarded = new Set(objects.policies.map(one => one.metadata.namespace))
  const used = new Set(
    objects.pods.filter(pod => pod.spec.hostNetwork !== true).map(pod => pod.metadata.namespace ?? ''),
  )
  return noneOf(
    [...used]
      .filter(name => !guarded.has(name))
      .map(name => ({ place: `Namespace/${name}`, says: 'it has pods and no NetworkPolicy' })),
    'kubectl create a NetworkPolicy with podSelector: {} and policyTypes: [Ingress, Egress] there, then one for each way that is needed',
    { place: 'Namespaces', says: `all ${used.size} that have pods have a NetworkPolicy` },
  )
}

function secretsInEnv(pod: Pod): readonly Proof[] {
  return looked(pod).containers.flatMap(({ name, env = [], envFrom = [] }) => [
    ...env
      .filter(one => one.valueFrom?.secretKeyRef !== undefined)
      .map(one => ({
        place: podPlace(pod),
        says: `container ${name}: env ${one.name}: valueFrom.secretKeyRef: ${one.valueFrom?.secretKeyRef?.name ?? ''}`,
      })),
    ...envFrom
      .filter(one => one.secretRef !== undefined)
      .map(one => ({
        place: podPlace(pod),
        says: `container ${name}: envFrom.secretRef: ${one.secretRef?.name ?? ''}`,
      })),
  ])
}

/** By digest what runs is what was meant; a webhook or policy that judges pods may see to it otherwise. */
const provenance: Control['check'] = ({ objects }) => {
  const judge = objects.judges.find(one => /image/i.test(one.text))
  if (judge !== undefined) return pass({ place: `${judge.kind}/${judge.name}`, says: 'it judges pods by their images' })
  return noneOf(
    objects.pods.flatMap(pod =>
      looked(pod)
        .containers.filter(one => !/@sha256:[0-9a-f]{64}$/.test(one.image ?? ''))
        .map(one => ({
          place: podPlace(pod),
          says: `container ${one.name}: image: ${one.image ?? ''} is not named by digest, and nothing judges images`,
        })),
    ),
    'name images by digest, or make a ValidatingAdmissionPolicy or webhook that judges them',
    { place: 'Pods', says: 'every image is named by digest' },
  )
}

const boundaries: Control['check'] = ({ objects }) =>
  noneOf(
    objects.pods
      .filter(pod => system.has(pod.metadata.namespace ?? ''))
      .map(pod => ({ place: podPlace(pod), says: "metadata.namespace: it is the system's own" })),
    'give it a namespace of its own: kubectl create namespace NAME',
    { place: 'Namespaces', says: `no pod is in ${[...system].join(', ')}` },
  )

const unconfined: Control['check'] = facts => {
  const ours = facts.config.nodes === 'real' ? [proofOf(facts, 'kubelet', 'seccomp-default')] : []
  const found = violating(facts, 'seccompProfile_baseline')
  return found.length === 0
    ? pass({ place: 'Pods', says: 'none is Unconfined; one that says nothing has the profile of the runtime' }, ...ours)
    : fail('set securityContext.seccompProfile.type: RuntimeDefault', ...found)
}

const contexts: Control['check'] = facts =>
  noneOf(
    ['allowPrivilegeEscalation', 'runAsNonRoot', 'capabilities_restricted'].flatMap(id => violating(facts, id)),
    'set runAsNonRoot: true, allowPrivilegeEscalation: false and capabilities.drop: [ALL] in the securityContext',
    { place: 'Pods', says: 'every one has a securityContext that restricted takes' },
  )

const defaultNamespace: Control['check'] = ({ objects }: Facts) => {
  const there = (
    kind: string,
    list: readonly { readonly metadata: { readonly namespace?: string; readonly name?: string } }[],
  ): readonly Proof[] =>
    list
      .filter(one => one.metadata.namespace === 'default')
      .map(one => ({ place: `${kind}/default/${one.metadata.name}`, says: 'metadata.namespace: default' }))
  return noneOf(
    [
      ...there('Pod', objects.pods),
      ...there('Service', objects.services).filter(one => one.place !== 'Service/default/kubernetes'),
      ...there('ConfigMap', objects.configMaps).filter(one => one.place !== 'ConfigMap/default/kube-root-ca.crt'),
      ...there(
        'Secret',
        objects.secrets.map(one => ({ metadata: one })),
      ),
    ],
    'kubectl create namespace NAME, and make it there',
    { place: 'Namespace/default', says: 'nothing is in it but what the API itself needs' },
  )
}

export const general: readonly Control[] = [
  { id: '5.3.1', title: 'The network keeps to NetworkPolicies', check: enforcing },
  { id: '5.3.2', title: 'Every namespace has a NetworkPolicy', check: isolated },
  {
    id: '5.4.1',
    title: 'Secrets are files, not environment',
    check: ({ objects }) =>
      noneOf(
        objects.pods.flatMap(secretsInEnv),
        'mount the secret as a volume: what is in the environment is in crash reports and in every process that is started',
        {
          place: 'Pods',
          says: 'none has a secret in its environment',
        },
      ),
  },
  {
    id: '5.4.2',
    title: 'Secrets may be kept elsewhere',
    check: () =>
      notApplicable(
        'it asks to consider it: secrets are sealed in the store under a key that is not in it, and an operator for an outside store is an ordinary program here',
      ),
  },
  { id: '5.5.1', title: 'Images come from where they should', check: provenance },
  { id: '5.6.1', title: 'Namespaces divide what does not belong together', check: boundaries },
  { id: '5.6.2', title: "Pods run with the runtime's seccomp profile", check: unconfined },
  { id: '5.6.3', title: 'Pods have a security context', check: contexts },
  { id: '5.6.4', title: 'The default namespace is not used', check: defaultNamespace },
]
