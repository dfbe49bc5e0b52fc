/** The kubeconfig of a webhook: one server, who it must be, and what it is shown. Refuses what would weaken it. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parseYaml } from '#codec/yaml.ts'
import type { Destination } from '#wire/https.ts'

export interface WebhookPlace {
  readonly destination: Destination
  /** Authorization, where a token or password is given. */
  readonly headers: Readonly<Record<string, string>>
}

type Fields = Readonly<Record<string, unknown>>

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

function entry(config: Fields, kind: 'context' | 'cluster' | 'user', name: string | undefined): Fields {
  const list = config[`${kind}s`]
  const all = Array.isArray(list) ? list.map(fields) : []
  const found = name === undefined ? all[0] : all.find(one => one['name'] === name)
  if (found === undefined && name !== undefined) throw new Error(`there is no ${kind} ${JSON.stringify(name)}`)
  return fields(found?.[kind])
}

/** Inline data goes before a file, whose name counts from the kubeconfig's folder. */
async function pem(file: string, holder: Fields, name: string): Promise<string | undefined> {
  const data = text(holder[`${name}-data`])
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8')
  const path = text(holder[name])
  return path === undefined ? undefined : readFile(resolve(dirname(file), path), 'utf8')
}

async function authorization(file: string, user: Fields): Promise<Readonly<Record<string, string>>> {
  const tokenFile = text(user['tokenFile'])
  const token =
    tokenFile === undefined ? text(user['token']) : (await readFile(resolve(dirname(file), tokenFile), 'utf8')).trim()
  if (token !== undefined) return { authorization: `Bearer ${token}` }
  const [name, password] = [text(user['username']), text(user['password'])]
  if (name === undefined || password === undefined) return {}
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` }
}

async function read(file: string): Promise<WebhookPlace> {
  const config = fields(parseYaml(await readFile(file)))
  const where = entry(config, 'context', text(config['current-context']))
  const cluster = entry(config, 'cluster', text(where['cluster']))
  const user = entry(config, 'user', text(where['user']))
  const server = text(cluster['server'])
  if (server === undefined || !URL.canParse(server) || new URL(server).protocol !== 'https:')
    throw new Error('the server must be an https URL')
  if (cluster['insecure-skip-tls-verify'] === true)
    throw new Error('insecure-skip-tls-verify is not supported: give the certificate authority')
  if (cluster['tls-server-name'] !== undefined || cluster['proxy-url'] !== undefined)
    throw new Error('tls-server-name and proxy-url are not supported')
  const [ca, cert, key] = [
    await pem(file, cluster, 'certificate-authority'),
    await pem(file, user, 'client-certificate'),
    await pem(file, user, 'client-key'),
  ]
  return {
    destination: {
      url: new URL(server),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { client: { cert, key } }),
    },
    headers: await authorization(file, user),
  }
}

/** @throws Error that names the file and what is wrong with it */
export async function webhookPlace(file: string): Promise<WebhookPlace> {
  try {
    return await read(file)
  } catch (error) {
    throw new Error(
      `initializing audit webhook: ${file}: ${error instanceof Error ? error.message : 'cannot be read'}`,
      { cause: error },
    )
  }
}
