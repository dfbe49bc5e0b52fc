/**
 * A packet that policies refuse, as the number of its decision. All that has to be known of it stands in the number, so
 * that nothing is kept for it, and every server can tell why.
 */
import { decisionOfPod } from './bulwark.ts'

export interface Contact {
  /** The decision number of the pod whose policies refuse it. */
  readonly pod: string
  /** What the pod receives, or what it sends. */
  readonly direction: 'in' | 'out'
  /** IPv4, of the other side. */
  readonly peer: string
  readonly proto: 'tcp' | 'udp' | 'sctp'
  readonly port: number
}

const shape = /^([0-9a-f]{12})-(in|out)-((?:\d{1,3}\.){3}\d{1,3})-(tcp|udp|sctp)-(\d{1,5})$/

export const contactOf = (uid: string, rest: Omit<Contact, 'pod'>): Contact => ({ pod: decisionOfPod(uid), ...rest })

export const contactNumber = ({ pod, direction, peer, proto, port }: Contact): string =>
  `${pod}-${direction}-${peer}-${proto}-${port}`

/** undefined for what is no such number. */
export function readContact(text: string): Contact | undefined {
  const [, pod = '', direction, peer = '', proto, port = ''] = shape.exec(text) ?? []
  if (direction !== 'in' && direction !== 'out') return undefined
  if (proto !== 'tcp' && proto !== 'udp' && proto !== 'sctp') return undefined
  const fits = Number(port) <= 65_535 && peer.split('.').every(part => Number(part) <= 255)
  return fits ? { pod, direction, peer, proto, port: Number(port) } : undefined
}
