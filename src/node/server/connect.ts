/** The way to pods of this node for a server that has no route to them: CONNECT, to where a pod of this node really is, and nowhere else. */
import { isIP, connect } from 'node:net'
import { describe } from '#wire/failure.ts'
import type { Client } from './exec.ts'
import { HttpError, type PodParts } from './pods.ts'
import type { Route } from './route.ts'

export interface Destination {
  readonly route: Route & { readonly kind: 'connect' }
  readonly host: string
  readonly port: number
}

const authority = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([0-9.]{7,15})):(\d{1,5})$/
/** Milliseconds until a pod has to accept. */
const patience = 10_000

/** The runtime says where a pod is: what its object says may be anything. @throws HttpError */
export function destinationOf({ agent }: Pick<PodParts, 'agent'>, text: string): Destination {
  const [, six, four, digits] = authority.exec(text) ?? []
  const host = six ?? four ?? ''
  const port = Number(digits)
  if (isIP(host) === 0 || port < 1 || port > 65_535) throw new HttpError(400, 'not an address and a port')
  const found = agent
    .pods()
    .filter(({ pod }) => pod.spec.hostNetwork !== true)
    .find(({ runtime }) => runtime.sandboxes.some(one => one.ready && one.ips.includes(host)))
  if (found === undefined) throw new HttpError(403, 'no pod of this node has this address')
  const { namespace = '', name = '' } = found.pod.metadata
  return { route: { kind: 'connect', namespace, pod: name }, host, port }
}

/** Resolves when the two connections are joined. @throws HttpError when the pod does not accept */
export async function joinPod({ host, port }: Destination, { socket, head }: Client): Promise<void> {
  const other = connect({ host, port })
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(() => reject(new HttpError(504, `dial tcp ${place}: i/o timeout`)), patience)
  other.on('connect', resolve)
  other.on('error', error => reject(new HttpError(502, describe(error, place))))
  const end = (): void => {
    socket.destroy()
    other.destroy()
  }
  socket.on('close', end)
  try {
    await promise
  } catch (error) {
    other.destroy()
    throw error
  } finally {
    clearTimeout(timer)
  }
  other.on('close', end)
  other.on('error', end)
  socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
  if (head.length > 0) other.write(head)
  socket.pipe(other)
  other.pipe(socket)
}
