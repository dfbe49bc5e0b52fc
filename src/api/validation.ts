/** Field errors with upstream's wording. The format checks (names, labels, IPs…) stand in api/names.ts. */

export type FieldErrorReason =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueDuplicate'
  | 'FieldValueForbidden'
  | 'FieldValueNotFound'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError'

const titles: Readonly<Record<FieldErrorReason, string>> = {
  FieldValueRequired: 'Required value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueForbidden: 'Forbidden',
  FieldValueNotFound: 'Not found',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  FieldValueTypeInvalid: 'Invalid value',
  InternalError: 'Internal error',
}

/** Reasons whose text shows no value. */
const silent: ReadonlySet<FieldErrorReason> = new Set([
  'FieldValueRequired',
  'FieldValueForbidden',
  'FieldValueTooLong',
  'InternalError',
])

function show(value: unknown): string {
  if (value === undefined) return 'null'
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner))
}

/** In place of a value that is not to be shown. */
export const omitted: unique symbol = Symbol('omitted')

export class FieldError {
  readonly reason: FieldErrorReason
  /** For example `spec.containers[0].image`. */
  readonly path: string
  readonly value: unknown
  readonly detail: string
  constructor(reason: FieldErrorReason, path: string, what: { readonly value?: unknown; readonly detail?: string }) {
    this.reason = reason
    this.path = path
    this.value = what.value
    this.detail = what.detail ?? ''
  }
  /** The message without the path, as `causes[].message` has it. */
  body(): string {
    const head =
      silent.has(this.reason) || this.value === omitted
        ? titles[this.reason]
        : `${titles[this.reason]}: ${show(this.value)}`
    return this.detail === '' ? head : `${head}: ${this.detail}`
  }
  message(): string {
    return `${this.path === '' ? '<nil>' : this.path}: ${this.body()}`
  }
}

export const required = (path: string, detail = ''): FieldError =>
  new FieldError('FieldValueRequired', path, { detail })
export const invalidValue = (path: string, value: unknown, detail: string): FieldError =>
  new FieldError('FieldValueInvalid', path, { value, detail })
export const forbiddenField = (path: string, detail: string): FieldError =>
  new FieldError('FieldValueForbidden', path, { detail })
export const duplicate = (path: string, value: unknown): FieldError =>
  new FieldError('FieldValueDuplicate', path, { value })
export const notFoundValue = (path: string, value: unknown): FieldError =>
  new FieldError('FieldValueNotFound', path, { value })
export const tooLong = (path: string, max: number): FieldError =>
  new FieldError('FieldValueTooLong', path, { detail: `may not be more than ${max} bytes` })
export const tooMany = (path: string, actual: number, max: number): FieldError =>
  new FieldError('FieldValueTooMany', path, {
    value: actual,
    detail: `must have at most ${max} item${max === 1 ? '' : 's'}`,
  })
export const notSupported = (path: string, value: unknown, supported: readonly string[]): FieldError =>
  new FieldError('FieldValueNotSupported', path, {
    value,
    detail:
      supported.length === 0
        ? ''
        : `supported values: ${[...supported]
            .sort()
            .map(one => JSON.stringify(one))
            .join(', ')}`,
  })
/** As notSupported, for values that upstream lists in an order of their own. */
export const notOneOf = (path: string, value: unknown, supported: readonly string[]): FieldError =>
  new FieldError('FieldValueNotSupported', path, {
    value,
    detail: `supported values: ${supported.map(one => JSON.stringify(one)).join(', ')}`,
  })
export const immutable = (path: string, value: unknown): FieldError => invalidValue(path, value, 'field is immutable')
