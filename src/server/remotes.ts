/** What other servers serve as a part of this API, as discovery, OpenAPI and the listener need to know it. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { JsonObject } from '#api/metadata.ts'
import type { Attributes, User } from '#api/request.ts'
import type { Request } from './http/body.ts'
import type { Response } from './http/respond.ts'

/** Built in, but a server of the user's own may take its place. */
export const replaceableGroup = 'metrics.k8s.io'

export interface GroupVersion {
  readonly group: string
  readonly version: string
}

/** One version of a group that another server serves. */
export interface RemoteVersion extends GroupVersion {
  /** Higher comes first. */
  readonly groupPriority: number
  readonly versionPriority: number
  /** Stale: the last time it was asked it did not answer. */
  readonly freshness: 'Current' | 'Stale'
  /** As aggregated discovery lists them; empty when it was never heard of. */
  readonly resources: readonly JsonObject[]
}

/** Parts of an OpenAPI v2 document, names and references already told apart from everybody else's. */
export interface RemoteSwagger {
  readonly paths: readonly (readonly [path: string, item: JsonObject])[]
  readonly definitions: readonly (readonly [name: string, schema: JsonObject])[]
}

export interface Passing {
  readonly user: User
  readonly asked: Attributes
  readonly query: URLSearchParams
  readonly request: Request
  readonly response: Response
  /** Called when the request no longer counts as work of ours. */
  readonly running: () => void
  /** Under which it is on record here; the other server uses the same. */
  readonly auditId?: string | undefined
  /** Called when the answer begins. */
  readonly begun?: ((code: number) => void) | undefined
}

export interface PassingUpgrade {
  readonly user: User
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

/** Where a request goes whose user may ask it. @throws StatusError as long as nothing was answered. */
export interface Elsewhere {
  pass(passing: Passing): Promise<void>
  /** Resolves when the two connections are joined. */
  join(passing: PassingUpgrade): Promise<void>
}

export interface Remotes {
  /** Raised with every change of what follows. */
  generation(): number
  versions(): readonly RemoteVersion[]
  has(group: string, version: string): boolean
  /** The same values as long as they say the same. */
  swagger(): readonly RemoteSwagger[]
  /** Places below /openapi/v3 with the hash that their server gives. */
  openapi(): ReadonlyMap<string, string>
  /** Undefined: the path is ours. */
  at(path: string): Elsewhere | undefined
}

export const noRemotes: Remotes = {
  generation: () => 0,
  versions: () => [],
  has: () => false,
  swagger: () => [],
  openapi: () => new Map(),
  at: () => undefined,
}
