/** Listening sockets as the kernel tells them in /proc/net. */

export type Protocol = 'tcp' | 'udp' | 'unix'

export interface Listener {
  readonly protocol: Protocol
  /** An IP address, or the path of a unix socket; an abstract one begins with @. */
  readonly address: string
  /** 0 for unix sockets. */
  readonly port: number
  readonly inode: string
}

/** The kernel writes each group of four bytes as a number of this machine's order, which is little endian on all that we run on. */
function bytesOf(hex: string): readonly number[] {
  const bytes: number[] = []
  for (let word = 0; word < hex.length; word += 8)
    for (let at = 6; at >= 0; at -= 2) bytes.push(Number.parseInt(hex.slice(word + at, word + at + 2), 16))
  return bytes
}

/** `0100007F` is 127.0.0.1; an IPv4 address inside IPv6 is shown as IPv4. */
export function addressOf(hex: string): string {
  const bytes = bytesOf(hex)
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0))
  if (groups.slice(0, 5).every(group => group === 0) && groups[5] === 0xffff) return bytes.slice(12).join('.')
  return shortened(groups.map(group => group.toString(16)).join(':'))
}

/** The longest run of zeros as `::`. */
function shortened(text: string): string {
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].map(match => match[0])
  const longest = runs.toSorted((a, b) => b.length - a.length)[0]
  if (longest === undefined) return text
  const at = text.indexOf(longest)
  const [before, after] = [text.slice(0, at), text.slice(at + longest.length)]
  return `${before}::${after.replace(/^:/, '')}`
}

/** Of tcp that it listens, of udp that it has no one partner: anybody's packets reach it. */
const waiting: Readonly<Record<'tcp' | 'udp', string>> = { tcp: '0A', udp: '07' }

/** @param text of tcp, tcp6, udp or udp6 */
export function ipListeners(text: string, protocol: 'tcp' | 'udp'): readonly Listener[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap(line => {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      const [hex = '', port = ''] = local.split(':')
      if (state !== waiting[protocol] || inode === '') return []
      return [{ protocol, address: addressOf(hex), port: Number.parseInt(port, 16), inode }]
    })
}

const accepts = 0x10000

/** Sockets that take connections, and datagram sockets that have a name to send to. @param text of unix */
export function unixListeners(text: string): readonly Listener[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap(line => {
      const [, flags = '', type, inode = '', path = ''] =
        /^\S+ \S+ \S+ (\S+) (\S+) \S+ +(\S+) ?(.*)$/.exec(line.trim()) ?? []
      const listens = (Number.parseInt(flags, 16) & accepts) !== 0 || (type === '0002' && path !== '')
      return listens ? [{ protocol: 'unix' as const, address: path, port: 0, inode }] : []
    })
}
