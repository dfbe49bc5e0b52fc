/** The NSA and CISA guide to hardening Kubernetes (1.2, 2022), as far as it concerns a cluster: its chapters by letter, titles are ours. */
import type { Control, Proof } from './control.ts'
import { fail, noneOf, notApplicable, onNode, pass } from './control.ts'
import { cis } from './cis/controls.ts'
import { both, modes } from './cis/kit.ts'
import { looked, podPlace } from './pods.ts'
import type { NetworkPolicyEgressRule } from '#kinds/facts/generated/types/networking_v1.ts'
import { within } from '#network/ip.ts'
import { isOpen } from '#processes/sockets/sockets.ts'
import { kubeletVersion } from '#plane/version.ts'

const byId = new Map(cis.map(one => [one.id, one.check]))

/** What another benchmark asks as well. @throws Error for an id that there is not */
function as(id: string): Control['check'] {
  const check = byId.get(id)
  if (check === undefined) throw new Error(`there is no control ${id}`)
  return check
}

const all = (...ids: readonly string[]): Control['check'] => both(...ids.map(as))

const immutable: Control['check'] = ({ objects }) =>
  noneOf(
    objects.pods.flatMap(pod =>
      looked(pod)
        .containers.filter(one => one.securityContext?.readOnlyRootFilesystem !== true)
        .map(one => ({
          place: podPlace(pod),
          says: `container ${one.name}: securityContext.readOnlyRootFilesystem is not true`,
        })),
    ),
    'set readOnlyRootFilesystem: true, and mount an emptyDir where the program writes',
    { place: 'Pods', says: 'no container writes to its own file system' },
  )

const limited: Control['check'] = ({ objects }) => {
  const guarded = new Set([...objects.quotas, ...objects.limits].map(one => one.metadata.namespace))
  const used = new Set(objects.pods.map(pod => pod.metadata.namespace ?? ''))
  return noneOf(
    [...used]
      .filter(name => !guarded.has(name))
      .map(name => ({ place: `Namespace/${name}`, says: 'it has pods, and neither a ResourceQuota nor a LimitRange' })),
    'kubectl -n NAME create quota all --hard=cpu=4,memory=8Gi,pods=50',
    { place: 'Namespaces', says: `all ${used.size} that have pods have limits` },
  )
}

const planned: Control['check'] = ({ machine }) => {
  if (machine.sockets === undefined)
    return notApplicable('sockets are looked up in /proc, which this machine does not have')
  const line = (one: (typeof machine.sockets)[number]): Proof => ({
    place: `socket ${one.address}`,
    says: `${one.owner}, ${one.exposure}, authentication: ${one.authentication}`,
  })
  const open = machine.sockets.filter(isOpen)
  return open.length > 0
    ? noneOf(open.map(line), 'bulwark sockets shows all of them: end what nobody planned', { place: '', says: '' })
    : pass(...machine.sockets.map(line))
}

/** Where instances of clouds get their keys. */
const metadataAddress = '169.254.169.254'

const opens = ({ to = [] }: NetworkPolicyEgressRule): boolean =>
  to.length === 0 ||
  to.some(
    ({ ipBlock }) =>
      ipBlock !== undefined &&
      within(metadataAddress, [ipBlock.cidr]) &&
      !within(metadataAddress, ipBlock.except ?? []),
  )

/** Without a policy that lets a pod there the network refuses it. */
const metadata: Control['check'] = ({ objects, networkPolicies }) => {
  if (networkPolicies === undefined) return notApplicable('nodes are simulated: there is no network')
  if (!networkPolicies.enforced)
    return fail('bulwark status, and the log of the agent: it writes the rules again within 30 s', {
      place: 'kernel',
      says: networkPolicies.says,
    })
  const open = objects.policies.flatMap(({ metadata: { namespace, name }, spec }) =>
    spec.policyTypes?.includes('Egress') !== true
      ? []
      : (spec.egress ?? []).flatMap((rule, at) =>
          opens(rule)
            ? [
                {
                  place: `NetworkPolicy/${namespace}/${name}`,
                  says: `spec.egress[${at}] lets its pods reach ${metadataAddress}`,
                },
              ]
            : [],
        ),
  )
  return noneOf(
    open,
    `name the peers in spec.egress[].to, or leave ${metadataAddress}/32 out of the block with except, where the pods do not need the machine's credentials`,
    { place: 'kernel', says: `pods are refused at ${metadataAddress}; no NetworkPolicy lets any of them there` },
  )
}

