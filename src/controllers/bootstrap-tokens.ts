/** Bootstrap tokens are cleared away when their time is over, and vouch for `cluster-info` as long as they are good. */
import { createHmac } from 'node:crypto'
import { configMaps, secrets } from '#kinds/facts/generated/refs.ts'
import type { Secret } from '#kinds/facts/generated/types/core_v1.ts'
import { keyOf } from '#api/metadata.ts'
import { type Controller, nothing } from '#client/controller.ts'
import { eventWriter, reading, rule } from './rules.ts'
import { remove, update } from './writes.ts'

const isToken = ({ type, metadata }: Secret): boolean =>
  type === 'bootstrap.kubernetes.io/token' && metadata.namespace === 'kube-system'

const part = ({ data }: Secret, key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString('utf8')

const timeShape = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

/** Milliseconds that are left: none for a time that cannot be read, undefined where none is set. */
function timeLeft(secret: Secret, now: number): number | undefined {
  const until = part(secret, 'expiration')
  if (until === '') return undefined
  return timeShape.test(until) ? Math.max(0, Date.parse(until) - now) || 0 : 0
}

export const tokenCleaner: Controller = {
  name: 'token-cleaner',
  watches: [{ ref: secrets, keys: ({ object }) => (isToken(object as Secret) ? [keyOf(object)] : []) }],
  rules: [rule('', ['secrets'], ['delete', ...reading]), eventWriter],
  decide: (key, { read, now }) => {
    const secret = read.get(secrets, key)
    if (secret === undefined || !isToken(secret)) return nothing
    const left = timeLeft(secret, now)
    if (left === undefined) return nothing
    return left > 0 ? { writes: [], again: left } : { writes: [[remove(secrets, secret)]] }
  },
}

const clusterInfo = 'kube-public/cluster-info'
const prefix = 'jws-kubeconfig-'
const idShape = /^[a-z0-9]{6}$/

const encode = (text: string): string => Buffer.from(text).toString('base64url')

/** RFC 7515, its content left out: whoever has the token knows that the text is its cluster's. */
function signature(content: string, id: string, secret: string): string {
  const head = encode(JSON.stringify({ alg: 'HS256', kid: id }))
  return `${head}..${createHmac('sha256', secret)
    .update(`${head}.${encode(content)}`)
    .digest('base64url')}`
}

/** By id, of those that may sign. */
function signing(all: readonly Secret[], now: number): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const secret of all) {
    const [id, value] = [part(secret, 'token-id'), part(secret, 'token-secret')]
    if (!isToken(secret) || secret.metadata.name !== `bootstrap-token-${id}` || !idShape.test(id)) continue
    if (value !== '' && timeLeft(secret, now) !== 0 && part(secret, 'usage-bootstrap-signing') === 'true')
      found.set(id, value)
  }
  return found
}

export const bootstrapSigner: Controller = {
  name: 'bootstrap-signer',
  watches: [
    { ref: configMaps, keys: ({ object }) => (keyOf(object) === clusterInfo ? [clusterInfo] : []) },
    { ref: secrets, keys: ({ object }) => (isToken(object as Secret) ? [clusterInfo] : []) },
  ],
  rules: [
    rule('', ['configmaps', 'secrets'], reading),
    { ...rule('', ['configmaps'], ['update']), resourceNames: ['cluster-info'] },
    eventWriter,
  ],
  decide: (key, { read, now }) => {
    const info = read.get(configMaps, key)
    const content = info?.data?.['kubeconfig']
    if (info === undefined || content === undefined) return nothing
    const others = Object.entries(info.data ?? {}).filter(([name]) => !name.startsWith(prefix))
    const signatures = [...signing(read.list(secrets, 'kube-system'), now)].map(
      ([id, value]) => [`${prefix}${id}`, signature(content, id, value)] as const,
    )
    const data = Object.fromEntries([...others, ...signatures])
    const had = Object.entries(info.data ?? {})
    if (had.length === Object.keys(data).length && had.every(([name, text]) => data[name] === text)) return nothing
    return { writes: [[{ ...update(configMaps, { ...info, data }), harmless: ['NotFound'] }]] }
  },
}
