/** How to delete, from the query and from a body of DeleteOptions. What cannot be read is refused: the object would be gone. */
import type { DeleteOptions, Propagation } from '#api/door.ts'
import { type StatusError, badRequest } from '#api/status.ts'
import { invalidValue, notSupported } from '#api/validation.ts'
import { dryRunOf, integer, invalidOption } from './options.ts'
import { timeoutIn } from './timeout.ts'

const propagations = ['Orphan', 'Background', 'Foreground'] as const
const kind = 'DeleteOptions'

const unreadable = (field: string): StatusError =>
  badRequest(`${kind} in version "v1" cannot be handled as a ${kind}: json: cannot unmarshal into field ${field}`)

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown, name: string): Fields {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw unreadable(name)
  return value as Fields
}

/** A field of the body, undefined where it is absent or null. */
function field<T>(from: Fields, name: string, is: (value: unknown) => value is T): T | undefined {
  const value = Object.hasOwn(from, name) ? from[name] : undefined
  if (value === undefined || value === null) return undefined
  if (!is(value)) throw unreadable(name)
  return value
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean'
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value)
const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText)

function flag(text: string | null): boolean | undefined {
  if (text === null || text === '') return undefined
  return text !== 'false' && text !== '0'
}

function propagationOf(wish: string | undefined, orphan: boolean | undefined): Propagation | undefined {
  const found = propagations.find(one => one === wish)
  if (wish !== undefined && wish !== '' && found === undefined)
    throw invalidOption(kind, notSupported('propagationPolicy', wish, propagations))
  if (found !== undefined && orphan !== undefined)
    throw invalidOption(
      kind,
      invalidValue('propagationPolicy', found, 'orphanDependents and deletionPropagation cannot be both set'),
    )
  if (found !== undefined || orphan === undefined) return found
  return orphan ? 'Orphan' : 'Background'
}

/** A field of the body wins over the query's. @throws StatusError BadRequest, Invalid */
export function deleteOptions(query: URLSearchParams, body: unknown): DeleteOptions {
  const sent = fieldsOf(body, 'body')
  const said = field(sent, 'kind', isText) ?? ''
  if (said !== '' && said !== kind) throw badRequest(`${said} cannot be handled as a ${kind}`)
  const grace = field(sent, 'gracePeriodSeconds', isInteger) ?? integer(query, 'gracePeriodSeconds')
  const propagation = propagationOf(
    field(sent, 'propagationPolicy', isText) ?? query.get('propagationPolicy') ?? undefined,
    field(sent, 'orphanDependents', isFlag) ?? flag(query.get('orphanDependents')),
  )
  const wanted = fieldsOf(sent['preconditions'], 'preconditions')
  const uid = field(wanted, 'uid', isText)
  const resourceVersion = field(wanted, 'resourceVersion', isText)
  return {
    dryRun: dryRunOf(field(sent, 'dryRun', isTexts) ?? query.getAll('dryRun'), kind),
    ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    ...(propagation === undefined ? {} : { propagationPolicy: propagation }),
    ...timeoutIn(query),
    preconditions: {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  }
}
