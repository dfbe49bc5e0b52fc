/** Section 1.2: the API server. */
import { cipherSuites } from '#base/tls.ts'
import { registeredName } from '#processes/settings/tls.ts'
import { type Control, type Proof, fail, noneOf, pass } from '../control.ts'
import type { Facts } from '../facts.ts'
import { both, modes, names, plugin, proofOf, setting } from './kit.ts'

const server = 'kube-apiserver'
const flag = (name: string, is: (value: string | undefined) => boolean, fix: string): Control['check'] =>
  setting({ component: server, name, is, fix })

const equals = (wanted: string) => (value: string | undefined) => value === wanted
const atLeast = (least: number) => (value: string | undefined) => Number(value) === 0 || Number(value) >= least

/** An answer to somebody who shows nothing is proof beyond what a flag says. */
const strangersRefused: Control['check'] = ({ probes, config }) => {
  const proof: Proof = {
    place: `https://127.0.0.1:${config.port}/api/v1/secrets`,
    says: `a request without credentials is answered with ${probes.api ?? 'nothing'}`,
  }
  return probes.api === 401 ? pass(proof) : fail('take anonymous access out of the AuthenticationConfiguration', proof)
}

const noProfiles: Control['check'] = ({ probes, config }) => {
  const proof: Proof = {
    place: `https://127.0.0.1:${config.port}/debug/pprof/`,
    says: `answered with ${probes.profiling ?? 'nothing'}`,
  }
  return probes.profiling === 200 ? fail('report this: the server must have no profiles', proof) : pass(proof)
}

/** Files that must be there, and readable by their owner alone. */
const credentials = (name: string, path: (facts: Facts) => string): Control['check'] =>
  both(
    flag(name, value => value !== undefined, 'bulwark down, then bulwark up: the server makes it anew'),
    modes(facts => [path(facts)], 0o600),
  )

/** A private image on a node is only a danger where there are private images. */
const pulls: Control['check'] = facts => {
  const { pods, accounts } = facts.objects
  const always = plugin('AlwaysPullImages', true, '')(facts)
  if (always.state === 'pass') return always
  const secret = (list: readonly { readonly name?: string }[] | undefined): string =>
    (list ?? []).map(one => one.name ?? '').join(', ')
  const found: readonly Proof[] = [
    ...pods
      .filter(pod => (pod.spec.imagePullSecrets ?? []).length > 0)
      .map(pod => ({
        place: `Pod/${pod.metadata.namespace}/${pod.metadata.name}`,
        says: `spec.imagePullSecrets: ${secret(pod.spec.imagePullSecrets)}`,
      })),
    ...accounts
      .filter(one => (one.imagePullSecrets ?? []).length > 0)
      .map(one => ({
        place: `ServiceAccount/${one.metadata.namespace}/${one.metadata.name}`,
        says: `imagePullSecrets: ${secret(one.imagePullSecrets)}`,
      })),
  ]
  return noneOf(
    found,
    'bulwark down, then bulwark up --enable-admission-plugins AlwaysPullImages: else whoever is on the node runs the private image without its secret',
    { place: 'Pods and ServiceAccounts', says: 'none names a pull secret: no node holds an image that needed one' },
  )
}

const onEtcd =
  (check: Control['check']): Control['check'] =>
  facts =>
    facts.config.etcd === undefined
      ? { state: 'not applicable', reason: 'there is no etcd: the store is a database file of the server' }
      : check(facts)

const tokenKey: Control['check'] = facts => pass(proofOf(facts, server, 'service-account-key-file'))

const encryption: Control['check'] = facts =>
  both(
    () => pass(proofOf(facts, server, 'encryption-provider-config')),
    modes(({ config, layout }) => [config.etcd?.masterKey ?? layout.key, config.encryption?.file ?? ''], 0o600),
  )(facts)

const strong = new Set(cipherSuites.map(registeredName))
const ciphers = flag(
  'tls-cipher-suites',
  value => value !== undefined && names(value).every(one => strong.has(one) && /GCM|CHACHA20/.test(one)),
  'report this: only suites with authenticated encryption may be offered',
)

const usual = 'bulwark down, then bulwark up without'

