/** Names that the chains of policies share. */
import { createHash } from 'node:crypto'

/** Pods of this node that are known: others neither send nor receive. */
export const localPods = 'local-pods'
/** Each pod of this node with itself. */
export const selves = 'selves'
export const isolatedIn = 'isolated-in'
export const isolatedOut = 'isolated-out'
/** The same for answers to what they received, and to what they sent. */
export const answeredIn = 'answered-in'
export const answeredOut = 'answered-out'
/** Who may ask cluster DNS, of those that may not send everywhere. */
export const dnsClients = 'dns-clients'
/** What was refused lately: source, destination, protocol, port. */
export const refusedFlows = 'refused-flows'
export const refuse = 'refuse-policy'
export const metadata = 'cloud-metadata'
/** The chain that judges answers to what another chain judges. */
export const answerName = (chain: string): string => `answer-${chain}`

/** Where packets meet policies. */
export const received = 'policy-received'
export const sent = 'policy-sent'
export const toNode = 'policy-input'
/** And answers to it. */
export const answersIn = 'answers-in'
export const answersOut = 'answers-out'
export const policyChains = [toNode, sent, received] as const

/** Short, and the same for the same parts. */
const digest = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20)

export const contentName = (kind: string, ...parts: readonly unknown[]): string => `${kind}-${digest(...parts)}`

/** The kernel takes names of 255 bytes. */
const longest = 200

/** Readable as long as the kernel takes it. */
export function chainName(kind: string, key: string): string {
  const name = `${kind}-${key}`
  return name.length <= longest ? name : `${name.slice(0, longest)}-${digest(key)}`
}
