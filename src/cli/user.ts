/** `bulwark user …`: who may come in, and what they come in with. Speaks to the API like everybody, as the administrator. */
import { generateKeyPairSync } from 'node:crypto'
import { dumpYaml } from '#codec/yaml.ts'
import { type BulwarkUser, type BulwarkUserCredential, bulwarkUsers, credentialHeader } from '#kinds/facts/bulwark.ts'
import { CommandError, UsageError, contextOf } from './place.ts'
import { type ReachOptions, type Reached, reached } from './reach.ts'
import { lined } from './table.ts'

export interface UserOptions extends ReachOptions {
  readonly output?: string
  /** Separated by commas. */
  readonly groups?: string
  readonly aliases?: string
  readonly fullName?: string
  /** How long a credential is good, such as 8h. */
  readonly for?: string
}

const words = (text: string | undefined): readonly string[] =>
  (text ?? '').split(',').flatMap(word => (word.trim() === '' ? [] : [word.trim()]))

const units: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 }

/** Seconds. @throws UsageError */
export function secondsOf(text: string): number {
  const found = /^(\d{1,6})([mhd])$/.exec(text)
  if (found === null)
    throw new UsageError(`--for takes minutes, hours or days, such as 8h, not ${JSON.stringify(text)}`)
  return Number(found[1]) * (units[found[2] ?? 'h'] ?? 3600)
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A key of its own, which this machine alone has ever seen, and a certificate for it. @returns a kubeconfig */
async function credentialFor(
  name: string,
  options: UserOptions,
  { client, server, authority }: Reached,
): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const body: BulwarkUserCredential = {
    ...credentialHeader,
    metadata: { name },
    spec: {
      publicKey: base64(publicKey),
      ...(options.for === undefined ? {} : { expirationSeconds: secondsOf(options.for) }),
    },
  }
  const answer = await client.post(bulwarkUsers, name, { subresource: 'credentials', body })
  const { status } = answer as BulwarkUserCredential
  if (status?.certificate === undefined) throw new CommandError('the server gave no certificate', 3)
  process.stderr.write(`${name} may come in until ${status.expirationTimestamp ?? ''}.\n`)
  const context = `${contextOf(options.name)}-${name}`
  return dumpYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: contextOf(options.name), cluster: { server, 'certificate-authority-data': base64(authority) } }],
    users: [
      {
        name: context,
        user: { 'client-certificate-data': status.certificate, 'client-key-data': base64(privateKey) },
      },
    ],
    contexts: [{ name: context, context: { cluster: contextOf(options.name), user: context } }],
    'current-context': context,
  })
}

/** @returns a kubeconfig of the new user. */
export async function addUser(name: string, options: UserOptions): Promise<string> {
  if (options.for !== undefined) secondsOf(options.for)
  const [groups, aliases] = [words(options.groups), words(options.aliases)]
  return reached(options, async at => {
    await at.client.create(bulwarkUsers, {
      apiVersion: credentialHeader.apiVersion,
      kind: 'User',
      metadata: { name },
      spec: {
        ...(groups.length === 0 ? {} : { groups }),
        ...(aliases.length === 0 ? {} : { aliases }),
        ...(options.fullName === undefined ? {} : { fullName: options.fullName }),
      },
    })
    return credentialFor(name, options, at)
  })
}

/** @returns a kubeconfig with a new credential. */
export async function userKubeconfigFor(name: string, options: UserOptions): Promise<string> {
  if (options.for !== undefined) secondsOf(options.for)
  return reached(options, at => credentialFor(name, options, at))
}

export async function setDisabled(name: string, disabled: boolean, options: UserOptions): Promise<void> {
  await reached(options, ({ client }) =>
    client.patch(bulwarkUsers, name, { type: 'merge', content: { spec: { disabled } } }),
  )
}

const shown = ({ metadata, spec = {} }: BulwarkUser) => ({
  name: metadata.name ?? '',
  username: spec.username ?? '',
  aliases: spec.aliases ?? [],
  groups: spec.groups ?? [],
  disabled: spec.disabled === true,
})

/** @returns what is to be printed. */
export async function listUsers(options: UserOptions): Promise<string> {
  const users = await reached(options, async ({ client }) => (await client.list(bulwarkUsers)).items.map(shown))
  if (options.output === 'json') return `${JSON.stringify(users, null, 2)}\n`
  return lined([
    ['NAME', 'USERNAME', 'GROUPS', 'STATE'],
    ...users.map(one => [one.name, one.username, one.groups.join(','), one.disabled ? 'disabled' : 'enabled']),
  ])
}
