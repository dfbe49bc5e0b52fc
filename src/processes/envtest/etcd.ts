/** Stands where envtest expects etcd: answers that it is well, and says where the API server may keep its database. */
import { mkdir } from 'node:fs/promises'
import { type Server, createServer } from 'node:http'
import { resolve } from 'node:path'
import type { Flags } from './flags.ts'

/** Answers the directory as text; no path of etcd's. */
export const directoryPath = '/bulwark/data-dir'

const usualUrl = 'http://127.0.0.1:2379'

/** Resolves when it answers. @throws Error */
export async function runEtcdStandIn(flags: Flags): Promise<{ stop(): Promise<void> }> {
  const url = new URL(flags.list('listen-client-urls')[0] ?? usualUrl)
  if (url.protocol !== 'http:' || !['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname))
    throw new Error(`this etcd is for tests on one machine: --listen-client-urls must be on loopback, not ${url.href}`)
  const directory = resolve(flags.get('data-dir') ?? 'default.etcd')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const answers = new Map<string, readonly [string, string]>([
    ['/health', ['application/json', '{"health":"true","reason":""}']],
    ['/version', ['application/json', '{"etcdserver":"3.6.0","etcdcluster":"3.6.0"}']],
    [directoryPath, ['text/plain', directory]],
  ])
  const server: Server = createServer((request, response) => {
    const [type, body] = answers.get(request.url ?? '') ?? []
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type ?? 'text/plain' })
    response.end(body ?? 'this is no etcd: it stands where envtest expects one')
  })
  const { promise, resolve: listening, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(Number(url.port || '2379'), url.hostname.replace(/^\[|\]$/g, ''), listening)
  await promise
  return {
    stop: async () => {
      const closed = Promise.withResolvers<void>()
      server.close(() => closed.resolve())
      server.closeAllConnections()
      await closed.promise
    },
  }
}
