/** Where the store is, as the command line says it. The flags of etcd have upstream's names. */
import { resolve } from 'node:path'
import type { EtcdConfig } from '#processes/config.ts'
import { UsageError } from './place.ts'

export interface EtcdFlags {
  readonly keyFile?: string
  readonly etcdCafile?: string
  readonly etcdCertfile?: string
  readonly etcdKeyfile?: string
  readonly etcdPrefix?: string
}

/** @param text `sqlite`, or the addresses of an etcd, with commas between them @throws UsageError */
export function storeAt(
  flag: string,
  text: string,
  options: EtcdFlags & { readonly usualKey: string },
): EtcdConfig | 'sqlite' {
  if (text === 'sqlite') return text
  const endpoints = text.split(',').map(part => part.trim())
  for (const endpoint of endpoints)
    if (!/^https?:\/\/[^/]+\/?$/.test(endpoint))
      throw new UsageError(
        `${flag} takes sqlite or the addresses of an etcd, such as https://10.0.0.1:2379,https://10.0.0.2:2379, not ${JSON.stringify(text)}`,
      )
  const { etcdCafile, etcdCertfile, etcdKeyfile, keyFile, etcdPrefix = '/registry', usualKey } = options
  if ((etcdCertfile === undefined) !== (etcdKeyfile === undefined))
    throw new UsageError('--etcd-certfile and --etcd-keyfile belong together')
  if (!/^\/?[\w.-]+(\/[\w.-]+)*\/?$/.test(etcdPrefix))
    throw new UsageError(`--etcd-prefix must be a path such as /registry, not ${JSON.stringify(etcdPrefix)}`)
  return {
    endpoints,
    prefix: etcdPrefix,
    masterKey: resolve(keyFile ?? usualKey),
    ...(etcdCafile === undefined ? {} : { ca: resolve(etcdCafile) }),
    ...(etcdCertfile === undefined ? {} : { cert: resolve(etcdCertfile) }),
    ...(etcdKeyfile === undefined ? {} : { key: resolve(etcdKeyfile) }),
  }
}

/** @throws UsageError for flags of etcd where there is none */
export function withoutEtcd(options: EtcdFlags): void {
  const given = [
    ['--key-file', options.keyFile],
    ['--etcd-cafile', options.etcdCafile],
    ['--etcd-certfile', options.etcdCertfile],
    ['--etcd-keyfile', options.etcdKeyfile],
    ['--etcd-prefix', options.etcdPrefix],
  ].find(([, value]) => value !== undefined)
  if (given !== undefined)
    throw new UsageError(
      `${given[0]} is for a store in etcd: give its addresses as well, such as --store https://10.0.0.1:2379`,
    )
}
