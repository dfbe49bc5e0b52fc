/** Carries out a decision's writes: groups in order, each in slow-start batches, ending at the first refusal. */
import { type GroupResource, type KObject, groupResource, keyOf } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import { StatusError, internalError, isReason } from '#api/status.ts'
import type { Client } from './client.ts'
import type { Group, Notice, Refused, Write } from './controller.ts'

export interface Outcome {
  /** Writes that were done. */
  readonly done: number
  readonly refused: readonly Refused[]
  /** Resolves when the reader shows every write that was done. */
  readonly shown: () => Promise<void>
}

export interface Carrier {
  readonly client: Client
  readonly reader: Reader
  readonly notice: (notice: Notice) => void
  /** Waits a moment before the reader is asked again for a deletion that carries no revision. */
  readonly pause: () => Promise<void>
}

interface Done {
  readonly write: Write
  /** Undefined when the refusal was harmless. */
  readonly object: KObject | undefined
}

async function emptied(client: Client, { ref, namespace }: Write & { op: 'deletecollection' }): Promise<KObject> {
  await client.deleteCollection(ref, { namespace, propagationPolicy: 'Background' })
  return { apiVersion: 'v1', kind: 'Status', metadata: {} }
}

function send(client: Client, write: Write): Promise<KObject> {
  if (write.op === 'create') return client.create(write.ref, write.body)
  if (write.op === 'post') return client.post(write.ref, write.key, write)
  if (write.op === 'update') return client.update(write.ref, write.body, sub(write))
  if (write.op === 'patch') return client.patch(write.ref, write.key, { ...write.patch, ...sub(write) })
  if (write.op === 'deletecollection') return emptied(client, write)
  return client.delete(write.ref, write.key, {
    ...(write.graceSeconds === undefined ? {} : { gracePeriodSeconds: write.graceSeconds }),
    ...(write.propagation === undefined ? {} : { propagationPolicy: write.propagation }),
    preconditions: {
      ...(write.uid === undefined ? {} : { uid: write.uid }),
      ...(write.resourceVersion === undefined ? {} : { resourceVersion: write.resourceVersion }),
    },
  })
}

const sub = (write: { readonly subresource?: string }) =>
  write.subresource === undefined ? {} : { subresource: write.subresource }

const harmless = (write: Write, error: StatusError): boolean =>
  (error.reason !== '' && write.harmless?.includes(error.reason) === true) ||
  (write.op === 'delete' && isReason(error, 'NotFound')) ||
  // Nothing can be made in a namespace that goes away, and nothing needs to be.
  (write.op === 'create' && error.details?.causes?.some(cause => cause.reason === 'NamespaceTerminating') === true)

const fill = (notice: Notice, name: string, error = ''): Notice => ({
  ...notice,
  message: notice.message.replace('{name}', () => name).replace('{error}', () => error),
})

const nameIn = (write: Write): string => {
  if (write.op === 'create' || write.op === 'update') return write.body.metadata.name ?? ''
  if (write.op === 'deletecollection') return ''
  return write.key.slice(write.key.indexOf('/') + 1)
}

async function attempt(carrier: Carrier, write: Write): Promise<Done | Refused> {
  try {
    const object = await send(carrier.client, write)
    if (write.says !== undefined) carrier.notice(fill(write.says, object.metadata?.name ?? nameIn(write)))
    return { write, object }
  } catch (caught) {
    const error = caught instanceof StatusError ? caught : internalError(String(caught))
    if (harmless(write, error)) return { write, object: undefined }
    if (write.fails !== undefined) carrier.notice(fill(write.fails, nameIn(write), error.message))
    return { write, error }
  }
}

function* batches(group: Group): Generator<Group> {
  for (let at = 0, size = 1; at < group.length; at += size, size = at === 1 ? 2 : size * 2)
    yield group.slice(at, at + size)
}

export async function execute(carrier: Carrier, groups: readonly Group[]): Promise<Outcome> {
  const done: Done[] = []
  const refused: Refused[] = []
  for (const group of groups)
    for (const batch of batches(group)) {
      if (refused.length > 0) break
      for (const result of await Promise.all(batch.map(write => attempt(carrier, write))))
        if ('error' in result) refused.push(result)
        else done.push(result)
    }
  return { done: done.length, refused, shown: () => shown(carrier, done) }
}

async function shown(carrier: Carrier, done: readonly Done[]): Promise<void> {
  const highest = new Map<GroupResource, number>()
  for (const { write, object } of done) {
    if (object === undefined || write.outside === true || (write.op === 'post' && object.kind === 'Status')) continue
    if (write.op === 'delete' && object.kind === 'Status') await vanished(carrier, write)
    const revision = Number(object.metadata?.resourceVersion)
    const resource = groupResource(write.ref)
    if (Number.isSafeInteger(revision)) highest.set(resource, Math.max(revision, highest.get(resource) ?? 0))
  }
  for (const [resource, revision] of highest) await carrier.reader.reached(revision, resource)
}

/** A complete deletion answers a Status without a revision: the reader is asked until it no longer shows that object. */
async function vanished(carrier: Carrier, write: Write & { readonly op: 'delete' }): Promise<void> {
  if (write.uid === undefined) return
  for (let tries = 0; tries < 100; tries++) {
    if (carrier.reader.get(write.ref, write.key)?.metadata.uid !== write.uid) return
    await carrier.pause()
  }
}

const subjectOf = (write: Write): string => {
  if (write.op === 'create' || write.op === 'update') return keyOf(write.body)
  return write.op === 'deletecollection' ? `of ${write.namespace}` : write.key
}

export const describe = (write: Write): string => `${write.op} ${groupResource(write.ref)} ${subjectOf(write)}`
