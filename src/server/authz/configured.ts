/** The authorizers in the order that a file or flags give, also when the file changes. */
import type { Clock } from '#base/clock.ts'
import { followLogged } from '#base/follow.ts'
import type { Log } from '#base/log.ts'
import { ConfigurationError } from '#codec/configuration.ts'
import type { Caller } from '#wire/https.ts'
import type { WebhookPlace } from '#server/authn/remote.ts'
import { type Authorizer, chained } from './authorize.ts'
import { type CheckedAuthorizer, checkAuthorization, everything, readAuthorization } from './configuration.ts'
import { type AuthorizationFlags, fromFlags, usualModes } from './flags.ts'
import { webhookAuthorizer } from './webhook.ts'

export interface AuthorizationOptions {
  /** An AuthorizationConfiguration, read again and again. */
  readonly configuration?: () => Promise<string>
  readonly flags?: AuthorizationFlags
  /** Somebody said on the command line that everybody may do everything. */
  readonly everythingAllowed?: boolean
  /** Where a kubeconfig says that a webhook is. @throws Error */
  readonly webhookAt: (file: string) => Promise<WebhookPlace>
}

export interface AuthorizationParts {
  readonly caller: Pick<Caller, 'post'>
  readonly clock: Clock
  readonly log: Log
}

/** Our own, which know the store. */
export type Builtin = Readonly<Record<'Node' | 'RBAC', Authorizer>>

export interface ConfiguredAuthorization {
  /** All of them as one. */
  authorizer(builtin: Builtin): Authorizer
  /** Some rights are known to somebody else alone: what we list is not all. */
  isIncomplete(): boolean
  close(): void
}

const interval = 10_000

type Part = { readonly type: CheckedAuthorizer['type']; readonly webhook?: Authorizer }

const always: Authorizer = () => ({ opinion: 'allow' })
const never: Authorizer = () => ({ opinion: 'no opinion', reason: 'Everything is forbidden.' })

function resolved({ type, webhook }: Part, builtin: Builtin): Authorizer {
  if (type === 'Webhook') return webhook ?? never
  if (type === 'AlwaysAllow') return always
  return type === 'AlwaysDeny' ? never : builtin[type]
}

class Configured implements ConfiguredAuthorization {
  readonly #parts: AuthorizationParts
  readonly #webhookAt: AuthorizationOptions['webhookAt']
  #list: readonly Part[] = usualModes.map(type => ({ type }))
  #told = Number.NEGATIVE_INFINITY
  stop: () => void = () => undefined

  constructor(parts: AuthorizationParts, webhookAt: AuthorizationOptions['webhookAt']) {
    this.#parts = parts
    this.#webhookAt = webhookAt
  }

  authorizer(builtin: Builtin): Authorizer {
    let [of, list] = [this.#list, this.#list.map(part => resolved(part, builtin))]
    return chained(() => {
      if (of !== this.#list) [of, list] = [this.#list, this.#list.map(part => resolved(part, builtin))]
      return list
    })
  }

  isIncomplete(): boolean {
    return this.#list.some(({ type }) => type === 'Webhook')
  }

  async apply(authorizers: readonly CheckedAuthorizer[]): Promise<void> {
    const { caller, clock } = this.#parts
    const list: Part[] = []
    for (const [index, one] of authorizers.entries())
      if (one.type === 'Webhook') {
        const place = await this.#place(one.webhook.kubeConfigFile, index)
        const failed = this.#failed
        list.push({
          type: one.type,
          webhook: webhookAuthorizer({ webhook: one.webhook, place, caller, clock, failed }),
        })
      } else list.push({ type: one.type })
    this.#list = list
  }

  async #place(file: string, index: number): Promise<WebhookPlace> {
    try {
      return await this.#webhookAt(file)
    } catch (error) {
      throw new ConfigurationError(
        `authorizers[${index}].connectionInfo.kubeConfigFile: Invalid value: ${JSON.stringify(file)}: error loading file: ${error instanceof Error ? error.message : 'unknown'}`,
      )
    }
  }

  /** One line a second, however many questions wait. */
  readonly #failed = (name: string, error: unknown): void => {
    const now = this.#parts.clock.monotonic()
    if (now - this.#told < 1000) return
    this.#told = now
    const message = error instanceof Error ? error.message : 'unknown'
    this.#parts.log.error('authorizer could not be asked', { authorizer: name, error: message })
  }

  close(): void {
    this.stop()
  }
}

/** @returns undefined where nothing is configured: Node and RBAC then. @throws ConfigurationError, and what reading the file throws. */
export async function configureAuthorization(
  options: AuthorizationOptions,
  parts: AuthorizationParts,
): Promise<ConfiguredAuthorization | undefined> {
  const { configuration, everythingAllowed = false } = options
  const limits = { everythingAllowed }
  const flags = fromFlags(options.flags ?? {})
  if (configuration === undefined && flags === undefined) return undefined
  const configured = new Configured(parts, options.webhookAt)
  if (configuration !== undefined && flags !== undefined)
    throw new ConfigurationError(
      '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    )
  if (flags !== undefined) {
    if (!everythingAllowed && flags.authorizers.some(one => one.type === 'AlwaysAllow'))
      throw new ConfigurationError(`authorization-mode: ${everything}`)
    await configured.apply(checkAuthorization(flags, limits))
  }
  if (configuration !== undefined)
    configured.stop = await followLogged('authorization configuration', parts.log, {
      clock: parts.clock,
      read: configuration,
      interval,
      apply: text => configured.apply(readAuthorization(text, limits)),
    })
  return configured
}