const current: Control['check'] = () => pass({ place: 'server and agent', says: `version ${kubeletVersion}` })

const recordFiles: Control['check'] = modes(({ layout, machine }) => machine.below(layout.audit), 0o600)

export const nsa: readonly Control[] = [
  { id: 'P1', title: 'Containers do not run as root', check: as('5.2.7') },
  { id: 'P2', title: 'Containers do not change themselves', check: immutable },
  { id: 'P3', title: 'Images come from where they should', check: as('5.5.1') },
  { id: 'P4', title: 'Something judges pods in every namespace', check: as('5.2.1') },
  { id: 'P5', title: 'No privileged containers', check: as('5.2.2') },
  {
    id: 'P6',
    title: 'Pods are not part of the node: processes, IPC, network, ports',
    check: all('5.2.3', '5.2.4', '5.2.5', '5.2.12'),
  },
  { id: 'P7', title: 'Pods have no folders of the node', check: as('5.2.11') },
  { id: 'P8', title: 'Processes do not gain rights', check: as('5.2.6') },
  { id: 'P9', title: 'Capabilities are dropped', check: all('5.2.8', '5.2.9') },
  { id: 'P10', title: "Pods run with the runtime's seccomp profile", check: as('5.6.2') },
  { id: 'P11', title: 'Tokens of service accounts are protected', check: all('5.1.5', '5.1.6', '1.2.30') },
  { id: 'N1', title: 'Namespaces divide what does not belong together', check: all('5.6.1', '5.6.4') },
  { id: 'N2', title: 'Network policies divide pods', check: all('5.3.1', '5.3.2') },
  { id: 'N3', title: 'Namespaces have limits', check: limited },
  {
    id: 'N4',
    title: 'The control plane is encrypted and known by certificates',
    check: all('1.2.24', '1.2.25', '1.2.29'),
  },
  { id: 'N5', title: 'The store is encrypted on its way, and known', check: all('2.1', '2.2', '2.3') },
  { id: 'N6', title: 'Kubeconfigs are protected', check: all('1.1.13', '1.1.14', '4.1.5', '4.1.6') },
  { id: 'N7', title: 'Nodes are protected', check: onNode(all('4.2.1', '4.2.2', '4.2.4', '4.2.12')) },
  { id: 'N8', title: 'Nothing listens that nobody planned', check: planned },
  { id: 'N9', title: 'Secrets are encrypted at rest', check: all('1.2.27', '1.1.21') },
  { id: 'N10', title: 'Secrets are files, not environment', check: as('5.4.1') },
  { id: 'N11', title: "Pods do not reach the cloud's metadata", check: metadata },
  { id: 'A1', title: 'Nobody gets in without credentials', check: as('1.2.1') },
  { id: 'A2', title: 'People come in by what can be taken back', check: all('3.1.1', '3.1.2', '3.1.3') },
  { id: 'A3', title: 'Rights are given by roles', check: all('1.2.6', '1.2.7', '1.2.8') },
  { id: 'A4', title: 'Roles give as little as they can', check: all('5.1.1', '5.1.2', '5.1.3', '5.1.8') },
  { id: 'L1', title: 'Requests go on record', check: all('1.2.16', '3.2.2') },
  { id: 'L2', title: 'The record is whole, and for its owner alone', check: both(as('3.2.1'), recordFiles) },
  { id: 'L3', title: 'The record is kept', check: all('1.2.17', '1.2.18', '1.2.19') },
  { id: 'U1', title: 'All parts are of one version', check: current },
]
