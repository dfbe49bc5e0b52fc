/** Addresses that nobody is led to: only who names them gets there. */
import { BlockList, isIP } from 'node:net'

const reserved = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // Metadata of a machine in clouds that do not keep it on a link-local address.
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
] as const)
  reserved.addSubnet(net, bits, 'ipv4')
for (const [net, bits] of [
  ['::', 127],
  ['fe80::', 10],
  ['ff00::', 8],
  // Metadata of a machine, reachable inside of many clouds.
  ['fd00:ec2::254', 128],
] as const)
  reserved.addSubnet(net, bits, 'ipv6')

/** Loopback, link-local (where clouds keep the machine's own credentials), multicast, unspecified. Also of what is no address. */
export function isReserved(address: string): boolean {
  const family = isIP(address)
  return family === 0 || reserved.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** `localhost` and the like name loopback themselves. */
export const namesLoopback = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost')
