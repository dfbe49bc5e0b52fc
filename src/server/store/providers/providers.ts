/** Which provider seals what, and which open it: the rules of an EncryptionConfiguration, ready for use. */
import type { GroupResource } from '#api/metadata.ts'
import { aesCbc, aesGcm } from './aes.ts'
import type { Provider } from './provider.ts'
import type { Counted } from '../tally.ts'
import { secretbox } from './secretbox.ts'
import { kms, type KmsState } from './seeds.ts'

export interface NamedKey {
  readonly name: string
  readonly secret: Uint8Array
}

/** Plain data: it crosses to the threads. */
export type ProviderSettings =
  | { readonly type: 'aesgcm' | 'aescbc' | 'secretbox'; readonly keys: readonly NamedKey[] }
  | { readonly type: 'kms'; readonly state: KmsState }
  | { readonly type: 'identity' }

export interface Rule {
  /** As the configuration names them: `secrets`, `deployments.apps`, `*.`, `*.apps`, `*.*`. */
  readonly resources: readonly string[]
  readonly providers: readonly ProviderSettings[]
}

/** 'own': the store's own seal. Providers in the order of the configuration, each key one of them. */
type Chain = readonly (Provider | 'own')[]

/** `resource.group`, where `*.` and a bare name are of the core group. */
export function resourceOf(text: string): { readonly resource: string; readonly group: string } {
  const at = text.indexOf('.')
  return at < 0 ? { resource: text, group: '' } : { resource: text.slice(0, at), group: text.slice(at + 1) }
}

/** What Secrets held before: sealed as Secrets are, where nothing else is said of it. */
const formerSecrets = 'secretversions.bulwark.dev'

/** Kinds that no request reaches. They are ours, and stay under our seal. */
const isInternal = (group: string): boolean => group.endsWith('internal.bulwark.dev')

const makers = { aesgcm: aesGcm, aescbc: aesCbc, secretbox } as const

function chainOf(settings: ProviderSettings, now: () => number): Chain {
  if (settings.type === 'identity') return ['own']
  if (settings.type === 'kms') return [kms(settings.state, now)]
  return settings.keys.map(({ name, secret }) => makers[settings.type](name, secret))
}

const marker = Buffer.from('k8s:enc:')
/** Written by a provider, whichever. */
export const isProvided = (value: Uint8Array): boolean =>
  Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, marker.length)).equals(marker)

/** What a value of a provider begins with, for people: up to the key's name. */
export function prefixIn(value: Uint8Array): string {
  const text = Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, 300)).toString('latin1')
  return /^k8s:enc:[a-z0-9]+:v\d+:[^:]*:/.exec(text)?.[0] ?? 'k8s:enc:?'
}

const begins = ({ prefix }: Provider, value: Uint8Array): boolean =>
  Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, prefix.length)).equals(prefix)

export class Providers {
  readonly #rules = new Map<string, Chain>()
  readonly #found = new Map<GroupResource, Chain>()

  /** @param now milliseconds since the epoch */
  constructor(rules: readonly Rule[], now: () => number) {
    for (const { resources, providers } of rules) {
      const chain = providers.flatMap(settings => chainOf(settings, now))
      for (const text of resources) {
        const { resource, group } = resourceOf(text)
        const name = `${resource}.${group}`
        this.#rules.set(name, [...(this.#rules.get(name) ?? []), ...chain])
      }
    }
  }

  /** What seals values of this resource; undefined where the store's own seal does. */
  writer(resource: GroupResource): Provider | undefined {
    const [first = 'own'] = this.#chain(resource)
    return first === 'own' ? undefined : first
  }

  /** @returns undefined where no provider opens it */
  open(resource: GroupResource, value: Uint8Array, aad: Uint8Array): Uint8Array | undefined {
    const provider = this.#reader(resource, value)
    return provider?.open(value.subarray(provider.prefix.length), aad)
  }

  /** A value of a plugin of ours whose seed is not known: it does not open yet. */
  lacks(value: Uint8Array): boolean {
    const provider = [...this.#rules.values()]
      .flat()
      .find((one): one is Provider => one !== 'own' && begins(one, value))
    return provider?.lacks?.(value.subarray(provider.prefix.length)) ?? false
  }

  /** Whether it would be written differently today. */
  stale(resource: GroupResource, value: Uint8Array): boolean {
    const writer = this.writer(resource)
    const reader = this.#reader(resource, value)
    return writer === undefined || reader !== writer || reader.stale(value.subarray(reader.prefix.length))
  }

  /** What a value is counted as. */
  origin(resource: GroupResource, value: Uint8Array): Pick<Counted, 'prefix' | 'keyId'> {
    const reader = this.#reader(resource, value)
    return { prefix: reader?.title, keyId: reader?.keyOf?.(value.subarray(reader.prefix.length)) }
  }

  #reader(resource: GroupResource, value: Uint8Array): Provider | undefined {
    return this.#chain(resource).find((one): one is Provider => one !== 'own' && begins(one, value))
  }

  #chain(name: GroupResource): Chain {
    const known = this.#found.get(name)
    if (known !== undefined) return known
    const { resource, group } = resourceOf(name)
    const chain = isInternal(group)
      ? []
      : (this.#rules.get(`${resource}.${group}`) ??
        (name === formerSecrets ? (this.#rules.get('secrets.') ?? this.#rules.get('*.')) : undefined) ??
        this.#rules.get(`*.${group}`) ??
        this.#rules.get('*.*') ??
        [])
    this.#found.set(name, chain)
    return chain
  }
}
