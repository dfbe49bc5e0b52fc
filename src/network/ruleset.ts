/** A packet filter as a value: rendered for nftables, walked by trace.ts, compared by tests. One table per cluster. */

export type Field = 'saddr' | 'daddr' | 'proto' | 'sport' | 'dport' | 'iif' | 'oif' | 'family'

export type Match =
  /** `is` holds addresses, ranges, protocols, ports or interface names (a last `*` matches the rest). */
  | { readonly type: 'is'; readonly field: Field; readonly values: readonly string[]; readonly not?: true }
  /** The fields, joined, are an element of the set. */
  | { readonly type: 'in'; readonly fields: readonly Field[]; readonly set: string; readonly not?: true }
  /** The address is one of this machine's. */
  | { readonly type: 'local'; readonly field: 'saddr' | 'daddr'; readonly not?: true }
  /** The way back to the source does not lead through the interface that the packet came by. */
  | { readonly type: 'spoofed' }
  | { readonly type: 'marked'; readonly bit: number }
  | { readonly type: 'connection'; readonly is: ConnectionState }

/** `reply` is a direction, `established` a connection that was let through before, `related` an error about one. */
export type ConnectionState = 'new' | 'invalid' | 'translated' | 'reply' | 'related' | 'established'

export type Action =
  | { readonly type: 'jump' | 'goto'; readonly chain: string }
  | { readonly type: 'accept' | 'drop' | 'return' }
  /** A verdict by the joined fields; where the map has none, the next rule. */
  | { readonly type: 'lookup'; readonly fields: readonly Field[]; readonly map: string }
  /** New destination, one of these at random. Needs a match on the protocol before it. */
  | { readonly type: 'translate'; readonly to: readonly Target[] }
  | { readonly type: 'choose'; readonly chains: readonly string[] }
  | { readonly type: 'masquerade' }
  | { readonly type: 'refuse'; readonly how: 'reset' | 'unreachable' | 'prohibited' }
  | { readonly type: 'mark'; readonly bit: number }
  /** Puts the joined fields into a set with a timeout. */
  | { readonly type: 'remember'; readonly set: string; readonly fields: readonly Field[] }

export interface Target {
  readonly ip: string
  readonly port: number
}

export interface Rule {
  readonly matches: readonly Match[]
  readonly actions: readonly Action[]
}

export interface Hook {
  readonly type: 'filter' | 'nat'
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting'
  readonly priority: number
}

export interface Chain {
  readonly name: string
  readonly hook?: Hook
  readonly rules: readonly Rule[]
}

export interface NamedSet {
  readonly name: string
  /** A map gives verdicts. */
  readonly type: 'set' | 'map'
  readonly fields: readonly Field[]
  /** Elements are ranges. */
  readonly interval?: true
  /** Seconds. Elements come by `remember` and go by themselves. */
  readonly timeout?: number
  /** Elements at the most, of a set that remembers; what comes after them is not remembered. */
  readonly size?: number
  /** Joined key to verdict (`goto x`, `jump x`, `drop`), or to '' in a set. */
  readonly elements: ReadonlyMap<string, string>
}

export interface Ruleset {
  readonly table: string
  readonly chains: ReadonlyMap<string, Chain>
  readonly sets: ReadonlyMap<string, NamedSet>
}

/** What one concern adds to the table. */
export interface Fragment {
  readonly chains: readonly Chain[]
  readonly sets: readonly NamedSet[]
}

export const tableName = (cluster: string): string => `bulwark-${cluster}`

/** How the fields of an element are joined, as nftables writes them. */
export const joined = (...parts: readonly (string | number)[]): string => parts.join(' . ')

export const is = (field: Field, ...values: readonly string[]): Match => ({ type: 'is', field, values })
export const isNot = (field: Field, ...values: readonly string[]): Match => ({ type: 'is', field, values, not: true })
export const goto = (chain: string): Action => ({ type: 'goto', chain })
export const jump = (chain: string): Action => ({ type: 'jump', chain })
export const rule = (matches: readonly Match[], ...actions: readonly Action[]): Rule => ({ matches, actions })

/** @throws Error when two fragments make the same chain or set */
export function makeRuleset(table: string, fragments: Iterable<Fragment>): Ruleset {
  const chains = new Map<string, Chain>()
  const sets = new Map<string, NamedSet>()
  for (const fragment of fragments) {
    for (const chain of fragment.chains) add(chains, chain)
    for (const set of fragment.sets) add(sets, set)
  }
  return { table, chains, sets }
}

function add<T extends { readonly name: string }>(all: Map<string, T>, one: T): void {
  if (all.has(one.name)) throw new Error(`${one.name} is made twice`)
  all.set(one.name, one)
}
