/** What an etcd shows of itself to who may come in, who may not, and who is somebody else. */
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Identity } from '#client/https.ts'
import type { EtcdConfig } from '#processes/config.ts'
import { type EtcdAccess, EtcdClient } from '#server/store/etcd/client.ts'
import { type Dialled, type Shown, dialClient, dialPlain, dialSecure } from './dial.ts'

export interface EndpointFacts {
  readonly url: string
  /** With the client certificate that was given. */
  readonly known: Dialled
  /** Without any. */
  readonly stranger: Dialled
  /** With a certificate of the cluster's own authority. */
  readonly foreign: Dialled
  /** By plain HTTP. */
  readonly plain: Dialled
  readonly shown: Shown
}

export interface PeerFacts {
  readonly member: string
  readonly url: string
  /** Without a certificate. */
  readonly stranger: Shown
}

export interface EtcdFacts {
  readonly endpoints: readonly EndpointFacts[]
  /** As the members tell it; undefined where none answered. */
  readonly members: readonly { readonly name: string; readonly clients: readonly string[] }[] | undefined
  readonly peers: readonly PeerFacts[]
  /** Whether an authority that is believed for etcd is one of the cluster's; undefined where none is given. */
  readonly shared: boolean | undefined
}

export interface Cluster {
  /** PEM. */
  readonly authority: string
  readonly identity: Identity
}

/** @throws Error where a file cannot be read */
export async function etcdFacts(etcd: EtcdConfig, cluster: Cluster): Promise<EtcdFacts> {
  const text = async (file: string | undefined) => (file === undefined ? undefined : readFile(file, 'utf8'))
  const [ca, cert, key] = await Promise.all([text(etcd.ca), text(etcd.cert), text(etcd.key)])
  const authority = ca === undefined ? {} : { ca }
  const access = { ...authority, ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) }
  const members = await membersOf({ ...access, endpoints: etcd.endpoints })
  const peers = (members ?? [])
    .flatMap(({ name, peers }) => peers.map(url => ({ member: name, url })))
    .slice(0, mostDialled)
  const [endpoints, asked] = await Promise.all([
    Promise.all(etcd.endpoints.map(url => endpointFacts(url, { access, authority, cluster }))),
    Promise.all(
      peers.map(async ({ member, url }) => {
        const stranger = url.startsWith('https:') ? await dialSecure(url, authority) : await dialPlain(url)
        return { member, url, stranger }
      }),
    ),
  ])
  return { endpoints, members, peers: asked, shared: ca === undefined ? undefined : shares(ca, cluster.authority) }
}

interface Manners {
  readonly access: Omit<EtcdAccess, 'endpoints'>
  readonly authority: Pick<EtcdAccess, 'ca'>
  readonly cluster: Cluster
}

async function endpointFacts(url: string, { access, authority, cluster }: Manners): Promise<EndpointFacts> {
  const { certificate: cert, key } = cluster.identity
  const foreign = { ...authority, ...(cert === undefined || key === undefined ? {} : { cert, key }) }
  const secure = url.replace(/^http:/, 'https:')
  const [known, stranger, other, plain, shown] = await Promise.all([
    dialClient(url, access),
    dialClient(url, authority),
    dialClient(url, foreign),
    dialPlain(secure.replace(/^https:/, 'http:')),
    dialSecure(secure, access),
  ])
  return { url, known, stranger, foreign: other, plain, shown }
}

interface Member {
  readonly name: string
  readonly peers: readonly string[]
  readonly clients: readonly string[]
}

/** Milliseconds. */
const patience = 5000
/** What others say is not dialled without end, nor read. */
const most = 50
const mostDialled = 50
const mostBytes = 1 << 20

async function membersOf(access: EtcdAccess): Promise<readonly Member[] | undefined> {
  for (const url of access.endpoints) {
    let client: EtcdClient | undefined
    try {
      client = new EtcdClient({ ...access, endpoints: [url], mostBytes })
      const { members } = await client.ask(peer => peer.cluster.memberList({}, { timeoutMs: patience }))
      return members
        .slice(0, most)
        .map(({ name, peerURLs, clientURLs }) => ({ name, peers: urls(peerURLs), clients: urls(clientURLs) }))
    } catch {
      // The next one may tell.
    } finally {
      client?.close()
    }
  }
  return undefined
}

/** Only where it is, of what others say it is: no path, no name and no password. */
const urls = (all: readonly string[]): readonly string[] =>
  all
    .slice(0, most)
    .flatMap(one => (URL.canParse(one) ? [new URL(one)] : []))
    .filter(({ protocol }) => /^https?:$/.test(protocol))
    .map(({ origin }) => origin)

const certificates = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** Whether some authority is in both. By its key: whoever has that makes certificates for both. */
function shares(one: string, other: string): boolean {
  const keys = (text: string): readonly string[] =>
    (text.match(certificates) ?? []).map(pem =>
      new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    )
  const known = new Set(keys(other))
  return keys(one).some(key => known.has(key))
}
