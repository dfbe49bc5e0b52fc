/** `bulwark server`: the API, controllers and scheduler as one of several around an etcd. */
import { existsSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import type { ServerConfig } from '#processes/config.ts'
import type { Layout } from '#processes/layout.ts'
import { admissionFile } from './admission-flag.ts'
import { givenAudit } from './audit-flags.ts'
import { type EncryptionFlags, encryptionFlags } from './encryption-flag.ts'
import { hostAddress, machineName } from './machine.ts'
import { type NetworkFlags, networkOf } from './network-flags.ts'
import { CommandError, type PlaceOptions, UsageError } from './place.ts'
import { type PluginFlags, withPlugins } from './plugin-flags.ts'
import { type EtcdFlags, storeAt } from './store-flags.ts'
import { type SigningFlags, withSigning } from './signing-flag.ts'
import { type TrustFlags, trustOf } from './trust-flags.ts'

type ApiFlags = PluginFlags & NetworkFlags & TrustFlags & EncryptionFlags & SigningFlags

export interface ServerOptions extends PlaceOptions, EtcdFlags, ApiFlags {
  readonly store?: string
  readonly port?: string
  readonly advertiseAddress?: string
}

const usualPort = 6443

/** Everything that the servers of a cluster share comes out of the store. @throws CommandError, UsageError */
export function serverConfig(options: ServerOptions, at: Layout): ServerConfig {
  const { store, name, port = String(usualPort), advertiseAddress = hostAddress() } = options
  if (store === undefined)
    throw new UsageError(
      '--store is missing: the addresses of the etcd that the servers share, such as https://10.0.0.1:2379',
    )
  const etcd = storeAt('--store', store, { ...options, usualKey: at.key })
  if (etcd === 'sqlite')
    throw new UsageError('a SQLite database belongs to one server alone: start that with bulwark up')
  if (existsSync(at.config))
    throw new CommandError(`${at.dir} belongs to a cluster that bulwark up made: choose another --name or --data-dir`)
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    throw new UsageError(`--port must be a number from 1 to 65535, not ${JSON.stringify(port)}`)
  if (!isIPv4(advertiseAddress))
    throw new UsageError(`--advertise-address must be an IPv4 address, not ${JSON.stringify(advertiseAddress)}`)
  const audit = givenAudit(options)
  const trust = trustOf(options)
  const encryption = encryptionFlags(options)
  const config: ServerConfig = {
    name,
    ...(encryption === undefined || encryption === 'none' ? {} : { encryption }),
    port: Number(port),
    nodes: { simulated: 0 },
    address: advertiseAddress,
    serverAddress: advertiseAddress,
    nodeName: machineName(),
    etcd,
    ...(options.admissionControlConfigFile === undefined
      ? {}
      : { admissionFile: admissionFile(options.admissionControlConfigFile) }),
    ...(audit === undefined ? {} : { audit }),
    ...networkOf(options),
    ...(trust === undefined ? {} : { trust }),
  }
  return withSigning(withPlugins(config, options), options)
}
