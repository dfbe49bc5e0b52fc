/** Makes sure that a container's image is there, as its pull policy says. */
import type { Container, Pod, Secret } from '#kinds/facts/generated/types/core_v1.ts'
import type { Cri } from './cri/client.ts'
import { rpcMessage } from './cri/client.ts'
import type { AuthConfig } from './cri/cri.gen.ts'

/** Told to the user: reasons of events are upstream's. */
export type Tell = (type: 'Normal' | 'Warning', reason: string, message: string) => void

export class ImageError extends Error {
  readonly reason: string
  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

export type Credentials = Pick<AuthConfig, 'username' | 'password'>

/** Registry host of an image's name. */
export function registryOf(image: string): string {
  const [first = ''] = image.split('/')
  const named = image.includes('/') && (/[.:]/.test(first) || first === 'localhost')
  return named ? first : 'docker.io'
}

const aliases = new Map([
  ['index.docker.io', 'docker.io'],
  ['registry-1.docker.io', 'docker.io'],
])

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

function entry(value: unknown): Credentials | undefined {
  if (!isObject(value)) return undefined
  const { username, password, auth } = value
  if (typeof username === 'string' && typeof password === 'string') return { username, password }
  if (typeof auth !== 'string') return undefined
  const text = Buffer.from(auth, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

const isBelow = (image: string, prefix: string): boolean =>
  image.startsWith(prefix) && (prefix.endsWith('/') || ['', '/', ':', '@'].includes(image.charAt(prefix.length)))

/** The credentials that one pull secret has for an image. */
function fromSecret(secret: Secret, image: string): readonly Credentials[] {
  const json = secret.data?.['.dockerconfigjson'] ?? secret.data?.['.dockercfg']
  if (json === undefined) return []
  try {
    const parsed: unknown = JSON.parse(Buffer.from(json, 'base64').toString('utf8'))
    const auths = isObject(parsed) && isObject(parsed['auths']) ? parsed['auths'] : parsed
    if (!isObject(auths)) return []
    const wanted = registryOf(image)
    return Object.entries(auths).flatMap(([key, value]) => {
      const bare = key.replace(/^https?:\/\//, '')
      const [host = '', ...path] = bare.split('/')
      const prefix = path.join('/').replace(/^v[12]\/?$/, '')
      if ((aliases.get(host) ?? host) !== wanted) return []
      if (
        prefix !== '' &&
        !isBelow(image.startsWith(`${wanted}/`) ? image : `${wanted}/${image}`, `${wanted}/${prefix}`)
      )
        return []
      const found = entry(value)
      return found === undefined ? [] : [found]
    })
  } catch {
    return []
  }
}

export const credentialsFor = (image: string, secrets: readonly Secret[]): readonly Credentials[] =>
  secrets.flatMap(secret => fromSecret(secret, image))

const untagged = (image: string): boolean => !image.includes('@') && !/:[^/]+$/.test(image)

export function policyOf({ imagePullPolicy, image = '' }: Container): 'Always' | 'IfNotPresent' | 'Never' {
  if (imagePullPolicy !== undefined) return imagePullPolicy
  return untagged(image) || image.endsWith(':latest') ? 'Always' : 'IfNotPresent'
}

export interface EnsureInput {
  readonly cri: Cri
  readonly pod: Pod
  readonly container: Container
  readonly secrets: readonly Secret[]
  readonly tell: Tell
  readonly signal: AbortSignal
}

const pullTimeoutMs = 30 * 60_000

async function pull(input: EnsureInput, image: string): Promise<void> {
  const { cri, tell, signal } = input
  const began = performance.now()
  tell('Normal', 'Pulling', `Pulling image "${image}"`)
  const known = credentialsFor(image, input.secrets)
  const attempts: readonly (Credentials | undefined)[] = known.length === 0 ? [undefined] : known
  let refusal: unknown
  for (const auth of attempts)
    try {
      const request = { image: { image, userSpecifiedImage: image }, ...(auth === undefined ? {} : { auth }) }
      await cri.images.pullImage(request, { timeoutMs: pullTimeoutMs, signal })
      const { image: found } = await cri.images.imageStatus({ image: { image } })
      const took = `${((performance.now() - began) / 1000).toFixed(3)}s`
      const size = `Image size: ${found?.size ?? 0n} bytes.`
      tell('Normal', 'Pulled', `Successfully pulled image "${image}" in ${took} (${took} including waiting). ${size}`)
      return
    } catch (error) {
      refusal = error
    }
  const message = `failed to pull and unpack image "${image}": ${rpcMessage(refusal)}`
  tell('Warning', 'Failed', `Failed to pull image "${image}": ${message}`)
  tell('Warning', 'Failed', 'Error: ErrImagePull')
  throw new ImageError('ErrImagePull', message)
}

/** @throws ImageError with a waiting container's reason */
export async function ensureImage(input: EnsureInput): Promise<void> {
  const { cri, container, tell } = input
  const image = container.image ?? ''
  const policy = policyOf(container)
  if (policy !== 'Always') {
    const { image: found } = await cri.images.imageStatus({ image: { image } })
    if (found !== undefined) {
      tell('Normal', 'Pulled', `Container image "${image}" already present on machine and can be accessed by the pod`)
      return
    }
  }
  if (policy === 'Never') {
    const message = `Container image "${image}" is not present with pull policy of Never`
    tell('Warning', 'ErrImageNeverPull', message)
    throw new ImageError('ErrImageNeverPull', message)
  }
  await pull(input, image)
}
