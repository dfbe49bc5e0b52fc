/**
 * Keeps the certificates of a running server and of its machine's components fresh: they are issued again two months before
 * they are over, or when their file is removed, and taken up without a restart. Authorities take turns on the way.
 */
import { existsSync } from 'node:fs'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { LiveKeys, SharedKeys } from '#plane/keys.ts'
import type { Listener } from '#plane/listen.ts'
import type { ServerConfig } from './config.ts'
import { type Issuing, issueCredentials, serverCertificates } from './credentials.ts'
import type { Layout } from './layout.ts'

export interface RenewingParts {
  readonly keys: LiveKeys
  readonly config: ServerConfig
  readonly layout: Layout
  /** What the serving certificate is for. */
  readonly names: readonly string[]
  readonly listener: Pick<Listener, 'renew'>
  readonly clock: Clock
  readonly log: Log
}

/** Milliseconds between looks at whether a file is gone, and at what is in them. */
const glance = 5000
const look = 6 * 3600 * 1000

export const issuingNow = (
  keys: Pick<SharedKeys, 'authority' | 'authorities'>,
  rest: Omit<Issuing, 'authority' | 'authorities'>,
): Issuing => ({ authority: keys.authority, authorities: keys.authorities, ...rest })

/** What must be there. */
export const certificateFiles = (layout: Layout, config: Pick<ServerConfig, 'nodes'>): readonly string[] => [
  layout.kubeconfig,
  layout.apiCertificate,
  layout.kubeletCertificate,
  ...(config.nodes === 'real' ? [layout.nodeKubeconfig, layout.networkKubeconfig, layout.servingCertificate] : []),
]

export class Renewing {
  readonly #parts: RenewingParts
  #shown = ''
  #next = 0
  #cancel: () => void = () => undefined
  #work: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(parts: RenewingParts) {
    this.#parts = parts
    this.#next = parts.clock.now() + look
    this.#wait()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    await this.#work
  }

  #wait(): void {
    if (this.#stopped) return
    this.#cancel = this.#parts.clock.after(glance, () => {
      this.#work = this.#glance().finally(() => this.#wait())
    })
  }

  async #glance(): Promise<void> {
    const { clock, layout, config, log } = this.#parts
    const missing = certificateFiles(layout, config).some(file => !existsSync(file))
    if (!missing && clock.now() < this.#next) return
    try {
      await this.round()
      this.#next = clock.now() + look
    } catch (error) {
      log.error('certificates could not be renewed', { error: error instanceof Error ? error.message : String(error) })
    }
  }

  /** Issues what is due, and has it shown. */
  async round(): Promise<void> {
    const { keys, config, layout, names, listener, clock, log } = this.#parts
    const turned = await keys.refresh(clock.now())
    const issuing = issuingNow(keys, { config, layout, now: clock.now() })
    await issueCredentials(issuing)
    const certificates = await serverCertificates(issuing, names)
    const shown = [certificates.serving, certificates.kubelet].map(({ cert }) => cert.trim()).join('\n')
    if (turned || (shown !== this.#shown && this.#shown !== '')) {
      listener.renew(certificates)
      log.info('certificates were renewed', { authorities: turned })
    } else if (this.#shown === '') listener.renew(certificates)
    this.#shown = shown
  }
}
