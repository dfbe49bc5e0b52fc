/** The query of a stream as the object that admission knows: PodExecOptions, PodAttachOptions, PodPortForwardOptions. */
import type { Draft, KObject } from '#api/metadata.ts'
import type { Permit } from '#api/request.ts'
import { notFound } from '#api/status.ts'
import { fieldOf } from '#server/registry/build.ts'
import { admissionRequest, admit } from '#server/registry/admitting.ts'
import type { RegistryDeps } from '#server/registry/deps.ts'
import { takes } from '../subresources/takes.ts'

export interface StreamRequest {
  readonly kind: 'exec' | 'attach' | 'portforward'
  readonly query: URLSearchParams
}

const kinds = { exec: 'PodExecOptions', attach: 'PodAttachOptions', portforward: 'PodPortForwardOptions' } as const
const flags = ['stdin', 'stdout', 'stderr', 'tty'] as const
const truthy = (value: string | null): boolean => value !== null && value !== '' && value !== 'false' && value !== '0'

function optionsOf({ kind, query }: StreamRequest): Draft<KObject> {
  const options: Draft<KObject> & Record<string, unknown> = { apiVersion: 'v1', kind: kinds[kind], metadata: {} }
  if (kind === 'portforward') {
    const ports = query.getAll('ports').flatMap(value => value.split(','))
    return Object.assign(options, { ports: ports.map(Number) })
  }
  for (const flag of flags) if (truthy(query.get(flag))) options[flag] = true
  const container = query.get('container') ?? ''
  if (container !== '') options['container'] = container
  if (kind === 'exec') options['command'] = query.getAll('command')
  return options
}

const isText = (value: unknown): value is string | number | true =>
  typeof value === 'string' || typeof value === 'number' || value === true

function queryOf(kind: StreamRequest['kind'], options: Draft<KObject>): URLSearchParams {
  const query = new URLSearchParams()
  const list = kind === 'portforward' ? 'ports' : 'command'
  for (const value of [fieldOf(options, list)].flat()) if (isText(value)) query.append(list, String(value))
  for (const name of [...flags, 'container']) {
    const value = fieldOf(options, name)
    if (isText(value)) query.set(name, String(value))
  }
  return query
}

/** @returns the query as admission left it. @throws StatusError */
export async function admitStream(
  registry: RegistryDeps,
  permit: Permit,
  stream: StreamRequest,
): Promise<URLSearchParams> {
  const { group, version, resource, name, namespace } = permit
  const served = registry.scheme.byResource(group, version, resource)
  if (served === undefined) throw notFound({ group, resource, name })
  const object = optionsOf(stream)
  const body = takes(registry.scheme)(served, stream.kind)
  const asking = { permit, served, warn: () => undefined }
  await admit(
    registry,
    admissionRequest(registry, asking, { operation: 'CONNECT', name, namespace, object, old: undefined, body }),
  )
  return queryOf(stream.kind, object)
}
