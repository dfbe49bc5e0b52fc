/** The container runtime's two services over its unix socket. */
import { connect } from 'node:net'
import { type Client, Code, ConnectError, createClient } from '@connectrpc/connect'
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node'
import { ImageService, RuntimeService } from './cri.gen.ts'

export interface Cri {
  readonly runtime: Client<typeof RuntimeService>
  readonly images: Client<typeof ImageService>
  /** Ends the connection and everything under way. */
  close(): void
}

const defaultTimeoutMs = 120_000
/** Largest answer taken, for example a list of all containers or 16 MiB from ExecSync. */
const readMaxBytes = 32 << 20

/** Connects on first use, and again whenever the connection is lost. @param socket absolute path */
export function connectCri(socket: string): Cri {
  const baseUrl = 'http://localhost'
  const sessionManager = new Http2SessionManager(baseUrl, {}, { createConnection: () => connect(socket) })
  const transport = createGrpcTransport({ baseUrl, sessionManager, defaultTimeoutMs, readMaxBytes })
  return {
    runtime: createClient(RuntimeService, transport),
    images: createClient(ImageService, transport),
    close: () => sessionManager.abort(),
  }
}

const hasCode = (error: unknown, code: Code): boolean => error instanceof ConnectError && error.code === code

/** What was asked about is not there: for stops and removals that is success. */
export const isAbsent = (error: unknown): boolean => hasCode(error, Code.NotFound)
/** An older runtime does not know the call. */
export const isUnimplemented = (error: unknown): boolean => hasCode(error, Code.Unimplemented)
export const isTimeout = (error: unknown): boolean => hasCode(error, Code.DeadlineExceeded)

/** The runtime's own words, as the kubelet reports them. */
export const rpcMessage = (error: unknown): string =>
  error instanceof ConnectError
    ? `rpc error: code = ${Code[error.code]} desc = ${error.rawMessage}`
    : error instanceof Error
      ? error.message
      : String(error)
