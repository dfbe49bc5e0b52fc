/** `bulwark sockets`: every listening socket of a cluster. */
import { canLook } from '#processes/sockets/owners.ts'
import { type SocketFacts, isOpen, socketsOf } from '#processes/sockets/sockets.ts'
import { visible } from './audit.ts'
import { clusterOf } from './config.ts'
import { CommandError, type PlaceOptions } from './place.ts'
import { tableText } from './table.ts'

export { isOpen }

/** @throws CommandError where nothing can be told */
export function listSockets(options: PlaceOptions): readonly SocketFacts[] {
  const { at, config } = clusterOf(options)
  if (!canLook()) throw new CommandError('sockets are looked up in /proc, which this machine does not have', 3)
  const found = socketsOf(config, at)
  if (found.length === 0) throw new CommandError(`cluster ${options.name} does not run`, 3)
  return found
}

const columns = ['OWNER', 'PID', 'SOCKET', 'EXPOSURE', 'TLS', 'PURPOSE', 'AUTHENTICATION']

export const socketsText = (found: readonly SocketFacts[]): string =>
  tableText([
    columns,
    ...found.map(one =>
      [
        one.owner,
        String(one.pid),
        `${one.protocol} ${one.address}`,
        one.mode === undefined ? one.exposure : `${one.exposure} ${one.mode}`,
        one.tls ? 'yes' : 'no',
        one.purpose,
        one.authentication,
      ].map(visible),
    ),
  ])
