/**
 * kms: what this server keeps of a plugin. The plugin seals seeds; every value has a key of its own, derived from a seed
 * (HKDF-SHA256, expand only) with 32 random bytes, and AES-256-GCM under it. Values carry the sealed seed.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { EncryptedObjectSchema, type EncryptedObject } from '../kms/rpc.gen.ts'
import { gcmOpen, gcmSeal } from './aes.ts'
import { ProviderUnavailable, type Provider } from './provider.ts'

export const seedBytes = 32
const infoBytes = 32
/** `encryptedDEKSourceType`: the source is a key, or a seed. */
const types = { key: 0, seed: 1 } as const

/** A seed as the plugin sealed it. */
export interface SealedSeed {
  readonly keyId: string
  readonly source: Uint8Array
  readonly annotations: Readonly<Record<string, Uint8Array>>
  readonly type: number
}

/** And as it is: it crosses to the threads, and goes nowhere else. */
export interface Seed extends SealedSeed {
  readonly secret: Uint8Array
}

export interface KmsState {
  readonly name: string
  /** What is sealed with now; absent where the plugin has not given one yet. */
  readonly write?: Seed
  /** Milliseconds since the epoch at which `write` is over: the plugin has not said for long that it is well. */
  readonly until: number
  readonly read: readonly Seed[]
}

export const kmsPrefix = (name: string): Buffer => Buffer.from(`k8s:enc:kms:v2:${name}:`)

/** The same for the same sealed seed. */
export const seedName = ({ keyId, source, annotations, type }: SealedSeed): string =>
  JSON.stringify([
    type,
    keyId,
    Buffer.from(source).toString('base64'),
    Object.entries(annotations)
      .map(([name, value]) => [name, Buffer.from(value).toString('base64')])
      .sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  ])

/** The sealed seed in a value of a plugin, without its prefix. @returns undefined for what is none */
export function seedIn(body: Uint8Array): (SealedSeed & { readonly data: Uint8Array }) | undefined {
  let object: EncryptedObject
  try {
    object = fromBinary(EncryptedObjectSchema, body)
  } catch {
    return undefined
  }
  const { encryptedData: data, keyID: keyId, encryptedDEKSource: source, annotations } = object
  const type = object.encryptedDEKSourceType
  const known = type === types.key || type === types.seed
  return known && data.length > 0 && seedProblem({ keyId, source, annotations }) === undefined
    ? { keyId, source, annotations, type, data }
    : undefined
}

const mostBytes = 1024
const mostAnnotations = 32 * 1024
const domain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+$/

/** What is wrong with a sealed seed, in upstream's words. */
export function seedProblem({ keyId, source, annotations }: Omit<SealedSeed, 'type'>): string | undefined {
  if (source.length === 0) return 'failed to validate encrypted DEK source: encrypted DEK source is empty'
  if (source.length > mostBytes)
    return `failed to validate encrypted DEK source: encrypted DEK source is ${source.length} bytes, which exceeds the max size of ${mostBytes}`
  const problem = keyIdProblem(keyId)
  if (problem !== undefined) return `failed to validate key id: ${problem}`
  const size = Object.entries(annotations).reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (size > mostAnnotations)
    return `failed to validate annotations: total size of annotations is ${size}, which exceeds the max size of ${mostAnnotations}`
  const bad = Object.keys(annotations).find(name => !domain.test(name))
  return bad === undefined
    ? undefined
    : `failed to validate annotations: annotations: Invalid value: ${JSON.stringify(bad)}: should be a domain with at least two segments separated by dots`
}

export function keyIdProblem(keyId: string): string | undefined {
  const bytes = Buffer.byteLength(keyId)
  if (bytes === 0) return 'keyID is empty'
  return bytes > mostBytes ? `keyID is ${bytes} bytes, which exceeds the max size of ${mostBytes}` : undefined
}

/** HKDF's second half, for one block. */
const expanded = (seed: Uint8Array, info: Uint8Array): Buffer =>
  createHmac('sha256', seed).update(info).update(Uint8Array.of(1)).digest()

/** @param now milliseconds since the epoch */
export function kms(state: KmsState, now: () => number): Provider {
  const prefix = kmsPrefix(state.name)
  const { write, until } = state
  const seeds = new Map(state.read.map(seed => [seedName(seed), seed.secret]))
  if (write !== undefined) seeds.set(seedName(write), write.secret)
  const unavailable = (): string | undefined =>
    write === undefined
      ? `the KMS plugin ${state.name} has not answered since this server was started`
      : now() > until
        ? `the KMS plugin ${state.name} has not been well for long`
        : undefined
  return {
    prefix,
    title: prefix.toString('latin1'),
    keyId: write?.keyId,
    keyOf: body => seedIn(body)?.keyId,
    unavailable,
    seal: (plain, aad) => {
      const problem = unavailable()
      if (write === undefined || problem !== undefined) throw new ProviderUnavailable(problem)
      const info = randomBytes(infoBytes)
      const encryptedData = Uint8Array.from(Buffer.concat([info, gcmSeal(expanded(write.secret, info), plain, aad)]))
      const object = create(EncryptedObjectSchema, {
        encryptedData,
        keyID: write.keyId,
        encryptedDEKSource: Uint8Array.from(write.source),
        annotations: Object.fromEntries(
          Object.entries(write.annotations).map(([name, value]) => [name, Uint8Array.from(value)]),
        ),
        encryptedDEKSourceType: types.seed,
      })
      return Buffer.concat([prefix, toBinary(EncryptedObjectSchema, object)])
    },
    open: (body, aad) => {
      const found = seedIn(body)
      const secret = found === undefined ? undefined : seeds.get(seedName(found))
      if (found === undefined || secret === undefined) return undefined
      if (found.type === types.key) return gcmOpen(secret, found.data, aad)
      if (found.data.length < infoBytes) return undefined
      const info = found.data.subarray(0, infoBytes)
      return gcmOpen(expanded(secret, info), found.data.subarray(infoBytes), aad)
    },
    lacks: body => {
      const found = seedIn(body)
      return found !== undefined && !seeds.has(seedName(found))
    },
    stale: body => write !== undefined && seedIn(body)?.keyId !== write.keyId,
  }
}
