/** Packets that policies refused, as decisions: the number says which, and what refuses them is found out when somebody asks. */
import type { KObject } from '#api/metadata.ts'
import { type Bulwark, bulwarkGroup, decisionOfPod, decisions } from '#kinds/facts/bulwark.ts'
import { type Contact, readContact } from '#kinds/facts/contact.ts'
import type { Node, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { NetworkPolicy } from '#kinds/facts/generated/types/networking_v1.ts'
import type { Store } from '#server/store/contract.ts'
import { placed } from './places.ts'

type Decision = Bulwark['Decision']

/** The network's own rules, asked about a contact. */
export type Contacting = (
  contact: Contact,
  world: {
    readonly pod: Pod
    readonly pods: readonly Pod[]
    readonly nodes: readonly Node[]
    readonly namespaces: readonly KObject[]
    readonly policies: readonly NetworkPolicy[]
  },
) => {
  readonly allowedNow: boolean
  readonly message: string
  readonly policy?: NetworkPolicy
  readonly line?: string
  readonly fix?: string
}

export interface Contacts {
  /** Also of one that nothing refuses any more. */
  get(id: string): Decision | undefined
}

const isPod = (object: KObject): object is Pod => object.kind === 'Pod'
const isNode = (object: KObject): object is Node => object.kind === 'Node'
const isPolicy = (object: KObject): object is NetworkPolicy => object.kind === 'NetworkPolicy'

const all = (store: Store, resource: string): readonly KObject[] =>
  Array.from(store.snapshot(resource).range(), kept => kept.object)

export const contactsIn = (store: Store, contacting: Contacting): Contacts => ({
  get: id => {
    const contact = readContact(id)
    if (contact === undefined) return undefined
    const pods = all(store, 'pods').filter(isPod)
    const pod = pods.find(one => decisionOfPod(one.metadata.uid ?? '') === contact.pod)
    if (pod === undefined) return undefined
    const { allowedNow, message, policy, line, fix } = contacting(contact, {
      pod,
      pods,
      nodes: all(store, 'nodes').filter(isNode),
      namespaces: all(store, 'namespaces'),
      policies: all(store, 'networkpolicies.networking.k8s.io').filter(isPolicy),
    })
    const { namespace = '', name = '' } = pod.metadata
    return {
      apiVersion: `${bulwarkGroup}/${decisions.version}`,
      kind: decisions.kind,
      metadata: { name: id },
      spec: {
        username: '',
        groups: [],
        verb: contact.direction === 'in' ? 'receive' : 'send',
        group: '',
        version: 'v1',
        resource: 'pods',
        subresource: 'network',
        namespace,
        name,
      },
      status: {
        reason: 'NetworkPolicy',
        message,
        by: policy === undefined ? 'network' : 'NetworkPolicy',
        ...(policy !== undefined && { object: placed(policy) }),
        ...(line !== undefined && { line }),
        ...(fix !== undefined && { fix }),
        allowedNow,
      },
    }
  },
})
