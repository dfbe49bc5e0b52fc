/** A webhook on loopback, over TLS with an authority of its own, that behaves as its path says. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Server, createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { issue, makeAuthority } from '#pki/issue.ts'

// The tests read reviews of all shapes; JSON.parse gives no better type.
export type Review = ReturnType<typeof JSON.parse>
export type Answer = (review: Review, response: ServerResponse) => object | undefined | Promise<object | undefined>

export interface HookServer {
  /** PEM in base64, as a configuration carries it. */
  readonly caBundle: string
  url(path: string): string
  readonly port: number
  /** What was asked at a path, in order. */
  asked(path: string): readonly Review[]
  /** @param answer gives the `response` without its uid, or writes the answer itself. */
  on(path: string, answer: Answer): void
  close(): Promise<void>
}

async function bodyOf(request: IncomingMessage): Promise<Review> {
  let text = ''
  for await (const part of request) text += String(part)
  return JSON.parse(text)
}

export async function startHookServer(
  hosts: readonly string[] = ['127.0.0.1', 'localhost'],
  address = '127.0.0.1',
): Promise<HookServer> {
  const now = Date.now()
  const authority = await makeAuthority('hooks', now)
  const pair = await issue(authority, { name: 'hook', use: 'server', hosts }, now)
  const answers = new Map<string, Answer>()
  const seen = new Map<string, Review[]>()
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? '/', 'https://x').pathname
    const review = await bodyOf(request)
    seen.set(path, [...(seen.get(path) ?? []), review])
    const given = await answers.get(path)?.(review, response)
    if (given === undefined) return
    const { apiVersion, kind, request: asked } = review
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ apiVersion, kind, response: { uid: asked.uid, ...given } }))
  }
  const server: Server = createServer(
    pair,
    (request, response) => void handle(request, response).catch(() => response.destroy()),
  )
  server.listen(0, address)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    caBundle: Buffer.from(authority.cert).toString('base64'),
    port,
    url: path => `https://${address}:${port}${path}`,
    asked: path => seen.get(path) ?? [],
    on: (path, answer) => void answers.set(path, answer),
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export const patched = (operations: readonly object[]): object => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
})
