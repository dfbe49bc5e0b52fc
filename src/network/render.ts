/** A ruleset as the text that `nft -f -` reads: whole, or as the change from another one. Each text is one transaction. */
import type { Action, Chain, Field, Match, NamedSet, Rule, Ruleset } from './ruleset.ts'

const fieldText: Readonly<Record<Field, string>> = {
  saddr: 'ip saddr',
  daddr: 'ip daddr',
  proto: 'meta l4proto',
  sport: 'th sport',
  dport: 'th dport',
  iif: 'iifname',
  oif: 'oifname',
  family: 'meta nfproto',
}

const fieldType: Readonly<Record<Field, string>> = {
  saddr: 'ipv4_addr',
  daddr: 'ipv4_addr',
  proto: 'inet_proto',
  sport: 'inet_service',
  dport: 'inet_service',
  iif: 'ifname',
  oif: 'ifname',
  family: 'nf_proto',
}

/** Words of nftables: names, addresses, ranges, ports, and verdicts of these. */
const words = /^[\w./*:-]+(?: [\w./*:-]+)*$/

/** What comes from objects of the API must not become commands, whoever wrote it past all validation. @throws Error */
function word(text: string): string {
  if (!words.test(text)) throw new Error(`${JSON.stringify(text.slice(0, 200))} is no word of a ruleset`)
  return text
}

const concat = (fields: readonly Field[]): string => fields.map(field => fieldText[field]).join(' . ')
const bits = (bit: number): string => `0x${bit.toString(16)}`
const connection = {
  new: 'state new',
  invalid: 'state invalid',
  translated: 'status dnat',
  reply: 'direction reply',
  related: 'state related',
  established: 'state established',
}

function valuesText(field: Field, values: readonly string[]): string {
  const all = values.map(word)
  const quoted = field === 'iif' || field === 'oif' ? all.map(value => JSON.stringify(value)) : all
  return quoted.length === 1 ? (quoted[0] ?? '') : `{ ${quoted.join(', ')} }`
}

export function matchText(match: Match): string {
  switch (match.type) {
    case 'is':
      return `${fieldText[match.field]} ${match.not ? '!= ' : ''}${valuesText(match.field, match.values)}`
    case 'in':
      return `${concat(match.fields)} ${match.not ? '!= ' : ''}@${word(match.set)}`
    case 'local':
      return `fib ${match.field} type ${match.not ? '!= ' : ''}local`
    case 'spoofed':
      return 'fib saddr . iif oif missing'
    case 'marked':
      return `meta mark & ${bits(match.bit)} == ${bits(match.bit)}`
    case 'connection':
      return `ct ${connection[match.is]}`
  }
}

/** Beyond so many, one anonymous map costs the kernel less than the rules. */
const fewChoices = 8

const oneOf = (choices: readonly string[], how: string): string =>
  `numgen random mod ${choices.length} ${how} { ${choices.map((choice, at) => `${at} : ${choice}`).join(', ')} }`

/**
 * Each with its share of the rest, in a rule of its own: the kernel names anonymous maps by a search through all of
 * them, so that a map for each service would make loading quadratic.
 */
const inTurn = (choices: readonly string[]): readonly string[] =>
  choices.map((choice, at) =>
    at === choices.length - 1 ? choice : `numgen random mod ${choices.length - at} 0 ${choice}`,
  )

const choicesOf = (action: Action): readonly string[] | undefined => {
  if (action.type === 'choose') return action.chains.map(name => `goto ${word(name)}`)
  if (action.type === 'translate') return action.to.map(({ ip, port }) => `dnat ip to ${word(ip)}:${port}`)
  return undefined
}

const refusal = {
  reset: 'tcp reset',
  unreachable: 'icmpx port-unreachable',
  prohibited: 'icmpx admin-prohibited',
}

export function actionText(action: Action): string {
  switch (action.type) {
    case 'jump':
    case 'goto':
      return `${action.type} ${word(action.chain)}`
    case 'accept':
    case 'drop':
    case 'return':
      return action.type
    case 'lookup':
      return `${concat(action.fields)} vmap @${word(action.map)}`
    case 'translate':
      return `dnat ip to ${oneOf(
        action.to.map(({ ip, port }) => `${word(ip)} . ${port}`),
        'map',
      )}`
    case 'choose':
      return oneOf(
        action.chains.map(name => `goto ${word(name)}`),
        'vmap',
      )
    case 'masquerade':
      return 'masquerade fully-random'
    case 'refuse':
      return `reject with ${refusal[action.how]}`
    case 'mark':
      return `meta mark set meta mark | ${bits(action.bit)}`
    case 'remember':
      return `update @${word(action.set)} { ${concat(action.fields)} }`
  }
}

/** One rule, or several where the last action chooses among a few. */
export function ruleTexts({ matches, actions }: Rule): readonly string[] {
  const last = actions.at(-1)
  const choices = last === undefined ? undefined : choicesOf(last)
  const few = choices !== undefined && choices.length <= fewChoices
  const start = [...matches.map(matchText), ...(few ? actions.slice(0, -1) : actions).map(actionText)]
  return few ? inTurn(choices).map(choice => [...start, choice].join(' ')) : [start.join(' ')]
}

const addChain = (at: string, { name, hook }: Chain): string =>
  hook === undefined
    ? `add chain ${at} ${word(name)}`
    : `add chain ${at} ${word(name)} { type ${hook.type} hook ${hook.hook} priority ${hook.priority}; policy accept; }`

function addSet(at: string, { name, type, fields, interval, timeout, size }: NamedSet): string {
  const types = fields.map(field => fieldType[field]).join(' . ')
  const flags = interval
    ? ' flags interval; auto-merge;'
    : timeout === undefined
      ? ''
      : ` flags dynamic,timeout; timeout ${timeout}s;${size === undefined ? '' : ` size ${size};`}`
  return `add ${type} ${at} ${word(name)} { type ${types}${type === 'map' ? ' : verdict' : ''};${flags} }`
}

/** nft reads long lines slowly: elements go in lines of so many. */
const elementsPerLine = 200

function elementLines(command: string, elements: readonly string[]): readonly string[] {
  const lines: string[] = []
  for (let at = 0; at < elements.length; at += elementsPerLine)
    lines.push(`${command} { ${elements.slice(at, at + elementsPerLine).join(', ')} }`)
  return lines
}

const withVerdict = ([key, verdict]: readonly [string, string]): string =>
  verdict === '' ? word(key) : `${word(key)} : ${word(verdict)}`

const addElements = (at: string, set: NamedSet, elements: Iterable<readonly [string, string]>): readonly string[] =>
  elementLines(`add element ${at} ${set.name}`, [...elements].map(withVerdict))

const addRules = (at: string, { name, rules }: Chain): readonly string[] =>
  rules.flatMap(ruleTexts).map(one => `add rule ${at} ${name} ${one}`)

const place = (ruleset: Ruleset): string => `inet ${word(ruleset.table)}`
const text = (lines: readonly string[]): string => (lines.length === 0 ? '' : `${lines.join('\n')}\n`)

const everything = (ruleset: Ruleset): readonly string[] => {
  const at = place(ruleset)
  const chains = [...ruleset.chains.values()]
  const sets = [...ruleset.sets.values()]
  return [
    ...chains.map(chain => addChain(at, chain)),
    ...sets.map(set => addSet(at, set)),
    ...chains.flatMap(chain => addRules(at, chain)),
    ...sets.flatMap(set => addElements(at, set, set.elements)),
  ]
}

/** Replaces the table, whatever it held. Connections that are established keep their translation. */
export const replaceText = (ruleset: Ruleset): string => {
  const at = place(ruleset)
  return text([`add table ${at}`, `delete table ${at}`, `add table ${at}`, ...everything(ruleset)])
}

/** What a table in the kernel has, by name. */
export interface Listing {
  readonly chains: readonly string[]
  /** With a timeout: what they remember survives. */
  readonly sets: readonly { readonly name: string; readonly type: 'set' | 'map'; readonly dynamic: boolean }[]
}

/** Like replaceText, but sets that remember clients keep what they know. Fails where a set or hook has another form now. */
export function refillText(ruleset: Ruleset, present: Listing): string {
  const at = place(ruleset)
  const stale = present.sets.filter(set => !ruleset.sets.has(set.name))
  return text([
    ...present.chains.map(name => `flush chain ${at} ${name}`),
    ...present.sets.filter(set => !set.dynamic).map(set => `flush ${set.type} ${at} ${set.name}`),
    ...everything(ruleset),
    ...present.chains.filter(name => !ruleset.chains.has(name)).map(name => `delete chain ${at} ${name}`),
    ...stale.map(set => `delete ${set.type} ${at} ${set.name}`),
  ])
}

const same = (a: Chain, b: Chain): boolean =>
  a === b || (a.rules.length === b.rules.length && a.rules.every((one, at) => sameRule(one, b.rules[at])))
const sameRule = (a: Rule, b: Rule | undefined): boolean =>
  a === b || (b !== undefined && ruleTexts(a).join() === ruleTexts(b).join())

function setChange(at: string, old: NamedSet, set: NamedSet): { drop: readonly string[]; add: readonly string[] } {
  const added = [...set.elements].filter(([key, verdict]) => old.elements.get(key) !== verdict)
  const dropped = [...old.elements].filter(([key, verdict]) => set.elements.get(key) !== verdict)
  if (added.length === 0 && dropped.length === 0) return { drop: [], add: [] }
  // Neighbouring ranges merge in the kernel: single ones cannot be taken out.
  if (set.interval) return { drop: [`flush set ${at} ${set.name}`], add: addElements(at, set, set.elements) }
  const keys = dropped.map(withVerdict)
  return { drop: elementLines(`delete element ${at} ${set.name}`, keys), add: addElements(at, set, added) }
}

/** The smallest change that turns `old` into `next`, both of one table; '' where there is none. */
export function changeText(old: Ruleset, next: Ruleset): string {
  const at = place(next)
  const fresh = [...next.chains.values()].filter(chain => !old.chains.has(chain.name))
  const freshSets = [...next.sets.values()].filter(set => !old.sets.has(set.name))
  const changed = [...next.chains.values()].filter(chain => {
    const before = old.chains.get(chain.name)
    return before !== undefined && !same(before, chain)
  })
  const staleChains = [...old.chains.keys()].filter(name => !next.chains.has(name))
  const staleSets = [...old.sets.values()].filter(set => !next.sets.has(set.name))
  const elements = [...next.sets.values()].flatMap(set => {
    const before = old.sets.get(set.name)
    return before === undefined || before === set ? [] : [setChange(at, before, set)]
  })
  return text([
    ...fresh.map(chain => addChain(at, chain)),
    ...freshSets.map(set => addSet(at, set)),
    ...changed.map(({ name }) => `flush chain ${at} ${name}`),
    ...elements.flatMap(one => one.drop),
    ...[...fresh, ...changed].flatMap(chain => addRules(at, chain)),
    ...freshSets.flatMap(set => addElements(at, set, set.elements)),
    ...elements.flatMap(one => one.add),
    ...staleChains.map(name => `flush chain ${at} ${name}`),
    ...staleChains.map(name => `delete chain ${at} ${name}`),
    ...staleSets.map(set => `delete ${set.type} ${at} ${set.name}`),
  ])
}
