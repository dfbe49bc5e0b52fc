/** Section 2: who gets into an etcd, asked at its own doors. */
import { type Control, type Proof, type Verdict, fail, noneOf, notApplicable, pass } from '../control.ts'
import type { EndpointFacts, EtcdFacts, PeerFacts } from '../etcd/facts.ts'
import type { EtcdConfig } from '#processes/config.ts'

const proof = (says: string): Proof => ({ place: 'etcd', says })

const onEtcd =
  (check: (etcd: EtcdConfig, found: EtcdFacts | undefined) => Verdict): Control['check'] =>
  ({ config, etcd }) =>
    config.etcd === undefined
      ? notApplicable('there is no etcd: the store is a database file of the server')
      : check(config.etcd, etcd)

const silent = ({ url, known }: EndpointFacts): Proof => proof(`${url} does not answer now: ${known.says}`)

/** Each endpoint that answers who may come in says something; that it did not answer is said as well. */
const each = (found: EtcdFacts | undefined, says: (one: EndpointFacts) => string): readonly Proof[] =>
  (found?.endpoints ?? []).map(one => (one.known.outcome === 'answered' ? proof(says(one)) : silent(one)))

const encrypted = onEtcd((etcd, found) => {
  const plain = etcd.endpoints
    .filter(one => !one.startsWith('https:'))
    .map(one => `--etcd-servers: ${one} is not encrypted`)
  const answering = (found?.endpoints ?? [])
    .filter(one => one.plain.outcome === 'answered')
    .map(one => `${one.url}: plain HTTP is ${one.plain.says}`)
  const told = (found?.members ?? []).flatMap(({ name, clients }) =>
    clients.filter(one => one.startsWith('http:')).map(one => `member ${name} gives clients the address ${one}`),
  )
  const fix =
    'serve etcd with --cert-file and --key-file and no http in --listen-client-urls, and give its address with https'
  const wrong = [...plain, ...answering, ...told]
  if (wrong.length > 0) return fail(fix, ...wrong.map(proof))
  return pass(
    proof(`--etcd-servers=${etcd.endpoints.join(',')}`),
    ...each(found, ({ url, plain: { says } }) => `${url}: plain HTTP is refused (${says})`),
  )
})

const asksForCertificates = onEtcd((etcd, found) => {
  const fix =
    'run etcd with --client-cert-auth and --trusted-ca-file, and bulwark up --etcd-certfile FILE --etcd-keyfile FILE'
  if (etcd.cert === undefined) return fail(fix, proof('--etcd-certfile=(none)'))
  return noneOrAll(
    (found?.endpoints ?? []).filter(one => one.stranger.outcome === 'answered'),
    fix,
    {
      bad: ({ url }) => `${url}: a client without a certificate is answered`,
      good: [
        proof(`--etcd-certfile=${etcd.cert}`),
        ...each(found, ({ url, stranger }) => `${url}: a client without a certificate is refused (${stranger.says})`),
      ],
    },
  )
})

interface Lines<T> {
  readonly bad: (one: T) => string
  readonly good: readonly Proof[]
}

const noneOrAll = <T>(wrong: readonly T[], fix: string, { bad, good }: Lines<T>): Verdict =>
  wrong.length > 0 ? fail(fix, ...wrong.map(one => proof(bad(one)))) : pass(...good)

const authorityFix =
  'bulwark up --etcd-cafile FILE: an authority for etcd alone, and etcd with certificates of it (--cert-file, no --auto-tls)'

const issued = onEtcd((etcd, found) => {
  if (etcd.ca === undefined) return fail(authorityFix, proof('--etcd-cafile=(whatever the system trusts)'))
  const own = (found?.endpoints ?? []).filter(one => one.shown.certificate?.selfSigned === true)
  return noneOrAll(own, authorityFix, {
    bad: ({ url, shown }) => `${url} shows a certificate that it made for itself: ${shown.certificate?.subject ?? ''}`,
    good: [
      proof(`--etcd-cafile=${etcd.ca}`),
      ...each(found, ({ url, shown }) => `${url} shows a certificate of ${shown.certificate?.issuer ?? 'nobody'}`),
    ],
  })
})

