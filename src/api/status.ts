/** The closed table of API errors. Matched by reason, never by text; `message` is what clients print and match. */
import type { Attributes } from './request.ts'
import type { FieldError } from './validation.ts'

/** HTTP code of each reason that upstream's `metav1.StatusReason` knows. */
export const codes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  ServerTimeout: 500,
  Timeout: 504,
  StoreReadError: 500,
  InsufficientStorage: 507,
} as const

export type Reason = keyof typeof codes

export interface StatusCause {
  readonly reason?: string
  readonly message?: string
  readonly field?: string
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly uid?: string
  readonly causes?: readonly StatusCause[]
  readonly retryAfterSeconds?: number
}

/** The wire form, `kind: Status`. */
export interface Status {
  readonly kind: 'Status'
  readonly apiVersion: 'v1'
  readonly metadata: { readonly continue?: string; readonly remainingItemCount?: number }
  readonly status: 'Success' | 'Failure'
  readonly message?: string
  readonly reason?: string
  readonly details?: StatusDetails
  readonly code: number
}

export interface Refusal {
  readonly reason: Reason | ''
  readonly message: string
  readonly details?: StatusDetails
  /** Only where it differs from the reason's. */
  readonly code?: number
  /** A fresh inconsistent token that an expired list carries. */
  readonly continue?: string
}

/** What refused a request: for those who may ask why. The refused one is told no more than upstream tells. */
export interface Blame {
  /** An authorizer, or a plugin of admission. */
  readonly by: string
  /** The object that says so. */
  readonly object?: { readonly kind: string; readonly namespace?: string; readonly name: string }
  /** Of that object: the rule, expression, label or field. */
  readonly line?: string
  /** The least that would allow it, in words. */
  readonly fix?: string
  /** The right that is missing: not always the one that the request itself asks for. */
  readonly right?: Right
}

/** What an authorizer is asked. */
export type Right = Pick<
  Attributes,
  'verb' | 'resourceRequest' | 'group' | 'resource' | 'subresource' | 'namespace' | 'name' | 'path'
>

/** Under this a refusal's number stands among the causes. */
export const decisionCause = 'bulwark.dev/Decision'

/** The only error that the door throws on purpose; everything else is a bug and answers InternalError. */
export class StatusError extends Error {
  readonly reason: Reason | ''
  readonly code: number
  readonly details: StatusDetails | undefined
  readonly continue: string | undefined
  #blame: Blame | undefined
  #decision: string | undefined
  constructor(refusal: Refusal) {
    super(refusal.message)
    this.name = 'StatusError'
    this.reason = refusal.reason
    this.code = refusal.code ?? (refusal.reason === '' ? 500 : codes[refusal.reason])
    this.details = refusal.details
    this.continue = refusal.continue
  }
  /** Undefined where nobody refused: what was asked for is not there, or cannot be read. */
  get blame(): Blame | undefined {
    return this.#blame
  }
  /** Who said so first knows best. */
  blamed(blame: Blame): this {
    this.#blame ??= blame
    return this
  }
  /** The number under which is kept why, once it is. */
  get decision(): string | undefined {
    return this.#decision
  }
  decided(id: string): void {
    this.#decision ??= id
  }
  #details(): StatusDetails | undefined {
    if (this.#decision === undefined) return this.details
    const cause = { reason: decisionCause, message: this.#decision, field: 'decision' }
    return { ...this.details, causes: [...(this.details?.causes ?? []), cause] }
  }
  /** The wire form of this error. */
  status(): Status {
    const details = this.#details()
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continue === undefined ? {} : { continue: this.continue },
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason === 'InsufficientStorage' ? 'InternalError' : this.reason }),
      ...(details === undefined ? {} : { details }),
      code: this.code,
    }
  }
}

export const isReason = (error: unknown, reason: Reason): error is StatusError =>
  error instanceof StatusError && error.reason === reason

/** What an error is about: upstream names group and resource (for Invalid: group and kind) and the object. */
export interface Subject {
  readonly group: string
  /** Plural resource, for `invalid` the kind. */
  readonly resource: string
  readonly name?: string
}

const qualified = (subject: Subject): string =>
  subject.group === '' ? subject.resource : `${subject.resource}.${subject.group}`

const about = (subject: Subject): StatusDetails => ({
  ...(subject.name === undefined || subject.name === '' ? {} : { name: subject.name }),
  ...(subject.group === '' ? {} : { group: subject.group }),
  kind: subject.resource,
})

const refuse = (reason: Reason, message: string, details?: StatusDetails): StatusError =>
  new StatusError({ reason, message, ...(details === undefined ? {} : { details }) })

export const notFound = (subject: Subject): StatusError =>
  refuse('NotFound', `${qualified(subject)} "${subject.name ?? ''}" not found`, about(subject))

export const alreadyExists = (subject: Subject): StatusError =>
  refuse('AlreadyExists', `${qualified(subject)} "${subject.name ?? ''}" already exists`, about(subject))

export const conflict = (subject: Subject, why: string): StatusError =>
  refuse(
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name ?? ''}": ${why}`,
    about(subject),
  )

export const modified = (subject: Subject): StatusError =>
  conflict(subject, 'the object has been modified; please apply your changes to the latest version and try again')

export const forbidden = (subject: Subject, why: string): StatusError =>
  refuse(
    'Forbidden',
    `${qualified(subject)}${subject.name ? ` "${subject.name}"` : ''} is forbidden: ${why}`,
    about(subject),
  )

/** @param subject its `resource` is the kind, as upstream reports it. */
export function invalid(subject: Subject, errors: readonly FieldError[]): StatusError {
  const lines = [...new Set(errors.map(error => error.message()))]
  const text = lines.length === 1 ? (lines[0] ?? '') : `[${lines.join(', ')}]`
  return refuse('Invalid', `${qualified(subject)} "${subject.name ?? ''}" is invalid: ${text}`, {
    ...about(subject),
    causes: errors.map(error => ({ reason: error.reason, message: error.body(), field: error.path })),
  })
}

export const badRequest = (message: string): StatusError => refuse('BadRequest', message)
export const unauthorized = (): StatusError => refuse('Unauthorized', 'Unauthorized')
export const methodNotAllowed = (subject: Subject, verb: string): StatusError =>
  refuse('MethodNotAllowed', `${verb} is not supported on resources of kind "${qualified(subject)}"`, about(subject))
export const notAcceptable = (accepted: readonly string[]): StatusError =>
  refuse('NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`)
export const unsupportedMediaType = (message: string): StatusError => refuse('UnsupportedMediaType', message)
export const tooLarge = (message: string): StatusError => refuse('RequestEntityTooLarge', message)
export const expired = (message: string, token?: string): StatusError =>
  new StatusError({ reason: 'Expired', message, ...(token === undefined ? {} : { continue: token }) })
export const gone = (message: string): StatusError => refuse('Gone', message)
export const internalError = (message: string): StatusError =>
  refuse('InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] })
export const serviceUnavailable = (message: string): StatusError => refuse('ServiceUnavailable', message)
export const insufficientStorage = (message: string): StatusError => refuse('InsufficientStorage', message)
export const tooManyRequests = (message: string, retryAfterSeconds: number): StatusError =>
  refuse('TooManyRequests', message, { retryAfterSeconds })
export const timedOut = (message: string): StatusError => refuse('Timeout', message)
/** A resourceVersion that this store has not reached within 3 s. */
export const resourceVersionTooLarge = (asked: number, current: number): StatusError =>
  refuse('Timeout', `Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
