/** Reads a kubeconfig into what the HTTPS transport needs. Refuses what would weaken it. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { YAMLException, load } from 'js-yaml'
import type { Identity } from './https.ts'

export interface Access {
  readonly server: string
  readonly authority: string
  readonly serverName?: string
  readonly identity: Identity
  readonly namespace: string
  readonly context: string
}

const most = 1 << 20

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const fields = (value: unknown): Fields => (isFields(value) ? value : {})
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** The library shows the lines around what is wrong: in such a file those are keys and tokens. @throws Error */
function parsed(path: string, content: string): Fields {
  try {
    return fields(load(content))
  } catch (error) {
    const mark = error instanceof YAMLException ? error.mark : undefined
    throw new Error(`${path} is no YAML${mark === undefined ? '' : `: line ${mark.line + 1}`}`)
  }
}

/** @param context the file's current one when absent. @throws Error that says what is missing. */
export async function loadKubeconfig(path: string, context?: string): Promise<Access> {
  const content = await readFile(path, 'utf8')
  if (content.length > most) throw new Error(`${path} is too large`)
  const config = parsed(path, content)
  const chosen = context ?? text(config['current-context'])
  if (chosen === undefined) throw new Error(`${path} names no current context`)
  const where = entry(config, 'context', chosen)
  const cluster = entry(config, 'cluster', text(where['cluster']) ?? '')
  const user = entry(config, 'user', text(where['user']) ?? '')
  const server = text(cluster['server'])
  if (server === undefined) throw new Error(`${path}: the cluster has no server`)
  if (cluster['insecure-skip-tls-verify'] === true)
    throw new Error(`${path}: insecure-skip-tls-verify is not supported: give the certificate authority`)
  const authority = await pem(path, cluster, 'certificate-authority')
  if (authority === undefined) throw new Error(`${path}: the cluster has no certificate authority`)
  const serverName = text(cluster['tls-server-name'])
  return {
    server,
    authority,
    ...(serverName === undefined ? {} : { serverName }),
    identity: await identity(path, user),
    namespace: text(where['namespace']) ?? 'default',
    context: chosen,
  }
}

function entry(config: Fields, kind: 'context' | 'cluster' | 'user', name: string): Fields {
  const list = config[`${kind}s`]
  const found = Array.isArray(list) ? list.map(fields).find(one => one['name'] === name) : undefined
  if (found === undefined) throw new Error(`the kubeconfig has no ${kind} "${name}"`)
  return fields(found[kind])
}

/** Where a webhook is that the server asks, and what the server shows it. */
export interface WebhookAccess {
  readonly server: string
  /** PEM; absent: the system's authorities. */
  readonly authority?: string
  readonly serverName?: string
  /** Empty: it asks for nothing. */
  readonly identity: Identity
}

/** Of the file's current context, as the flags of webhooks take it. @throws Error that says what is missing. */
export async function loadWebhookKubeconfig(path: string): Promise<WebhookAccess> {
  const content = await readFile(path, 'utf8')
  if (content.length > most) throw new Error(`${path} is too large`)
  const config = parsed(path, content)
  const chosen = text(config['current-context'])
  if (chosen === undefined) throw new Error(`${path} names no current context`)
  const where = entry(config, 'context', chosen)
  const cluster = entry(config, 'cluster', text(where['cluster']) ?? '')
  const server = text(cluster['server'])
  if (server === undefined || !URL.canParse(server) || new URL(server).protocol !== 'https:')
    throw new Error(`${path}: the cluster has no server at an https URL`)
  if (cluster['insecure-skip-tls-verify'] === true)
    throw new Error(`${path}: insecure-skip-tls-verify is not supported: give the certificate authority`)
  const authority = await pem(path, cluster, 'certificate-authority')
  const serverName = text(cluster['tls-server-name'])
  const user = text(where['user'])
  return {
    server,
    ...(authority === undefined ? {} : { authority }),
    ...(serverName === undefined ? {} : { serverName }),
    identity: user === undefined ? {} : await shown(path, entry(config, 'user', user)),
  }
}

async function identity(path: string, user: Fields): Promise<Identity> {
  const found = await shown(path, user)
  if (found.certificate === undefined && found.token === undefined)
    throw new Error(`${path}: the user has neither a client certificate nor a token`)
  return found
}

async function shown(path: string, user: Fields): Promise<Identity> {
  const certificate = await pem(path, user, 'client-certificate')
  const key = await pem(path, user, 'client-key')
  const tokenFile = text(user['tokenFile'])
  const token = tokenFile === undefined ? text(user['token']) : (await file(path, tokenFile)).trim()
  return {
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
    ...(token === undefined ? {} : { token }),
  }
}

/** Inline data goes before a file, as client-go has it. */
async function pem(path: string, holder: Fields, name: string): Promise<string | undefined> {
  const data = text(holder[`${name}-data`])
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8')
  const named = text(holder[name])
  return named === undefined ? undefined : await file(path, named)
}

/** File names count from the kubeconfig's own folder. */
const file = (path: string, named: string): Promise<string> => readFile(resolve(dirname(path), named), 'utf8')
