/** Flags as kube-apiserver and etcd take them: `--name=value`, `--name value`, or `--name` for true. */

/** Known flags with a line of help each. */
export type FlagHelp = Readonly<Record<string, string>>

export const apiServerFlags: FlagHelp = {
  'admission-control-config-file': 'AdmissionConfiguration',
  'advertise-address': 'IPv4 address that clients in the cluster use',
  'allow-privileged': 'accepted; pods are not run',
  'authorization-mode': 'must name RBAC',
  'bind-address': 'address to listen on',
  'cert-dir': 'directory with apiserver.crt and apiserver.key',
  'client-ca-file': 'authority of client certificates',
  'disable-admission-plugins': 'admission plugins to leave out',
  'enable-admission-plugins': 'admission plugins to add',
  'etcd-servers': 'address of the etcd that stands beside this program',
  'secure-port': 'port to listen on',
  'service-account-issuer': 'issuer of service-account tokens',
  'service-account-key-file': 'accepted; tokens are verified with the signing key',
  'service-account-signing-key-file': 'private key of service-account tokens',
  'service-cluster-ip-range': 'range of service addresses',
  'tls-cert-file': 'certificate that clients see',
  'tls-private-key-file': 'its key',
}

export const etcdFlags: FlagHelp = {
  'advertise-client-urls': 'accepted',
  'data-dir': 'directory that keeps the state',
  'listen-client-urls': 'address to listen on',
  'listen-peer-urls': 'accepted; there are no peers',
  'unsafe-no-fsync': 'accepted',
}

export interface Flags {
  /** The last one given; undefined where it is absent or empty. */
  get(name: string): string | undefined
  /** All of a comma-separated list. */
  list(name: string): readonly string[]
  readonly unknown: readonly string[]
}

export function parseFlags(args: readonly string[], known: FlagHelp): Flags {
  const values = new Map<string, string[]>()
  for (let at = 0; at < args.length; at++) {
    const [, name = '', value] = /^--([^=]+)(?:=(.*))?$/s.exec(args[at] ?? '') ?? []
    if (name === '') continue
    const next = args[at + 1]
    const given = value ?? (next === undefined || next.startsWith('--') ? 'true' : (args[++at] ?? ''))
    values.set(name, [...(values.get(name) ?? []), given])
  }
  const get = (name: string): string | undefined => values.get(name)?.at(-1) || undefined
  return {
    get,
    list: name => (values.get(name) ?? []).flatMap(value => value.split(',')).filter(value => value !== ''),
    unknown: [...values.keys()].filter(name => !Object.hasOwn(known, name)),
  }
}

/** One flag a line: programs look for them here. */
export const helpText = (program: string, known: FlagHelp): string =>
  [
    `${program} of Bulwark, for test environments of operators`,
    '',
    'Flags:',
    ...Object.entries(known).map(([name, help]) => `      --${name} string   ${help}`),
    '',
  ].join('\n')
