/** What goes on record of requests and answers, as the server knows them. Text is made only where it is wanted. */
import { randomUUID } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import type { IncomingHttpHeaders } from 'node:http'
import type { DoorRequest } from '#api/door.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import { stringifyJson } from '#codec/json.ts'
import type { Audit } from '#server/audit/audit.ts'
import { type Call, callOf } from '#server/audit/call.ts'
import type { Trail } from '#server/audit/trail.ts'
import { inVersion } from './converting.ts'
import { jsonBytes, jsonList } from './http/encode.ts'
import type { Outcome } from './outcome.ts'

interface Incoming {
  readonly headers: IncomingHttpHeaders
  readonly url?: string | undefined
  readonly socket: unknown
}

const remoteOf = (socket: unknown): string | undefined =>
  typeof socket === 'object' && socket !== null && 'remoteAddress' in socket && typeof socket.remoteAddress === 'string'
    ? socket.remoteAddress
    : undefined

/** Opens the record of a request that came over the wire. */
export const openTrail = (audit: Audit, { headers, url, socket }: Incoming): Trail =>
  audit.open(
    callOf({
      headers,
      url,
      remote: remoteOf(socket),
      certificate: () => socket instanceof TLSSocket && socket.getPeerX509Certificate() !== undefined,
    }),
  )

function withoutManaged(object: KObject | Draft<KObject>): object {
  const { metadata } = object
  if (metadata?.managedFields === undefined) return object
  const { managedFields: _, ...rest } = metadata
  return { ...object, metadata: rest }
}

export function putRequest(trail: Trail, request: DoorRequest): void {
  if (!trail.heard) return
  switch (request.verb) {
    case 'create':
    case 'update': {
      const { body } = request
      const { name, namespace, uid, resourceVersion } = body.metadata ?? {}
      return trail.request({ name, namespace, uid, resourceVersion }, () =>
        stringifyJson(trail.omitManagedFields ? withoutManaged(body) : body),
      )
    }
    case 'patch':
      return trail.request({}, () => stringifyJson(request.patch.content))
    case 'delete':
    case 'deletecollection':
      return trail.request({}, () => deleteOptions(request))
    case 'get':
    case 'list':
    case 'watch':
      return undefined
  }
}

function deleteOptions({ options }: DoorRequest & { verb: 'delete' | 'deletecollection' }): string {
  const { gracePeriodSeconds, propagationPolicy, preconditions, dryRun } = options ?? {}
  return stringifyJson({
    kind: 'DeleteOptions',
    apiVersion: 'meta.k8s.io/v1',
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(preconditions === undefined || Object.keys(preconditions).length === 0 ? {} : { preconditions }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(dryRun === true ? { dryRun: ['All'] } : {}),
  })
}

export function putOutcome(trail: Trail, outcome: Outcome): void {
  if (!trail.heard) return
  switch (outcome.type) {
    case 'kept': {
      const { kept, served } = outcome
      const { name, namespace, uid } = kept.object.metadata
      return trail.response({ name, namespace, uid }, () =>
        trail.omitManagedFields
          ? stringifyJson(inVersion(kept.object, served))
          : Buffer.from(jsonBytes(kept, served)).toString('utf8'),
      )
    }
    case 'made':
      return trail.response(undefined, () => stringifyJson(outcome.object))
    case 'list':
      return trail.response(undefined, () => listText(outcome, trail.omitManagedFields))
    case 'watch':
      return undefined
  }
}

/** Characters at which a list is given up: an event has room for less. */
const mostOfList = 16 * 1024 * 1024

function listText({ listed, served }: Outcome & { type: 'list' }, bare: boolean): string {
  const items = bare ? listed.items.map(kept => ({ ...kept, managed: '', encodings: new Map() })) : listed.items
  let text = ''
  for (const part of jsonList(items, served, { resourceVersion: String(listed.revision) })) {
    text += Buffer.from(part).toString('utf8')
    if (text.length > mostOfList) return text
  }
  return text
}

/** The path that the same request would have over HTTPS. */
function uriOf(request: DoorRequest): string {
  const { group, version, resource, namespace = '', subresource = '' } = request
  const name = 'name' in request ? (request.name ?? '') : ''
  const parts = [
    ...(group === '' ? ['api', version] : ['apis', group, version]),
    ...(namespace === '' ? [] : ['namespaces', namespace]),
    resource,
    ...(name === '' ? [] : [name]),
    ...(subresource === '' ? [] : [subresource]),
  ]
  return `/${parts.map(encodeURIComponent).join('/')}`
}

const none: readonly string[] = []

/** A call inside of this process: it comes from nowhere. */
const localCall = (request: DoorRequest): Call => ({
  id: randomUUID(),
  uri: uriOf(request),
  agent:
    ('options' in request && request.options !== undefined && 'fieldManager' in request.options
      ? request.options.fieldManager
      : undefined) ?? 'bulwark',
  sourceIPs: () => none,
  attempted: () => '',
})

const reads = new Set<DoorRequest['verb']>(['get', 'list', 'watch'])

/** The trail of a call through the door in this process; undefined where it is not on record. */
export const localTrail = (audit: Audit | undefined, request: DoorRequest): Trail | undefined =>
  audit === undefined || (!audit.reads && reads.has(request.verb)) ? undefined : audit.open(localCall(request))
