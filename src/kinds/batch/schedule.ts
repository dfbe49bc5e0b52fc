/** The five fields of a cron schedule. What is wrong is said in the words of the parser that upstream uses. */

interface Field {
  readonly low: number
  readonly high: number
  readonly names?: readonly string[]
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const fields: readonly Field[] = [
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  { low: 1, high: 12, names: months },
  { low: 0, high: 6, names: days },
]
const descriptors: ReadonlySet<string> = new Set([
  '@yearly',
  '@annually',
  '@monthly',
  '@weekly',
  '@daily',
  '@midnight',
  '@hourly',
])
const longest = 1024
const number = /^\d{1,9}$/

function valueOf(text: string, { low, names = [] }: Field): number | string {
  const named = names.indexOf(text.toLowerCase())
  if (named >= 0) return named + low
  if (number.test(text)) return Number(text)
  return /^-\d+$/.test(text)
    ? `negative number (${text}) not allowed: ${text}`
    : `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`
}

/** `*`, `5`, `1-5`, `*\/15`, `mon-fri/2`. */
function partProblem(part: string, field: Field): string | undefined {
  const [span = '', step, tooMuch] = part.split('/')
  const ends = span.split('-')
  if (tooMuch !== undefined) return `too many slashes: ${part}`
  const width = step === undefined ? 1 : valueOf(step, { low: 0, high: field.high })
  if (ends[0] === '*' || ends[0] === '?') {
    if (ends.length > 1) return `too many hyphens: ${part}`
  } else {
    if (ends.length > 2) return `too many hyphens: ${part}`
    const [start = 0, last = step === undefined ? start : field.high] = ends.map(end => valueOf(end, field))
    for (const end of [start, last]) if (typeof end === 'string') return end
    const problem = spanProblem(Number(start), Number(last), { field, part })
    if (problem !== undefined) return problem
  }
  if (typeof width === 'string') return width
  return width === 0 ? `step of range should be a positive number: ${part}` : undefined
}

function spanProblem(
  start: number,
  last: number,
  { field, part }: { readonly field: Field; readonly part: string },
): string | undefined {
  if (start < field.low) return `beginning of range (${start}) below minimum (${field.low}): ${part}`
  if (last > field.high) return `end of range (${last}) above maximum (${field.high}): ${part}`
  return start > last ? `beginning of range (${start}) beyond end of range (${last}): ${part}` : undefined
}

const every = /^@every (?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+$/

/** Why a text is no schedule; undefined when it is one. A leading time zone is left to others to judge. */
export function scheduleProblem(schedule: string): string | undefined {
  if (schedule.length > longest) return 'schedule is too long'
  const text = schedule.replace(/^(?:CRON_)?TZ=\S+\s+/, '').trim()
  if (text === '') return 'empty spec string'
  if (text.startsWith('@')) {
    if (descriptors.has(text) || every.test(text)) return undefined
    return text.startsWith('@every ')
      ? `failed to parse duration ${text}: time: invalid duration ${JSON.stringify(text.slice(7))}`
      : `unrecognized descriptor: ${text}`
  }
  const given = text.split(/\s+/)
  if (given.length !== fields.length)
    return `expected exactly ${fields.length} fields, found ${given.length}: [${given.join(' ')}]`
  for (const [index, field] of fields.entries())
    for (const part of given[index]?.split(',') ?? []) {
      const problem = partProblem(part, field)
      if (problem !== undefined) return problem
    }
  return undefined
}
