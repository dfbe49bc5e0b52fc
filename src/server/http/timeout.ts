/** How long a client waits at most, as Go writes durations: `30s`, `1m30s`, `500ms`. */
import { badRequest } from '#api/status.ts'

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}
const part = /(\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(ns|us|µs|μs|ms|s|m|h)/gy
const longest = 100

/** @returns milliseconds, undefined for what is no duration. */
function durationOf(text: string): number | undefined {
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? []
  if (rest === '0') return 0
  if (rest === '' || text.length > longest) return undefined
  let read = 0
  let sum = 0
  for (const [all, amount = '', unit = ''] of rest.matchAll(part)) {
    read += all.length
    sum += Number(amount) * (units[unit] ?? 0)
  }
  if (read < rest.length) return undefined
  return sign === '-' ? -sum : sum
}

/** Nothing where the client sets no limit of its own. @throws StatusError BadRequest */
export function timeoutIn(query: URLSearchParams): { readonly timeout?: number } {
  const text = query.get('timeout') ?? ''
  if (text === '') return {}
  const milliseconds = durationOf(text)
  if (milliseconds === undefined)
    throw badRequest(`invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(text)}`)
  return milliseconds > 0 ? { timeout: milliseconds } : {}
}
