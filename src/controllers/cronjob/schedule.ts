/** Cron schedules of five fields, in any time zone that the runtime knows. */

/** For each of minute, hour, day of month, month and day of week: the values that match. */
export interface Schedule {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly days: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  readonly weekdays: ReadonlySet<number>
  /** A day field that is restricted joins the other one with "or"; one that starts with `*` does not count. */
  readonly anyDay: boolean
  readonly anyWeekday: boolean
  readonly every?: number
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const named: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

interface Range {
  readonly least: number
  readonly most: number
  readonly names?: readonly string[]
}

function value(text: string, { names, least }: Range): number {
  const index = names?.indexOf(text.toLowerCase()) ?? -1
  if (index >= 0) return index + least
  if (!/^\d{1,2}$/.test(text)) throw new Error(`failed to parse int from ${text}`)
  return Number(text)
}

function parts(field: string, range: Range): ReadonlySet<number> {
  const found = new Set<number>()
  for (const part of field.split(',')) {
    const [span = '', step, ...rest] = part.split('/')
    const [from = '', to, ...more] = span.split('-')
    if (rest.length + more.length > 0) throw new Error(`too many hyphens or slashes: ${part}`)
    const whole = from === '*' || from === '?'
    const first = whole ? range.least : value(from, range)
    const last =
      whole || (to === undefined && step !== undefined) ? range.most : to === undefined ? first : value(to, range)
    const by = step === undefined ? 1 : value(step, { least: 0, most: 99 })
    if (first < range.least || last > range.most || first > last || by === 0)
      throw new Error(`value out of range: ${part}`)
    for (let one = first; one <= last; one += by) found.add(one)
  }
  return found
}

const star = (field: string): boolean => /^[*?]/.test(field)

/** @throws Error that says what is wrong. */
export function parseSchedule(text: string): Schedule {
  const every = /^@every (\d{1,6})(h|m|s)$/.exec(text)
  if (every !== null) {
    const seconds = Number(every[1]) * (every[2] === 'h' ? 3600 : every[2] === 'm' ? 60 : 1)
    return { ...parseSchedule('* * * * *'), every: Math.max(1, seconds) * 1000 }
  }
  const fields = (named[text] ?? text).trim().split(/\s+/)
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields
  if (fields.length !== 5) throw new Error(`expected exactly 5 fields, found ${fields.length}: [${text}]`)
  return {
    minutes: parts(minute, { least: 0, most: 59 }),
    hours: parts(hour, { least: 0, most: 23 }),
    days: parts(day, { least: 1, most: 31 }),
    months: parts(month, { least: 1, most: 12, names: months }),
    weekdays: parts(weekday, { least: 0, most: 6, names: weekdays }),
    anyDay: star(day),
    anyWeekday: star(weekday),
  }
}

const minute = 60_000
const hour = 60 * minute

/** Milliseconds to add to UTC to get the zone's wall clock. @throws RangeError for a zone that is not known. */
export function zoneOffset(zone: string | undefined): (time: number) => number {
  if (zone === undefined || zone === 'UTC' || zone === 'Etc/UTC') return () => 0
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return time => {
    const of = new Map(format.formatToParts(time).map(part => [part.type, Number(part.value)]))
    const get = (type: Intl.DateTimeFormatPartTypes): number => of.get(type) ?? 0
    const wall = Date.UTC(get('year'), get('month') - 1, get('day'), get('hour'), get('minute'), get('second'))
    return wall - Math.floor(time / 1000) * 1000
  }
}

const matchesDay = (schedule: Schedule, date: Date): boolean => {
  const byDay = schedule.days.has(date.getUTCDate())
  const byWeekday = schedule.weekdays.has(date.getUTCDay())
  return schedule.anyDay || schedule.anyWeekday ? byDay && byWeekday : byDay || byWeekday
}

/** Steps of the search: five years of days, and some hours and minutes. */
const searchMost = 5 * 366 + 200

/** The first time after `after` that matches; undefined where there is none within five years. */
export function next(schedule: Schedule, after: number, offset: (time: number) => number): number | undefined {
  if (schedule.every !== undefined) return Math.floor(after / 1000) * 1000 + schedule.every
  let time = Math.floor(after / minute) * minute + minute
  for (let step = 0; step < searchMost; step++) {
    const wall = new Date(time + offset(time))
    if (!schedule.months.has(wall.getUTCMonth() + 1) || !matchesDay(schedule, wall))
      time += 24 * hour - (wall.getTime() % (24 * hour))
    else if (!schedule.hours.has(wall.getUTCHours())) time += hour - (wall.getTime() % hour)
    else if (schedule.minutes.has(wall.getUTCMinutes())) return time
    else time += minute
  }
  return undefined
}

export interface Missed {
  /** The latest time that has come. */
  readonly latest: number
  readonly many: boolean
}

/** What has come since `since`, up to `now`. Of many only the latest is looked for, from now backwards. */
export function latest(
  schedule: Schedule,
  span: { since: number; now: number },
  offset: (time: number) => number,
): Missed | undefined {
  const { since, now } = span
  for (let window = minute; ; window *= 2) {
    const from = Math.max(since, now - window)
    let found = next(schedule, from, offset)
    if (found !== undefined && found <= now) {
      for (
        let later = next(schedule, found, offset);
        later !== undefined && later <= now;
        later = next(schedule, found, offset)
      )
        found = later
      return { latest: found, many: from > since && countsMany(schedule, { since, now: found }, offset) }
    }
    if (from <= since) return undefined
  }
}

const manyAre = 100

function countsMany(
  schedule: Schedule,
  { since, now }: { since: number; now: number },
  offset: (time: number) => number,
): boolean {
  let time: number | undefined = since
  for (let count = 0; count <= manyAre; count++) {
    time = next(schedule, time, offset)
    if (time === undefined || time > now) return false
  }
  return true
}
