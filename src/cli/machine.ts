/** What of this machine a cluster takes: an address, a port, for all but the first a network namespace. */
import { createServer } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { CommandError } from './place.ts'

/** The machine's own IPv4 address; loopback where it has no other. */
export function hostAddress(): string {
  const all = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).map(one => ({ name, ...one })),
  )
  // Links of pods and of other clusters' nodes are not the machine's way to the world.
  const own = all.filter(one => one.family === 'IPv4' && !one.internal && !/^(veth|bw|docker|cni|br-)/.test(one.name))
  return own[0]?.address ?? '127.0.0.1'
}

export const machineName = (): string => {
  const name = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
  return name === '' ? 'node' : name.slice(0, 63)
}

/** @throws CommandError when somebody else listens there. */
export async function requireFreePort(port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const server = createServer()
  server.once('error', () =>
    reject(new CommandError(`port ${port} is taken by another program; choose another one with --port`)),
  )
  server.listen(port, '127.0.0.1', () => server.close(() => resolve()))
  await promise
}
