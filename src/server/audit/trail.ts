/**
 * What goes on record of one request, gathered on its way. A request whose rule says None costs the judging of the rule; the
 * text of an event is built when a stage is reached that is wanted.
 */
import type { Attributes, Notes } from '#api/request.ts'
import { StatusError, internalError } from '#api/status.ts'
import type { Call } from './call.ts'
import type { Decision } from './match.ts'
import type { Level, Stage } from './policy.ts'
import {
  type AuditRecord,
  type Known,
  failureText,
  isReserved,
  makeRecord,
  referenceText,
  truncatedKey,
} from './record.ts'

export const sourceKey = 'authentication.bulwark.dev/source'
export const decisionKey = 'authorization.k8s.io/decision'
export const reasonKey = 'authorization.k8s.io/reason'

export interface TrailParts {
  readonly judge: (user: Known | undefined, asked: Attributes) => Decision
  /** Whoever is refused is on record, also where the rule says None. */
  readonly refusals: boolean
  readonly now: () => number
  /** A request was judged. */
  readonly judged: (level: Level) => void
  /** Takes an event. What it returns is to be waited for before the request is done. @throws StatusError */
  readonly take: (record: AuditRecord, stage: Stage) => Promise<void> | undefined
  /** When everything taken so far is with the kernel; undefined: nothing is to be waited for. */
  readonly settled: () => Promise<unknown> | undefined
  /** Asked where nothing is on record of a request before it is done. @throws StatusError */
  readonly ready: () => Promise<void> | undefined
  /** How many of those who could not say who they are may be on record now: 0, none; else with this many that were not. */
  readonly stranger: () => { readonly heard: boolean; readonly unheard: number }
}

/** Metadata of an object, as far as it is known. */
export interface Subject {
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
}

const silent: Decision = { level: 'None', omitted: new Set(), omitManagedFields: false, named: false }

/** Characters of one event's bodies, and of its annotations. What is longer is left out, and the event says so. */
const mostBody = 16 * 1024 * 1024
const mostNotes = 256 * 1024
/** Of the path that somebody unknown asked for. */
const longestUnknown = 2048

/** Values are what these are for: only a rule that names them puts them on record. */
const isSensitive = ({ group, resource, subresource }: Attributes): boolean =>
  (group === '' && (resource === 'secrets' || (resource === 'serviceaccounts' && subresource === 'token'))) ||
  (group === 'bulwark.dev' && resource === 'secretversions') ||
  (group === 'authentication.k8s.io' && resource === 'tokenreviews')

export class Trail implements Notes {
  readonly #parts: TrailParts
  readonly #call: Call
  readonly #received: number
  #decision = silent
  #user: Known | undefined
  #acting: Known | undefined
  #asked: Attributes | undefined
  #annotations: Map<string, string> | undefined
  #own: Map<string, string> | undefined
  #subject: Subject = {}
  #request = ''
  #response = ''
  #status = ''
  #code: number | undefined
  #long = false
  #started = false
  #over = false
  #cut = false
  #unread = false

  constructor(parts: TrailParts, call: Call) {
    this.#parts = parts
    this.#call = call
    this.#received = parts.now()
  }

  get id(): string {
    return this.#call.id
  }
  get annotations(): Map<string, string> {
    this.#annotations ??= new Map()
    return this.#annotations
  }
  note(key: string, value: string): void {
    this.#own ??= new Map()
    if (!this.#own.has(key)) this.#own.set(key, value)
  }
  /** Whether anything of the request is on record. */
  get heard(): boolean {
    return this.#decision.level !== 'None'
  }
  get bodies(): boolean {
    return this.#wants('Request')
  }
  get responses(): boolean {
    return this.#wants('RequestResponse')
  }
  get omitManagedFields(): boolean {
    return this.#decision.omitManagedFields
  }

  #wants(least: 'Request' | 'RequestResponse'): boolean {
    const { level, named } = this.#decision
    if (level !== 'RequestResponse' && (level !== 'Request' || least !== 'Request')) return false
    return this.#asked === undefined || !isSensitive(this.#asked) || (level === 'RequestResponse' && named)
  }

  /**
   * Who asks for what, right after that is known and before anything is done.
   * @param long whether it lasts as long as somebody looks on @throws StatusError where it may not go on without a record
   */
  identify(user: Known | undefined, asked: Attributes, long: boolean): Promise<void> | undefined {
    this.#user = user
    this.#asked = asked
    this.#long = long
    this.#decision = this.#parts.judge(user, asked)
    this.#parts.judged(this.#decision.level)
    if (!this.heard || user === undefined) return undefined
    return this.#reach('RequestReceived') ?? this.#parts.ready()
  }

  /** What was asked for cannot be read: nothing more is known than by whom. */
  unreadable(user: Known | undefined): void {
    this.#user = user
    this.#unread = true
  }

  impersonated(user: Known): void {
    this.#acting = user
  }

  /** The object that is written. @param body JSON of it; asked for only where it is wanted */
  request(subject: Subject, body: () => string): void {
    if (!this.heard) return
    this.#subject = subject
    if (this.bodies) this.#request = this.#bounded(body())
  }

  /** The answer. @param body as above; undefined for none */
  response(subject: Subject | undefined, body: () => string | undefined): void {
    if (!this.heard) return
    if (subject !== undefined) this.#subject = { ...subject, ...defined(this.#subject) }
    if (this.responses) this.#response = this.#bounded(body() ?? '')
  }

