/** The network of a node that shares its machine with others: a namespace of its own, joined by one pair of interfaces. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ip = (...argv: readonly string[]): Promise<unknown> => run('ip', [...argv])

export interface NodeLink {
  /** Path of the namespace. */
  readonly netns: string
  /** Address of the machine's end, where the server listens. */
  readonly outside: string
  /** Address of the node. */
  readonly inside: string
}

const namespaceName = (name: string): string => `bulwark-${name}`
const pathOf = (name: string): string => `/run/netns/${namespaceName(name)}`

/** Interface names have at most 15 characters; a cluster's link is found by its namespace, so a number is enough. */
const linkName = (index: number, end: 'h' | 'n'): string => `bwk${index}${end}`

const shares = 16_384

/** The first pair of addresses in 10.250.0.0/16 that no interface has. */
function freeIndex(): number {
  const taken = new Set(Object.values(networkInterfaces()).flatMap(all => (all ?? []).map(one => one.address)))
  for (let index = 0; index < shares; index++) if (!taken.has(addressOf(index, 1))) return index
  throw new Error('no free addresses for another cluster')
}

const addressOf = (index: number, host: 1 | 2): string => `10.250.${index >> 6}.${((index & 63) << 2) + host}`

/** Makes the namespace and its link; what an earlier one of this name left is removed first. */
export async function makeLink(name: string): Promise<NodeLink> {
  await dropLink(name)
  const index = freeIndex()
  const [host, node] = [linkName(index, 'h'), linkName(index, 'n')]
  const netns = namespaceName(name)
  await ip('netns', 'add', netns)
  await ip('link', 'add', host, 'type', 'veth', 'peer', 'name', node, 'netns', netns)
  await ip('addr', 'add', `${addressOf(index, 1)}/30`, 'dev', host)
  await ip('link', 'set', host, 'up')
  for (const argv of [
    ['link', 'set', 'lo', 'up'],
    ['addr', 'add', `${addressOf(index, 2)}/30`, 'dev', node],
    ['link', 'set', node, 'up'],
    ['route', 'add', 'default', 'via', addressOf(index, 1)],
  ])
    await ip('-n', netns, ...argv)
  await toTheWorld(name, addressOf(index, 2))
  return { netns: pathOf(name), outside: addressOf(index, 1), inside: addressOf(index, 2) }
}

const table = (name: string): string => `bulwark-link-${name}`

/** Lets the node reach what the machine reaches: registries, above all. */
async function toTheWorld(name: string, inside: string): Promise<void> {
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1')
  const rules = `table ip ${table(name)} { chain out { type nat hook postrouting priority 100; ip saddr ${inside} masquerade; }; }\n`
  const child = run('nft', ['-f', '-'])
  child.child.stdin?.on('error', () => undefined)
  child.child.stdin?.end(rules)
  await child
}

/** Removes the namespace with its end of the link, which takes the other end along. */
export async function dropLink(name: string): Promise<void> {
  await run('nft', ['delete', 'table', 'ip', table(name)]).catch(() => undefined)
  if (existsSync(pathOf(name))) await ip('netns', 'del', namespaceName(name))
}

/** Whether a cluster of this name, from whatever data directory, has its rules in the machine's own network. */
export async function hasRules(name: string): Promise<boolean> {
  const listed = await run('nft', ['list', 'tables']).catch(() => ({ stdout: '' }))
  return listed.stdout.split('\n').some(line => line.trim().endsWith(` bulwark-${name}`))
}

/** Whether the namespace is still there: after a reboot it is not. */
export const hasLink = (name: string): boolean => existsSync(pathOf(name))

/** Processes that live in the namespace. */
export const processesIn = async (name: string): Promise<readonly number[]> => {
  if (!hasLink(name)) return []
  const { stdout } = await run('ip', ['netns', 'pids', namespaceName(name)])
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(Number)
}
