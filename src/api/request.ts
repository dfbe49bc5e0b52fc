/** Who asks for what, and the evidence that each step of the pipeline leaves for the next. */

export type Verb =
  | 'get'
  | 'list'
  | 'watch'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'deletecollection'
  | 'proxy'
  | 'connect'
  /** Checked for on the way, never a request of their own. */
  | 'bind'
  | 'escalate'
  | 'impersonate'
  | 'use'
  | 'approve'
  | 'sign'
  | 'attest'
  /** Non-resource requests: the HTTP method in lower case. */
  | 'post'
  | 'put'
  | 'head'
  | 'options'

declare const authenticated: unique symbol
/** Proof of identity. Made only by server/authn (and, for our own components, by main.ts through it). */
export interface User {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
  /** How it was authenticated, for the audit trail: `x509`, `service account token`, `component`… */
  readonly source: string
  readonly [authenticated]: true
}

/** What a request asks permission for. */
export interface Attributes {
  readonly verb: Verb
  /** False for paths such as /healthz and /api. */
  readonly resourceRequest: boolean
  readonly path?: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** As asked for by a list, watch or deletecollection; some authorizers insist on one. */
  readonly fieldSelector?: string
  readonly labelSelector?: string
}

declare const permitted: unique symbol
/** Proof that authorization said yes. The registry takes names from it alone. Made only by server/authz. */
export interface Permit extends Attributes {
  readonly user: User
  readonly [permitted]: true
}
