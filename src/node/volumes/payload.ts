/** The files of config map, secret, downward and projected volumes, as values. */
import type {
  Container,
  KeyToPath,
  Pod,
  ServiceAccountTokenProjection,
  Volume,
  VolumeProjection,
} from '#kinds/facts/generated/types/core_v1.ts'
import type { References } from '../pod/env.ts'
import { fieldValue, type Place, resourceValue } from '../pod/fields.ts'
import { findContainer } from '../pod/spec.ts'

export interface PayloadFile {
  readonly data: Uint8Array
  readonly mode: number
}
/** By path below the volume. */
export type Payload = ReadonlyMap<string, PayloadFile>

export class VolumeError extends Error {}

export interface PayloadInput {
  readonly pod: Pod
  readonly references: References
  readonly place: Place
  /** A bound token for the pod; see tokens.ts. */
  readonly token: (projection: ServiceAccountTokenProjection) => Promise<string>
}

const usualMode = 0o644

interface Source {
  readonly kind: 'configmap' | 'secret'
  readonly name: string
  readonly items?: readonly KeyToPath[] | undefined
  readonly optional?: boolean | undefined
  readonly mode: number
}

/** Keys with their bytes; undefined: the object does not exist. */
function contents({ kind, name }: Source, references: References): Map<string, Uint8Array> | undefined {
  const decode = (text: string): Uint8Array => Buffer.from(text, 'base64')
  if (kind === 'secret') {
    const secret = references.secret(name)
    if (secret === undefined) return undefined
    return new Map(Object.entries(secret.data ?? {}).map(([key, value]) => [key, decode(value)]))
  }
  const map = references.configMap(name)
  if (map === undefined) return undefined
  return new Map([
    ...Object.entries(map.data ?? {}).map(([key, value]): [string, Uint8Array] => [key, Buffer.from(value)]),
    ...Object.entries(map.binaryData ?? {}).map(([key, value]): [string, Uint8Array] => [key, decode(value)]),
  ])
}

function keyed(source: Source, { references, pod }: PayloadInput): Payload {
  const data = contents(source, references)
  if (data === undefined) {
    if (source.optional === true) return new Map()
    throw new VolumeError(`${source.kind} "${source.name}" not found`)
  }
  if (source.items === undefined || source.items.length === 0)
    return new Map([...data].map(([key, bytes]) => [key, { data: bytes, mode: source.mode }]))
  return new Map(
    source.items.flatMap(({ key, path, mode }): [string, PayloadFile][] => {
      const bytes = data.get(key)
      if (bytes !== undefined) return [[path, { data: bytes, mode: mode ?? source.mode }]]
      if (source.optional === true) return []
      throw new VolumeError(
        `references non-existent ${source.kind === 'secret' ? 'secret' : 'config'} key: ${key} (${pod.metadata.namespace}/${source.name})`,
      )
    }),
  )
}

type DownwardItems = NonNullable<NonNullable<Volume['downwardAPI']>['items']>

function downward(items: DownwardItems, mode: number, { pod, place }: PayloadInput): Payload {
  return new Map(
    items.map(({ path, fieldRef, resourceFieldRef, mode: own }) => {
      const container: Container | undefined = findContainer(pod, resourceFieldRef?.containerName ?? '')
      const text =
        fieldRef !== undefined
          ? fieldValue(pod, fieldRef.fieldPath, place)
          : resourceFieldRef !== undefined && container !== undefined
            ? resourceValue(pod, { ...resourceFieldRef, container }, place)
            : ''
      return [path, { data: Buffer.from(text), mode: own ?? mode }]
    }),
  )
}

/** Tokens are for the containers' user alone where that is one and known, or for the volume's group. */
function tokenMode(pod: Pod, usual: number): number {
  if (pod.spec.securityContext?.fsGroup !== undefined) return 0o600
  return soleUser(pod) === undefined ? usual : 0o600
}

export function soleUser(pod: Pod): number | undefined {
  const containers: readonly Container[] = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
  const users = new Set(containers.map(one => one.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser))
  return users.size === 1 ? [...users][0] : undefined
}

async function projection(source: VolumeProjection, mode: number, input: PayloadInput): Promise<Payload> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source
  if (configMap !== undefined)
    return keyed({ kind: 'configmap', ...configMap, name: configMap.name ?? '', mode }, input)
  if (secret !== undefined) return keyed({ kind: 'secret', ...secret, name: secret.name ?? '', mode }, input)
  if (downwardAPI !== undefined) return downward(downwardAPI.items ?? [], mode, input)
  if (serviceAccountToken !== undefined) {
    const data = Buffer.from(await input.token(serviceAccountToken))
    return new Map([[serviceAccountToken.path, { data, mode: tokenMode(input.pod, mode) }]])
  }
  throw new VolumeError('unsupported projected volume source')
}

/** The volume's files; undefined: it is of another sort. @throws VolumeError for what is missing */
export async function payload(volume: Volume, input: PayloadInput): Promise<Payload | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap !== undefined)
    return keyed(
      { kind: 'configmap', ...configMap, name: configMap.name ?? '', mode: configMap.defaultMode ?? usualMode },
      input,
    )
  if (secret !== undefined)
    return keyed(
      { kind: 'secret', ...secret, name: secret.secretName ?? '', mode: secret.defaultMode ?? usualMode },
      input,
    )
  if (downwardAPI !== undefined) return downward(downwardAPI.items ?? [], downwardAPI.defaultMode ?? usualMode, input)
  if (projected === undefined) return undefined
  const parts = await Promise.all(
    projected.sources.map(source => projection(source, projected.defaultMode ?? usualMode, input)),
  )
  return new Map(parts.flatMap(part => [...part]))
}
