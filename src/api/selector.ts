/** Label and field selectors: parsed once, matched often. */
import { labelValueErrors, qualifiedName } from './names.ts'
import { badRequest } from './status.ts'

export type Labels = Readonly<Record<string, string>> | undefined
export type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'

export interface Requirement {
  readonly key: string
  readonly operator: Operator
  readonly values: ReadonlySet<string>
}

/** All requirements hold. No requirement: everything. */
export type Selector = readonly Requirement[]

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
}

const own = (labels: Labels, key: string): string | undefined =>
  labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined

function holds(requirement: Requirement, value: string | undefined): boolean {
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && requirement.values.has(value)
    case 'NotIn':
      return value === undefined || !requirement.values.has(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
    case 'Lt': {
      const [bound = ''] = requirement.values
      if (value === undefined || !/^-?\d+$/.test(value)) return false
      return requirement.operator === 'Gt' ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound)
    }
  }
}

export const matches = (selector: Selector, labels: Labels): boolean =>
  selector.every(requirement => holds(requirement, own(labels, requirement.key)))

const operators: Readonly<Record<string, Operator>> = {
  In: 'In',
  NotIn: 'NotIn',
  Exists: 'Exists',
  DoesNotExist: 'DoesNotExist',
}

/**
 * The selector of an object's spec. Absent selects nothing, empty selects everything; one with an operator that does not
 * exist selects nothing either (validation refuses it before).
 */
export function fromLabelSelector(selector: LabelSelector | undefined): Selector | undefined {
  if (selector === undefined) return undefined
  const requirements: Requirement[] = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: 'In',
    values: new Set([value]),
  }))
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = operators[operator]
    if (known === undefined) return undefined
    requirements.push({ key, operator: known, values: new Set(values) })
  }
  return requirements
}

/** Whether the labels are selected; an absent selector selects nothing. */
export const selects = (selector: LabelSelector | undefined, labels: Labels): boolean => {
  const parsed = fromLabelSelector(selector)
  return parsed !== undefined && matches(parsed, labels)
}

const token = /\s*(?:(!=|==|=|!|,|\(|\)|<|>)|([^\s!=,()<>]+))/y

function lex(text: string): readonly string[] {
  const tokens: string[] = []
  token.lastIndex = 0
  for (let found = token.exec(text); found !== null; found = token.exec(text)) tokens.push(found[1] ?? found[2] ?? '')
  return tokens
}

const special = new Set(['!=', '==', '=', '!', ',', '(', ')', '<', '>'])

class Parser {
  readonly #tokens: readonly string[]
  #at = 0
  constructor(text: string) {
    this.#tokens = lex(text)
  }
  peek(): string {
    return this.#tokens[this.#at] ?? ''
  }
  next(): string {
    return this.#tokens[this.#at++] ?? ''
  }
  fail(found: string, expected: string): never {
    throw new Error(`found '${found}', expected: ${expected}`)
  }
  requirement(): Requirement {
    const not = this.peek() === '!'
    if (not) this.next()
    const key = this.next()
    if (key === '' || special.has(key)) this.fail(key, 'identifier')
    check(qualifiedName(key), `key: Invalid value: ${JSON.stringify(key)}`)
    const end = this.peek() === '' || this.peek() === ','
    if (not && !end) this.fail(this.peek(), "',' or 'end of string'")
    if (end) return { key, operator: not ? 'DoesNotExist' : 'Exists', values: new Set() }
    return this.compared(key, this.next())
  }
  compared(key: string, operator: string): Requirement {
    switch (operator) {
      case 'in':
      case 'notin':
        return { key, operator: operator === 'in' ? 'In' : 'NotIn', values: this.list(key) }
      case '=':
      case '==':
      case '!=':
        return { key, operator: operator === '!=' ? 'NotIn' : 'In', values: new Set([this.value(key)]) }
      case '<':
      case '>': {
        const bound = this.value(key)
        if (!/^-?\d+$/.test(bound))
          throw new Error(
            `values[0]: Invalid value: ${JSON.stringify(bound)}: for 'Gt', 'Lt' operators, the value must be an integer`,
          )
        return { key, operator: operator === '>' ? 'Gt' : 'Lt', values: new Set([bound]) }
      }
      default:
        return this.fail(operator, 'in, notin, =, ==, !=, gt, lt')
    }
  }
  value(key: string): string {
    const next = this.peek()
    if (next === '' || next === ',') return ''
    if (special.has(next)) this.fail(next, 'identifier')
    return valid(key, this.next())
  }
  list(key: string): ReadonlySet<string> {
    if (this.next() !== '(') this.fail(this.peek(), "'('")
    const values = new Set<string>()
    for (let text = ''; ;) {
      const next = this.next()
      if (next === ',' || next === ')') {
        values.add(valid(key, text))
        text = ''
        if (next === ')') return values
      } else if (next === '' || special.has(next)) this.fail(next, "',' or ')'")
      else text = next
    }
  }
}

const check = (errors: readonly string[], what: string): void => {
  if (errors.length > 0) throw new Error(`${what}: ${errors.join('; ')}`)
}
function valid(key: string, value: string): string {
  check(labelValueErrors(value), `values[0][${key}]: Invalid value: ${JSON.stringify(value)}`)
  return value
}

/** @throws StatusError BadRequest with upstream's wording. */
export function parseLabelSelector(text: string): Selector {
  const requirements: Requirement[] = []
  const parser = new Parser(text)
  try {
    if (parser.peek() === '') return []
    for (;;) {
      requirements.push(parser.requirement())
      const next = parser.next()
      if (next === '') return requirements
      if (next !== ',') parser.fail(next, "',' or 'end of string'")
      if (parser.peek() === '') parser.fail('', "identifier after ','")
    }
  } catch (error) {
    throw badRequest(`unable to parse requirement: ${error instanceof Error ? error.message : ''}`)
  }
}

export interface FieldRequirement {
  readonly field: string
  readonly value: string
  readonly equal: boolean
}

/** Splits at commas that are not escaped; `\\`, `\,` and `\=` are the escapes. */
function terms(text: string): readonly string[] {
  const parts: string[] = ['']
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '\\') parts[parts.length - 1] += char + text.charAt(++at)
    else if (char === ',') parts.push('')
    else parts[parts.length - 1] += char
  }
  return parts.filter(part => part !== '')
}

/** @throws StatusError BadRequest. */
export function parseFieldSelector(text: string): readonly FieldRequirement[] {
  return terms(text).map(term => {
    const found = /^((?:[^\\!=]|\\.)*)(!=|==|=)(.*)$/s.exec(term)
    if (found === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`)
    const [, field = '', operator, value = ''] = found
    return { field, value: value.replace(/\\([\\,=])/g, '$1'), equal: operator !== '!=' }
  })
}
