/** The paths of printer columns: `.status.conditions[?(@.type=="Ready")].status`. */

type Step =
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'every' }
  | { readonly type: 'below' }
  | {
      readonly type: 'slice'
      readonly from: number | undefined
      readonly to: number | undefined
      readonly step: number
    }
  | { readonly type: 'index'; readonly at: number }
  | { readonly type: 'filter'; readonly path: readonly Step[]; readonly operator: string; readonly value: unknown }

export type JsonPath = readonly Step[]

const longest = 4096
/** Values that one step may lead to; a path is for one. */
const mostValues = 10_000

class Reader {
  at = 0
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    if (found !== null) this.at = pattern.lastIndex
    return found
  }
  get done(): boolean {
    return this.at >= this.text.length
  }
}

const name = /(?:[^.[\]()\s\\=!<>]|\\.)+/y

/** @returns undefined for what is no path. */
export function parsePath(text: string): JsonPath | undefined {
  const reader = new Reader(text.length > longest ? '' : text)
  const steps = readSteps(reader)
  return steps !== undefined && reader.done && text !== '' ? steps : undefined
}

function readSteps(reader: Reader): Step[] | undefined {
  const steps: Step[] = []
  for (;;) {
    if (reader.take(/\.\./y) !== null) steps.push({ type: 'below' })
    else if (reader.take(/\./y) === null && reader.text[reader.at] !== '[') return steps
    if (reader.take(/\*/y) !== null) {
      steps.push({ type: 'every' })
      continue
    }
    if (reader.take(/\[/y) !== null) {
      const inner = readBracket(reader)
      if (inner === undefined) return undefined
      steps.push(inner)
      continue
    }
    const found = reader.take(name)
    if (found === null) {
      // `.` alone is the object itself.
      if (reader.done) return steps
      return undefined
    }
    steps.push({ type: 'field', name: found[0].replaceAll(/\\(.)/g, '$1') })
  }
}

function readBracket(reader: Reader): Step | undefined {
  if (reader.take(/\*\]/y) !== null) return { type: 'every' }
  const quoted = reader.take(/(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]/y)
  if (quoted !== null) return { type: 'field', name: (quoted[1] ?? quoted[2] ?? '').replaceAll(/\\(.)/g, '$1') }
  const slice = reader.take(/(-?\d+)?:(-?\d+)?(?::(\d+))?\]/y)
  const number = (part: string | undefined): number | undefined => (part === undefined ? undefined : Number(part))
  if (slice !== null)
    return { type: 'slice', from: number(slice[1]), to: number(slice[2]), step: Math.max(1, number(slice[3]) ?? 1) }
  const index = reader.take(/(-?\d+)\]/y)
  if (index !== null) return { type: 'index', at: Number(index[1]) }
  return reader.take(/\?\(\s*@/y) === null ? undefined : readFilter(reader)
}

function readFilter(reader: Reader): Step | undefined {
  const path = readSteps(reader)
  if (path === undefined) return undefined
  const operator = reader.take(/\s*(==|!=|<=|>=|<|>)\s*/y)?.[1] ?? ''
  const literal =
    operator === '' ? undefined : reader.take(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?|true|false)/y)
  if (literal === null || reader.take(/\s*\)\]/y) === null) return undefined
  const text = literal?.[1] ?? literal?.[2]
  const value: unknown =
    text?.replaceAll(/\\(.)/g, '$1') ?? (literal?.[3] === undefined ? undefined : JSON.parse(literal[3]))
  return { type: 'filter', path, operator, value }
}

/** Values looked at for one path, those inside filters among them: a column is shown for thousands of objects. */
const mostWork = 20_000

interface Work {
  left: number
}

/** What a path leads to, in order; where that is too much, the first of it. */
export const follow = (path: JsonPath, root: unknown): readonly unknown[] => followed(path, root, { left: mostWork })

function followed(path: JsonPath, root: unknown, work: Work): readonly unknown[] {
  let values: readonly unknown[] = [root]
  for (const step of path) {
    const next: unknown[] = []
    for (const value of values) {
      if (next.length >= mostValues || --work.left < 0) break
      for (const found of advance(step, value, work)) if (next.length < mostValues) next.push(found)
    }
    values = next
  }
  return values
}

const children = (value: unknown): readonly unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value) : []

function advance(step: Step, value: unknown, work: Work): readonly unknown[] {
  switch (step.type) {
    case 'field':
      return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, step.name)
        ? [Reflect.get(value, step.name)]
        : []
    case 'every':
      return children(value)
    case 'below':
      return below(value, work)
    case 'index':
      return Array.isArray(value) ? value.slice(step.at, step.at === -1 ? undefined : step.at + 1) : []
    case 'slice':
      return Array.isArray(value) ? value.slice(step.from, step.to).filter((_, at) => at % step.step === 0) : []
    case 'filter':
      return Array.isArray(value) ? value.filter(item => --work.left >= 0 && passes(step, item, work)) : []
  }
}

/** Level by level. */
function below(value: unknown, work: Work): readonly unknown[] {
  const found: unknown[] = [value]
  for (let at = 0; at < found.length; at++)
    for (const child of children(found[at])) {
      if (found.length >= mostValues || --work.left < 0) return found
      found.push(child)
    }
  return found
}

type Filter = Step & { readonly type: 'filter' }

function passes({ path, operator, value }: Filter, item: unknown, work: Work): boolean {
  const [found] = followed(path, item, work)
  if (operator === '') return found !== undefined
  if (operator === '==') return found === value
  if (operator === '!=') return found !== undefined && found !== value
  const comparable =
    (typeof found === 'number' && typeof value === 'number') || (typeof found === 'string' && typeof value === 'string')
  if (!comparable) return false
  if (operator === '<') return found < value
  if (operator === '<=') return found <= value
  return operator === '>' ? found > value : found >= value
}
