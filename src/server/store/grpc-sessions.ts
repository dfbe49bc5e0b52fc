/** Connections for gRPC that whoever is at the other end cannot end this process with. */
import type { ClientHttp2Stream } from 'node:http2'
import { Http2SessionManager } from '@connectrpc/connect-node'

const held = new WeakSet<object>()
const heard = (): void => undefined

/**
 * connect-node lets go of a connection before the last error of it is told, for example that what came is no HTTP/2, and
 * Node ends a process over an error that nobody listens to. Calls hear of it all the same.
 */
export class GrpcSessions extends Http2SessionManager {
  override async request(...args: Parameters<Http2SessionManager['request']>): Promise<ClientHttp2Stream> {
    const stream = await super.request(...args)
    const { session } = stream
    if (session !== undefined && !held.has(session)) {
      held.add(session)
      session.on('error', heard)
    }
    return stream
  }
}