  #bounded(text: string): string {
    if (text.length <= mostBody) return text.trimEnd()
    this.#cut = true
    return ''
  }

  /** The answer of what lasts has begun. */
  started(code: number): void {
    if (!this.#long || this.#started) return
    this.#started = true
    this.#code = code
    if (this.heard) void this.#reach('ResponseStarted')
  }

  failed(error: unknown): void {
    const refused = error instanceof StatusError ? error : undefined
    if (refused === undefined) {
      // What went wrong inside is for the log of the server: it may say more than the answer does.
      const name = error instanceof Error ? error.name : 'unknown'
      this.#status = `{"metadata":{},"status":"Failure","message":${JSON.stringify(`APIServer panic'd: ${name}`)},"reason":"InternalError","code":500}`
      this.#code = 500
      if (this.heard && !this.#over) void this.#reach('Panic')
      this.#over = true
      return
    }
    this.#code = refused.code
    this.#status = failureText(refused)
    if (refused.code === 403) this.#forbidden(refused)
    if (this.responses) this.#response = JSON.stringify(refused.status())
  }

  #forbidden({ message }: StatusError): void {
    if (this.#own?.has(decisionKey) === true) return
    this.note(decisionKey, 'forbid')
    this.note(reasonKey, message)
  }

  /** The answer is given. @param sent false: the client went before it began */
  end(code: number, sent = true): void {
    if (this.#over) return
    this.#over = true
    if (!sent && this.#status === '') {
      this.#status = '{"metadata":{},"status":"Success","message":"Connection closed early","code":200}'
      this.#code = 200
    }
    this.#code ??= code
    const refused = this.#code === 401 || this.#code === 403 || this.#unread
    if (!this.heard && refused && this.#parts.refusals) this.#decision = { ...silent, level: 'Metadata' }
    if (!this.heard) return
    if (this.#user === undefined && refused) return this.#unknown()
    if (this.#long && !this.#started) void this.#reach('ResponseStarted')
    void this.#reach('ResponseComplete')
  }

  /**
   * It is done, and whoever asked is to be told so: puts the end on record.
   * @returns when that is with the kernel, so that a kill of this process does not lose it; undefined: nothing is to be waited for
   */
  settle(code: number): Promise<unknown> | undefined {
    if (!this.heard) return undefined
    this.end(code)
    return this.#parts.settled()
  }

  /** The same of what `failed`: nobody is told that he may not before it is on record that he tried. */
  refused(): Promise<unknown> | undefined {
    this.end(500)
    return this.heard ? this.#parts.settled() : undefined
  }

  /** Anybody can make these: they must not drown the rest. */
  #unknown(): void {
    const { heard, unheard } = this.#parts.stranger()
    if (!heard) return
    if (unheard > 0) this.note('audit.bulwark.dev/unheard', String(unheard))
    if (this.#code === 401)
      this.#status = `{"metadata":{},"status":"Failure","message":${JSON.stringify(this.#call.attempted())},"code":401}`
    void this.#reach('ResponseStarted')
  }

  #reach(stage: Stage): Promise<void> | undefined {
    if (this.#decision.omitted.has(stage)) return undefined
    return this.#parts.take(this.#record(stage), stage)
  }

  #record(stage: Stage): AuditRecord {
    const { id, uri, agent } = this.#call
    const asked = this.#asked
    const incoming = stage === 'RequestReceived'
    return makeRecord({
      level: this.#decision.level,
      stage,
      id,
      uri: this.#user === undefined ? uri.slice(0, longestUnknown) : uri,
      verb: asked?.verb ?? '',
      user: this.#user,
      acting: this.#acting,
      sourceIPs: this.#call.sourceIPs(),
      agent,
      reference: asked?.resourceRequest === true ? this.#reference(asked) : '',
      status: incoming ? '' : this.#status === '' ? `{"metadata":{},"code":${this.#code ?? 200}}` : this.#status,
      request: this.#request,
      response: this.#response,
      received: this.#received,
      now: incoming ? this.#received : this.#parts.now(),
      annotations: this.#notesText(),
      namespace: asked?.namespace ?? '',
      code: incoming ? undefined : this.#code,
    })
  }

  #reference(asked: Attributes): string {
    const { name = '', namespace = '', uid = '', resourceVersion = '' } = this.#subject
    return referenceText({
      resource: asked.resource,
      namespace: asked.namespace === '' ? namespace : asked.namespace,
      name: asked.name === '' ? name : asked.name,
      uid,
      apiGroup: asked.group,
      apiVersion: asked.version,
      resourceVersion,
      subresource: asked.subresource,
    })
  }

  /** Never empty: the source of the authentication is always known. */
  #notesText(): string {
    let text = `"${sourceKey}":${JSON.stringify(this.#user?.source ?? 'none')}`
    if (this.#cut) text += `,"${truncatedKey}":"true"`
    for (const [key, value] of this.#own ?? []) text += `,${JSON.stringify(key)}:${JSON.stringify(value)}`
    for (const [key, value] of this.#annotations ?? []) {
      if (isReserved(key) || this.#own?.has(key) === true) continue
      if (text.length + key.length + value.length > mostNotes) continue
      text += `,${JSON.stringify(key)}:${JSON.stringify(value)}`
    }
    return text
  }
}

function defined(subject: Subject): Subject {
  const { name, namespace, uid, resourceVersion } = subject
  return {
    ...(name === undefined || name === '' ? {} : { name }),
    ...(namespace === undefined || namespace === '' ? {} : { namespace }),
    ...(uid === undefined || uid === '' ? {} : { uid }),
    ...(resourceVersion === undefined || resourceVersion === '' ? {} : { resourceVersion }),
  }
}

/** Upstream's words for a request that may not be done because it cannot be put on record. */
export const unrecorded = (): StatusError => internalError('failed to store audit event')
