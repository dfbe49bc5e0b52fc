/** `who deleted deploy/x` as a question to the log. */
import type { Query } from '#server/audit/search.ts'
import { UsageError } from './place.ts'
import { resourceIn } from './resource-words.ts'

type Deed = Pick<Query, 'verbs' | 'subresource'>

const deed = (verbs: readonly string[], subresource?: string): Deed => ({
  verbs: new Set(verbs),
  ...(subresource === undefined ? {} : { subresource }),
})
const streams = ['create', 'get', 'connect']

const changed = deed(['update', 'patch'])
const deeds: Readonly<Record<string, Deed>> = {
  created: deed(['create'], ''),
  changed,
  updated: changed,
  edited: changed,
  patched: changed,
  applied: changed,
  deleted: deed(['delete', 'deletecollection'], ''),
  removed: deed(['delete', 'deletecollection'], ''),
  read: deed(['get', 'list', 'watch']),
  got: deed(['get', 'list', 'watch']),
  listed: deed(['list']),
  watched: deed(['watch']),
  execed: deed(streams, 'exec'),
  entered: deed(streams, 'exec'),
  attached: deed(streams, 'attach'),
  forwarded: deed(streams, 'portforward'),
  proxied: deed([...streams, 'update', 'patch', 'delete', 'proxy'], 'proxy'),
  evicted: deed(['create'], 'eviction'),
  bound: deed(['create'], 'binding'),
  scaled: deed(['update', 'patch'], 'scale'),
  touched: {},
}

const verbs = new Set(['create', 'update', 'patch', 'delete', 'deletecollection', 'get', 'list', 'watch', 'proxy'])

/** `exec'd`, `exec-ed` and `deleted` are one word each; a verb of the API is itself. @throws UsageError */
export function deedOf(word: string): Deed {
  const plain = word.toLowerCase().replaceAll(/['-]/g, '')
  const known = plain === 'execd' ? 'execed' : plain
  const found = Object.hasOwn(deeds, known) ? deeds[known] : undefined
  if (found !== undefined) return found
  if (verbs.has(known)) return deed([known])
  throw new UsageError(
    `who what? ${JSON.stringify(word)} is none of ${Object.keys(deeds).join(', ')}, nor a verb of the API`,
  )
}

/** `deploy/x`, `deployments.apps/x`, `deploy`. What is no built-in kind is taken as it stands. @throws UsageError */
export function thingOf(text: string): Pick<Query, 'resource' | 'group' | 'name'> {
  const [what = '', name, ...more] = text.split('/')
  if (what === '' || name === '' || more.length > 0)
    throw new UsageError(`a thing is RESOURCE or RESOURCE/NAME, such as deploy/x, not ${JSON.stringify(text)}`)
  const { resource, group } = resourceIn(what)
  return {
    resource,
    ...(group === undefined ? {} : { group }),
    ...(name === undefined ? {} : { name }),
  }
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s`, `1h`, `7d`, or a time. @returns milliseconds since the epoch @throws UsageError */
export function sinceOf(text: string, now: number): number {
  const [, amount, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  if (amount !== undefined) return now - Number(amount) * (units[unit] ?? 0)
  const time = Date.parse(text)
  if (Number.isNaN(time))
    throw new UsageError(`--since is a duration such as 1h or 7d, or a time, not ${JSON.stringify(text)}`)
  return time
}
