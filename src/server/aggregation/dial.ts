/** From an APIService to an open request to one of its service's endpoints. */
import type { IncomingMessage } from 'node:http'
import { type Directory, endpointOf } from '#server/outbound/service.ts'
import type { Dialled } from '#server/passing/pass.ts'
import { readAnswer } from '#wire/answer.ts'
import { CallError, describe } from '#wire/failure.ts'
import type { Asked, Backend, Opener } from '#wire/mutual.ts'
import type { Clock } from '#base/clock.ts'
import type { User } from '#api/request.ts'
import { userHeaders } from './headers.ts'
import type { Registered } from './catalog.ts'

export interface DialParts {
  readonly opener: Opener
  readonly directory: Directory
  readonly clock: Clock
  readonly random: () => number
}

export interface Endpoint {
  readonly host: string
  readonly port: number
  /** `host:port`, for messages. */
  readonly place: string
}

/** One that is ready. @throws Unreachable where none is. */
export function locate({ directory, random }: DialParts, { service }: Registered): Endpoint {
  const { host, port } = endpointOf(directory, service, random)
  return { host, port, place: `${host.includes(':') ? `[${host}]` : host}:${port}` }
}

/** @throws Unreachable where no endpoint is ready, CallError where it may not be called. */
export async function dial(
  parts: DialParts,
  to: Registered,
  asked: Asked & { readonly at?: Endpoint | undefined },
): Promise<Dialled> {
  const { host, port, place } = asked.at ?? locate(parts, to)
  const backend: Backend = {
    host,
    port,
    name: `${to.service.name}.${to.service.namespace}.svc`,
    insecure: to.insecure,
    ...(to.ca === undefined ? {} : { ca: to.ca }),
  }
  return { asking: await parts.opener.open(backend, asked), place }
}

export interface Question {
  /** Absent: any that is ready. */
  readonly at?: Endpoint
  readonly path: string
  readonly accept: string
  readonly etag?: string | undefined
  /** Milliseconds for all of it. */
  readonly patience: number
  /** Bytes of the answer; 0: only how it begins. */
  readonly limit: number
  /** Absent: the server itself, who may everything. */
  readonly user?: Omit<User, 'source' | symbol>
  /** GET unless given. */
  readonly method?: string
  readonly body?: { readonly contentType: string; readonly text: string }
  /** Under which it is on record here; the other server uses the same. */
  readonly auditId?: string | undefined
}

export interface Told {
  readonly code: number
  readonly contentType: string
  readonly etag: string | undefined
  readonly body: Buffer
}

const nothing = Buffer.alloc(0)
const aggregator = { name: 'system:kube-aggregator', groups: ['system:masters'] }

/** What is asked in this process: by the server itself about discovery and OpenAPI, by controllers. Redirects are answers like any other. @throws Error */
export async function ask(parts: DialParts, to: Registered, question: Question): Promise<Told> {
  const headers = {
    ...userHeaders(question.user ?? aggregator),
    accept: question.accept,
    'user-agent': 'bulwark/aggregation',
    ...(question.auditId === undefined ? {} : { 'audit-id': question.auditId }),
    ...(question.etag === undefined ? {} : { 'if-none-match': question.etag }),
    ...(question.body === undefined
      ? {}
      : {
          'content-type': question.body.contentType,
          'content-length': String(Buffer.byteLength(question.body.text)),
        }),
  }
  const { asking, place } = await dial(parts, to, {
    method: question.method ?? 'GET',
    path: question.path,
    headers,
    alone: true,
    at: question.at,
  })
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  asking.on('response', resolve)
  asking.on('upgrade', (_, socket) => {
    socket.destroy()
    reject(new CallError('unexpected switch of protocols'))
  })
  asking.on('error', reject)
  const late = new CallError('context deadline exceeded (Client.Timeout exceeded while awaiting headers)')
  const cancel = parts.clock.after(question.patience, () => asking.destroy(late))
  asking.end(question.body?.text)
  try {
    const answer = await promise
    const etag = answer.headers.etag
    return {
      code: answer.statusCode ?? 0,
      contentType: answer.headers['content-type'] ?? '',
      etag: etag !== undefined && etag.length <= 1024 ? etag : undefined,
      body: question.limit === 0 ? nothing : await readAnswer(answer, question.limit),
    }
  } catch (error) {
    throw new CallError(describe(error, place))
  } finally {
    cancel()
    asking.destroy()
  }
}
