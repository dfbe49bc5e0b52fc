/** Query parameters as options, with upstream's checks. */
import type { FieldValidation, ListOptions, WatchOptions, WriteOptions } from '#api/door.ts'
import { type StatusError, badRequest, invalid } from '#api/status.ts'
import { type FieldError, invalidValue, notSupported, tooLong } from '#api/validation.ts'
import { timeoutIn } from './timeout.ts'

const longestManager = 128

export const invalidOption = (kind: string, error: FieldError): StatusError =>
  invalid({ group: 'meta.k8s.io', resource: kind }, [error])

export function dryRunOf(values: readonly string[], kind: string): boolean {
  const bad = values.find(value => value !== 'All')
  if (bad !== undefined) throw invalidOption(kind, notSupported('dryRun', bad, ['All']))
  return values.length > 0
}

function validationOf(value: string | null, kind: string): FieldValidation | undefined {
  if (value === null || value === '') return undefined
  if (value === 'Ignore' || value === 'Warn' || value === 'Strict') return value
  throw invalidOption(kind, notSupported('fieldValidation', value, ['', 'Ignore', 'Strict', 'Warn']))
}

/** The part of the user agent before the first slash, as upstream names managers that do not name themselves. */
export function managerFrom(agent: string | undefined): string {
  const [name = ''] = (agent ?? '').split('/')
  const clean = name.replaceAll(/[^\x20-\x7e]/g, '').slice(0, longestManager)
  return clean === '' ? 'unknown' : clean
}

export function writeOptions(query: URLSearchParams, agent: string | undefined, kind: string): WriteOptions {
  const manager = query.get('fieldManager') ?? ''
  if (Buffer.byteLength(manager) > longestManager) throw invalidOption(kind, tooLong('fieldManager', longestManager))
  if (!/^\P{Cc}*$/u.test(manager))
    throw invalidOption(kind, invalidValue('fieldManager', manager, 'should only contain printable characters'))
  const fieldValidation = validationOf(query.get('fieldValidation'), kind)
  return {
    dryRun: dryRunOf(query.getAll('dryRun'), kind),
    fieldManager: manager === '' && kind !== 'PatchOptions apply' ? managerFrom(agent) : manager,
    ...(fieldValidation === undefined ? {} : { fieldValidation }),
    ...timeoutIn(query),
  }
}

const truthy = (value: string | null): boolean => value !== null && value !== 'false' && value !== '0'

export function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  if (!/^-?\d{1,15}$/.test(text))
    throw badRequest(
      `unable to parse query parameter ${name}: strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
    )
  return Number(text)
}

const text = (query: URLSearchParams, name: string): string | undefined => query.get(name) ?? undefined

export function listOptions(query: URLSearchParams): ListOptions {
  const match = query.get('resourceVersionMatch')
  if (match !== null && match !== '' && match !== 'Exact' && match !== 'NotOlderThan')
    throw invalidOption('ListOptions', notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan']))
  const limit = integer(query, 'limit')
  const options: Record<string, string | number | undefined> = {
    labelSelector: text(query, 'labelSelector'),
    fieldSelector: text(query, 'fieldSelector'),
    resourceVersion: text(query, 'resourceVersion'),
    continue: text(query, 'continue'),
    limit,
    resourceVersionMatch: match === null || match === '' ? undefined : match,
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

export function watchOptions(query: URLSearchParams): WatchOptions {
  const timeout = integer(query, 'timeoutSeconds')
  const initial = query.get('sendInitialEvents')
  const { limit: _l, continue: _c, ...list } = listOptions(query)
  return {
    ...list,
    allowWatchBookmarks: truthy(query.get('allowWatchBookmarks')),
    ...(timeout === undefined || timeout <= 0 ? {} : { timeoutSeconds: timeout }),
    ...(initial === null ? {} : { sendInitialEvents: truthy(initial) }),
  }
}
