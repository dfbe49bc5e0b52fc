/** Where in an object a check is, and what all checks of it have found. Paths become text only when something is wrong. */
import {
  FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  notFoundValue,
  notOneOf,
  omitted,
  required,
  tooLong,
  tooMany,
} from '#api/validation.ts'

export type Check = (value: string) => readonly string[]

const negative = 'must be greater than or equal to 0'

export class Place {
  readonly errors: FieldError[]
  readonly #parent: Place | undefined
  readonly #segment: string | number
  constructor(segment: string | number, parent?: Place) {
    this.#segment = segment
    this.#parent = parent
    this.errors = parent?.errors ?? []
  }
  /** A field; `a.b` is a field of a field. */
  at(name: string): Place {
    return new Place(name, this)
  }
  item(index: number): Place {
    return new Place(index, this)
  }
  /** An entry of a map. */
  key(name: string): Place {
    return new Place(`[${name}]`, this)
  }
  path(): string {
    const before = this.#parent?.path() ?? ''
    const segment = this.#segment
    if (typeof segment === 'number') return `${before}[${segment}]`
    return before === '' || segment.startsWith('[') ? before + segment : `${before}.${segment}`
  }
  required(detail = ''): void {
    this.errors.push(required(this.path(), detail))
  }
  invalid(value: unknown, detail: string): void {
    this.errors.push(invalidValue(this.path(), value, detail))
  }
  /** Invalid, without showing the value. */
  wrong(detail: string): void {
    this.errors.push(new FieldError('FieldValueInvalid', this.path(), { value: omitted, detail }))
  }
  forbidden(detail: string): void {
    this.errors.push(forbiddenField(this.path(), detail))
  }
  internal(detail: string): void {
    this.errors.push(new FieldError('InternalError', this.path(), { detail }))
  }
  duplicate(value: unknown): void {
    this.errors.push(duplicate(this.path(), value))
  }
  notFound(value: unknown): void {
    this.errors.push(notFoundValue(this.path(), value))
  }
  /** As notFound, with what would have been there. */
  missing(value: unknown, detail: string): void {
    this.errors.push(new FieldError('FieldValueNotFound', this.path(), { value, detail }))
  }
  tooLong(most: number): void {
    this.errors.push(tooLong(this.path(), most))
  }
  tooMany(actual: number, most: number): void {
    this.errors.push(tooMany(this.path(), actual, most))
  }
  /** @param supported in the order in which they are shown. */
  oneOf(value: string | undefined, supported: readonly string[]): void {
    if (value === undefined || value === '') this.required()
    else if (!supported.includes(value)) this.unsupported(value, supported)
  }
  unsupported(value: unknown, supported: readonly string[]): void {
    this.errors.push(notOneOf(this.path(), value ?? '', supported))
  }
  /** An absent text is an empty one, as it is everywhere. */
  format(value: string | undefined, check: Check): void {
    const text = value ?? ''
    for (const problem of check(text)) this.invalid(text, problem)
  }
  /** Required and of a format. */
  named(value: string | undefined, check: Check): void {
    if (value === undefined || value === '') this.required()
    else this.format(value, check)
  }
  nonNegative(value: number | bigint | undefined): void {
    if (value !== undefined && value < 0) this.invalid(value, negative)
  }
  positive(value: number | bigint | undefined): void {
    if (value === undefined || value <= 0) this.invalid(value ?? 0, 'must be greater than zero')
  }
  immutable(value: unknown): void {
    this.invalid(value, 'field is immutable')
  }
  each<I>(list: readonly I[] | undefined, check: (item: I, place: Place) => void): void {
    if (list === undefined) return
    for (let at = 0; at < list.length; at++) {
      const item = list[at]
      if (item !== undefined) check(item, this.item(at))
    }
  }
}
