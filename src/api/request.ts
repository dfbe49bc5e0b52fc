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

/** What goes on record of a request beside what it asks for: the annotations of its audit event. */
export interface Notes {
  /** Of our own code, under a key of upstream's or of `*.bulwark.dev`. What was noted first stays. */
  note(key: string, value: string): void
  /** Of admission. Keys that are ours alone are left out when the event is written: webhooks choose theirs themselves. */
  readonly annotations: Map<string, string>
  /** Whether bodies go on record, and with them what changed them. */
  readonly bodies: boolean
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
  /** Absent where nobody keeps a record. */
  readonly notes?: Notes
}

declare const permitted: unique symbol
/** Proof that authorization said yes. The registry takes names from it alone. Made only by server/authz. */
export interface Permit extends Attributes {
  readonly user: User
  readonly [permitted]: true
}
