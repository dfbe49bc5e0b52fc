/** UDP has no end of connection: flows that lead to endpoints which are gone must be forgotten, or they go on to nowhere. */
import type { Tool } from './tool.ts'

export interface Flow {
  readonly dst: string
  readonly port: string
  /** Who answers. */
  readonly end: string
  readonly endPort: string
}

/** Reads one line of `conntrack -L -p udp`: the original direction, then the reply's. */
export function parseFlow(line: string): Flow | undefined {
  const values = (name: string): readonly string[] =>
    [...line.matchAll(new RegExp(`(?:^|\\s)${name}=(\\S+)`, 'g'))].map(match => match[1] ?? '')
  const [, end] = values('src')
  const [dst] = values('dst')
  const [, endPort] = values('sport')
  const [port] = values('dport')
  return dst === undefined || port === undefined || end === undefined || endPort === undefined
    ? undefined
    : { dst, port, end, endPort }
}

/** The flows, each once, that go to no endpoint of the service they were opened to. */
export function staleFlows(
  listing: string,
  wanted: ReadonlyMap<string, ReadonlySet<string>>,
  isLocal: (address: string) => boolean,
): readonly Flow[] {
  const stale = new Map<string, Flow>()
  for (const line of listing.split('\n')) {
    const flow = parseFlow(line)
    if (flow === undefined) continue
    const ends = wanted.get(`${flow.dst}:${flow.port}`) ?? (isLocal(flow.dst) ? wanted.get(`:${flow.port}`) : undefined)
    const end = `${flow.end}:${flow.endPort}`
    if (ends !== undefined && !ends.has(end)) stale.set(`${flow.dst}:${flow.port} ${end}`, flow)
  }
  return [...stale.values()]
}

/** Forgets flows that `wanted` (address and port, or `:port` of this node, to endpoints) does not lead to. */
export async function dropStaleFlows(
  tool: Tool,
  wanted: ReadonlyMap<string, ReadonlySet<string>>,
  isLocal: (address: string) => boolean,
): Promise<number> {
  if (wanted.size === 0) return 0
  const stale = staleFlows(await tool(['conntrack', '-L', '-p', 'udp']), wanted, isLocal)
  for (const { dst, port, end, endPort } of stale) {
    const argv = ['-d', dst, '--dport', port, '-r', end, '--reply-port-src', endPort]
    // It fails when the last such flow has just ended by itself.
    await tool(['conntrack', '-D', '-p', 'udp', ...argv]).catch(() => undefined)
  }
  return stale.length
}