export const apiServer: readonly Control[] = [
  {
    id: '1.2.1',
    title: 'Nobody gets in without credentials',
    check: both(
      flag('anonymous-auth', equals('false'), 'take anonymous access out of the AuthenticationConfiguration'),
      strangersRefused,
    ),
  },
  {
    id: '1.2.2',
    title: 'There is no file of static tokens',
    check: flag('token-auth-file', value => value === undefined, 'there is no such flag here'),
  },
  {
    id: '1.2.3',
    title: 'Services cannot claim addresses outside the cluster',
    check: plugin('DenyServiceExternalIPs', true, `${usual} DenyServiceExternalIPs in --disable-admission-plugins`),
  },
  {
    id: '1.2.4',
    title: 'The server shows agents a client certificate',
    check: credentials('kubelet-client-certificate', ({ layout }) => layout.kubeletCertificate),
  },
  {
    id: '1.2.5',
    title: "Agents' certificates are checked",
    check: facts => pass(proofOf(facts, server, 'kubelet-certificate-authority')),
  },
  {
    id: '1.2.6',
    title: 'Not everything is allowed',
    check: flag('authorization-mode', value => !names(value).includes('AlwaysAllow'), `${usual} AlwaysAllow`),
  },
  {
    id: '1.2.7',
    title: 'Nodes are held to what concerns them',
    check: flag(
      'authorization-mode',
      value => names(value).includes('Node'),
      'name Node among the authorization modes',
    ),
  },
  {
    id: '1.2.8',
    title: 'Rights are given by roles',
    check: flag(
      'authorization-mode',
      value => names(value).includes('RBAC'),
      'name RBAC among the authorization modes',
    ),
  },
  {
    id: '1.2.9',
    title: 'Events are limited',
    check: plugin('EventRateLimit', true, `${usual} EventRateLimit in --disable-admission-plugins`),
  },
  {
    id: '1.2.10',
    title: 'Admission does not wave everything through',
    check: plugin('AlwaysAdmit', false, `${usual} AlwaysAdmit in --enable-admission-plugins`),
  },
  { id: '1.2.11', title: 'Private images are not run without their secret', check: pulls },
  {
    id: '1.2.12',
    title: 'Pods get a service account',
    check: plugin('ServiceAccount', true, `${usual} ServiceAccount in --disable-admission-plugins`),
  },
  {
    id: '1.2.13',
    title: 'Nothing is made in namespaces that are not there',
    check: plugin('NamespaceLifecycle', true, `${usual} NamespaceLifecycle in --disable-admission-plugins`),
  },
  {
    id: '1.2.14',
    title: 'Nodes write only what is theirs',
    check: plugin('NodeRestriction', true, `${usual} NodeRestriction in --disable-admission-plugins`),
  },
  {
    id: '1.2.15',
    title: 'The server shows no profiles',
    check: both(flag('profiling', equals('false'), 'report this'), noProfiles),
  },
  {
    id: '1.2.16',
    title: 'Requests go on record',
    check: flag('audit-log-path', value => value !== undefined, `${usual} --audit-log-path ''`),
  },
  {
    id: '1.2.17',
    title: 'Records are kept for 30 days',
    check: flag('audit-log-maxage', atLeast(30), 'bulwark up --audit-log-maxage 30'),
  },
  {
    id: '1.2.18',
    title: 'Ten full records are kept',
    check: flag('audit-log-maxbackup', atLeast(10), 'bulwark up --audit-log-maxbackup 10'),
  },
  {
    id: '1.2.19',
    title: 'A record is full at 100 MB',
    check: flag('audit-log-maxsize', atLeast(100), 'bulwark up --audit-log-maxsize 100'),
  },
  {
    id: '1.2.20',
    title: 'Requests have a time limit',
    check: flag('request-timeout', value => value !== undefined && value !== '0s', 'report this'),
  },
  {
    id: '1.2.21',
    title: 'Tokens of deleted service accounts do not hold',
    check: flag('service-account-lookup', equals('true'), 'report this'),
  },
  { id: '1.2.22', title: 'Service-account tokens have a key of their own', check: tokenKey },
  {
    id: '1.2.23',
    title: 'The server shows etcd a client certificate',
    check: onEtcd(
      both(
        flag('etcd-certfile', value => value !== undefined, 'bulwark up --etcd-certfile FILE --etcd-keyfile FILE'),
        flag('etcd-keyfile', value => value !== undefined, 'bulwark up --etcd-keyfile FILE'),
      ),
    ),
  },
  {
    id: '1.2.24',
    title: 'The API is served with a certificate',
    check: credentials('tls-cert-file', ({ layout }) => layout.apiCertificate),
  },
  {
    id: '1.2.25',
    title: 'Client certificates are checked',
    check: facts => pass(proofOf(facts, server, 'client-ca-file')),
  },
  {
    id: '1.2.26',
    title: "etcd's certificate is checked",
    check: onEtcd(flag('etcd-cafile', value => value !== undefined, 'bulwark up --etcd-cafile FILE')),
  },
  { id: '1.2.27', title: 'Secrets are encrypted at rest', check: encryption },
  { id: '1.2.28', title: 'What encrypts is strong', check: encryption },
  { id: '1.2.29', title: 'TLS uses strong ciphers alone', check: ciphers },
  {
    id: '1.2.30',
    title: 'Tokens are good for as long as was asked, not for a year',
    check: flag('service-account-extend-token-expiration', equals('false'), 'report this'),
  },
]