const ownAuthority = onEtcd((etcd, found) => {
  if (etcd.ca === undefined) return fail(authorityFix, proof('--etcd-cafile=(whatever the system trusts)'))
  if (found?.shared === true)
    return fail(
      authorityFix,
      proof(
        `--etcd-cafile=${etcd.ca} holds an authority of the cluster's: who has a certificate of the cluster gets in`,
      ),
    )
  const fix = 'give etcd a --trusted-ca-file of its own authority alone'
  return noneOrAll(
    (found?.endpoints ?? []).filter(one => one.foreign.outcome === 'answered' && one.stranger.outcome !== 'answered'),
    fix,
    {
      bad: ({ url }) => `${url}: a certificate of the cluster's authority is let in`,
      good: [
        proof(`--etcd-cafile=${etcd.ca}: none of the cluster's authorities`),
        ...each(
          found,
          ({ url, foreign }) =>
            `${url}: a certificate of the cluster's authority is ${foreign.outcome} (${foreign.says})`,
        ),
      ],
    },
  )
})

const alone = 'etcd tells of one member: it speaks with no other'
const untold = (what: string): string => `to be looked at where etcd runs: ${what}`

/** @param check of members that are several, and told of */
const ofPeers = (flag: string, check: (peers: readonly PeerFacts[]) => Verdict): Control['check'] =>
  onEtcd((_, found) => {
    if (found?.members === undefined)
      return notApplicable(untold(`no member answered who there is; each needs ${flag}`))
    if (found.members.length < 2) return notApplicable(alone)
    return check(found.peers)
  })

const peerFix = (flag: string): string => `run every member of etcd with ${flag}`

const plainPeers = (peers: readonly PeerFacts[]): readonly Proof[] =>
  peers
    .filter(one => one.url.startsWith('http:'))
    .map(one => proof(`member ${one.member} gives others the address ${one.url}`))

const line = ({ member, url, stranger }: PeerFacts): string =>
  `member ${member} at ${url}: a peer without a certificate is ${stranger.outcome}${stranger.says === '' ? '' : ` (${stranger.says})`}`

const peersShow = ofPeers('--peer-cert-file and --peer-key-file', peers =>
  noneOf(
    plainPeers(peers),
    peerFix('--peer-cert-file and --peer-key-file, and https in --initial-advertise-peer-urls'),
    {
      place: 'etcd',
      says: `members give each other ${peers.map(one => one.url).join(', ')}`,
    },
  ),
)

const peersAsk = ofPeers('--peer-client-cert-auth', peers => {
  const open = [
    ...plainPeers(peers),
    ...peers.filter(one => one.stranger.outcome === 'answered').map(one => proof(line(one))),
  ]
  if (open.length > 0) return fail(peerFix('--peer-client-cert-auth and --peer-trusted-ca-file'), ...open)
  const unknown = peers.filter(one => one.stranger.outcome !== 'refused')
  if (unknown.length > 0)
    return notApplicable(untold(`each member needs --peer-client-cert-auth; ${unknown.map(line).join('; ')}`))
  return pass(...peers.map(one => proof(line(one))))
})

/** OpenSSL's word for it, where the certificate itself is not to be seen. */
const madeForItself = ({ stranger }: PeerFacts): boolean =>
  stranger.certificate?.selfSigned === true || stranger.says === 'DEPTH_ZERO_SELF_SIGNED_CERT'

const peersIssued = ofPeers('certificates of an authority, not --peer-auto-tls', peers => {
  const own = [
    ...plainPeers(peers),
    ...peers.filter(madeForItself).map(one => proof(`${line(one)}: it made its certificate for itself`)),
  ]
  if (own.length > 0) return fail(peerFix('--peer-cert-file of an authority, without --peer-auto-tls'), ...own)
  const unknown = peers.filter(one => one.stranger.outcome === 'unreachable')
  if (unknown.length > 0)
    return notApplicable(untold(`no member may have --peer-auto-tls; ${unknown.map(line).join('; ')}`))
  return pass(
    ...peers.map(one =>
      proof(
        `member ${one.member} at ${one.url} shows a certificate of ${one.stranger.certificate?.issuer ?? 'an authority'}`,
      ),
    ),
  )
})

export const etcd: readonly Control[] = [
  { id: '2.1', title: 'etcd is served with a certificate', check: encrypted },
  { id: '2.2', title: 'etcd asks for client certificates', check: asksForCertificates },
  { id: '2.3', title: 'etcd makes no certificates for itself', check: issued },
  { id: '2.4', title: 'Members of etcd show each other certificates', check: peersShow },
  { id: '2.5', title: 'Members of etcd ask each other for certificates', check: peersAsk },
  { id: '2.6', title: 'Members of etcd make no certificates for themselves', check: peersIssued },
  { id: '2.7', title: "etcd's authority is for etcd alone", check: ownAuthority },
]
