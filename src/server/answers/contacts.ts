/** Packets that policies refused, as decisions: the number says which, and what refuses them is found out when somebody asks. */
import { Breaks, pause } from '#base/breaks.ts'
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
  get(id: string): Promise<Decision | undefined>
}

const isPod = (object: KObject): object is Pod => object.kind === 'Pod'
const isNode = (object: KObject): object is Node => object.kind === 'Node'
const isPolicy = (object: KObject): object is NetworkPolicy => object.kind === 'NetworkPolicy'

/** Pods between breaks. */
const turn = 500

interface Involved {
  readonly pod: Pod
  /** Whoever says that the other side's address is theirs, or was. */
  readonly others: readonly Pod[]
}

const has = ({ status }: Pod, address: string): boolean =>
  status?.podIP === address || (status?.podIPs ?? []).some(one => one.ip === address)

/** The one look at all that is kept: what it finds is little. */
async function involved(store: Store, contact: Contact): Promise<Involved | undefined> {
  const breaks = new Breaks(pause, turn)
  const others: Pod[] = []
  let found: Pod | undefined
  for (const { object } of store.snapshot('pods').range()) {
    const wait = breaks.after(1)
    if (wait !== undefined) await wait
    if (!isPod(object)) continue
    if (found === undefined && decisionOfPod(object.metadata.uid ?? '') === contact.pod) found = object
    if (has(object, contact.peer)) others.push(object)
  }
  return found === undefined ? undefined : { pod: found, others }
}

const of = (store: Store, resource: string, names: Iterable<string>): readonly KObject[] => {
  const snapshot = store.snapshot(resource)
  return [...new Set(names)].flatMap(name => snapshot.get(name)?.object ?? [])
}

const policiesIn = (store: Store, namespaces: Iterable<string>): readonly NetworkPolicy[] => {
  const snapshot = store.snapshot('networkpolicies.networking.k8s.io')
  return [...new Set(namespaces)].flatMap(name =>
    Array.from(snapshot.range({ prefix: `${name}/` }), kept => kept.object).filter(isPolicy),
  )
}

export const contactsIn = (store: Store, contacting: Contacting): Contacts => ({
  get: async id => {
    const contact = readContact(id)
    const found = contact === undefined ? undefined : await involved(store, contact)
    if (contact === undefined || found === undefined) return undefined
    const { pod, others } = found
    const both = [pod, ...others]
    const namespaces = both.map(one => one.metadata.namespace ?? '')
    const { allowedNow, message, policy, line, fix } = contacting(contact, {
      pod,
      pods: both,
      nodes: of(
        store,
        'nodes',
        both.map(one => one.spec.nodeName ?? ''),
      ).filter(isNode),
      namespaces: of(store, 'namespaces', namespaces),
      policies: policiesIn(store, namespaces),
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
