/** Walks a packet that opens a connection through a ruleset and says what each step does, without a kernel. */
import { addressNumber, between, within } from './ip.ts'
import { actionText, matchText } from './render.ts'
import type { Action, Chain, Field, Hook, Match, Rule, Ruleset } from './ruleset.ts'

export interface Packet {
  readonly src: string
  readonly dst: string
  readonly proto: 'tcp' | 'udp' | 'sctp' | 'icmp'
  readonly port: number
}

/** Where the packet is met. */
export interface Place {
  /** This machine's addresses, loopback included. */
  readonly local: readonly string[]
  /** The interface by which an address is reached. */
  readonly route: (address: string) => string
  /** The interface that the packet comes by; absent: sent by the machine itself. */
  readonly from?: string
  /** Picks one of so many. */
  readonly random?: (choices: number) => number
  /** Clients that a set remembers: `set client`. */
  readonly remembered?: ReadonlySet<string>
}

export interface Trace {
  readonly steps: readonly string[]
  readonly fate: 'delivered' | 'forwarded' | 'sent' | 'dropped' | 'refused'
  readonly dst: string
  readonly port: number
  readonly masqueraded: boolean
}

type Verdict = 'continue' | 'return' | 'accept' | 'drop' | 'refuse'

class Walk {
  readonly steps: string[] = []
  readonly #ruleset: Ruleset
  readonly #place: Place
  readonly #packet: Packet
  dst: string
  port: number
  masqueraded = false
  #mark = 0
  #translated = false
  #out = ''

  constructor(ruleset: Ruleset, packet: Packet, place: Place) {
    this.#ruleset = ruleset
    this.#packet = packet
    this.#place = place
    this.dst = packet.dst
    this.port = packet.port
  }

  run(): Trace['fate'] {
    const { from, local, route } = this.#place
    const entered = this.#hook(from === undefined ? 'output' : 'prerouting')
    if (entered !== 'accept') return fateOf(entered)
    const here = isLocal(this.dst, local)
    this.#out = here ? 'lo' : route(this.dst)
    this.steps.push(here ? `route: ${this.dst} is here` : `route: ${this.dst} by ${this.#out}`)
    if (from !== undefined) {
      const passed = this.#hook(here ? 'input' : 'forward')
      if (passed !== 'accept' || here) return passed === 'accept' ? 'delivered' : fateOf(passed)
    }
    const left = this.#hook('postrouting')
    if (left !== 'accept') return fateOf(left)
    return here ? 'delivered' : from === undefined ? 'sent' : 'forwarded'
  }

  /** All base chains of the hook by priority; each may stop the packet. */
  #hook(hook: Hook['hook']): Verdict {
    const chains = [...this.#ruleset.chains.values()]
      .filter(chain => chain.hook?.hook === hook)
      .sort((a, b) => (a.hook?.priority ?? 0) - (b.hook?.priority ?? 0))
    for (const chain of chains) {
      const verdict = this.#chain(chain)
      if (verdict === 'drop' || verdict === 'refuse') return verdict
    }
    return 'accept'
  }

  #chain(chain: Chain): Verdict {
    for (const rule of chain.rules) {
      const failed = rule.matches.some(match => !this.#matches(match))
      if (failed) continue
      const verdict = this.#rule(chain, rule)
      if (verdict !== 'continue') return verdict
    }
    return 'continue'
  }

  #rule(chain: Chain, rule: Rule): Verdict {
    const why = rule.matches.map(matchText).join(' ')
    for (const action of rule.actions) {
      const verdict = this.#act(action, step => this.steps.push(`${chain.name}: ${why === '' ? '' : `${why} `}${step}`))
      if (verdict !== 'continue') return verdict
    }
    return 'continue'
  }

  #act(action: Action, say: (step: string) => void): Verdict {
    switch (action.type) {
      case 'lookup': {
        const key = action.fields.map(field => this.#field(field)).join(' . ')
        const verdict = this.#ruleset.sets.get(action.map)?.elements.get(key)
        if (verdict === undefined) return 'continue'
        say(`@${action.map} { ${key} } ${verdict}`)
        return this.#verdict(verdict)
      }
      case 'translate': {
        const to = action.to[this.#pick(action.to.length)]
        if (to === undefined) return 'continue'
        say(`dnat to ${to.ip}:${to.port}`)
        this.dst = to.ip
        this.port = to.port
        this.#translated = true
        return 'accept'
      }
      case 'choose': {
        const chain = action.chains[this.#pick(action.chains.length)] ?? ''
        say(`one of ${action.chains.length}: ${chain}`)
        return this.#verdict(`goto ${chain}`)
      }
      case 'mark':
        say(actionText(action))
        this.#mark |= action.bit
        return 'continue'
      case 'masquerade':
        say('masquerade')
        this.masqueraded = true
        return 'accept'
      case 'remember':
        say(`remember ${action.fields.map(field => this.#field(field)).join(' . ')} in @${action.set}`)
        return 'continue'
      case 'refuse':
        say(actionText(action))
        return 'refuse'
      case 'jump':
      case 'goto':
      case 'accept':
      case 'drop':
      case 'return':
        say(actionText(action))
        return this.#verdict(actionText(action))
    }
  }

  #verdict(text: string): Verdict {
    const [word = '', name = ''] = text.split(' ')
    if (word !== 'goto' && word !== 'jump') return word === 'accept' || word === 'drop' ? word : 'return'
    const chain = this.#ruleset.chains.get(name)
    if (chain === undefined) throw new Error(`there is no chain ${name}`)
    const verdict = this.#chain(chain)
    if (word === 'jump') return verdict === 'return' ? 'continue' : verdict
    return verdict === 'continue' ? 'return' : verdict
  }

  #pick(choices: number): number {
    return this.#place.random?.(choices) ?? 0
  }

  #field(field: Field): string {
    const { src, proto } = this.#packet
    const { from = '' } = this.#place
    const port = String(this.port)
    // It opens a connection: its own port is any.
    return { saddr: src, daddr: this.dst, proto, sport: '', dport: port, iif: from, oif: this.#out, family: 'ipv4' }[
      field
    ]
  }

  #matches(match: Match): boolean {
    const not = 'not' in match && match.not
    switch (match.type) {
      case 'is':
        return match.values.some(value => fits(match.field, this.#field(match.field), value)) !== not
      case 'in':
        return this.#contains(match.fields, match.set) !== not
      case 'local':
        return isLocal(this.#field(match.field), this.#place.local) !== not
      case 'spoofed':
        return this.#place.from !== undefined && this.#place.route(this.#packet.src) !== this.#place.from
      case 'marked':
        return (this.#mark & match.bit) === match.bit
      case 'connection':
        return match.is === 'new' || (match.is === 'translated' && this.#translated)
    }
  }

  #contains(fields: readonly Field[], name: string): boolean {
    const set = this.#ruleset.sets.get(name)
    const key = fields.map(field => this.#field(field)).join(' . ')
    if (set === undefined) throw new Error(`there is no set ${name}`)
    if (set.timeout !== undefined) return this.#place.remembered?.has(`${name} ${key}`) === true
    const field = set.fields[0] ?? 'saddr'
    return set.interval ? [...set.elements.keys()].some(range => fits(field, key, range)) : set.elements.has(key)
  }
}

const fateOf = (verdict: Verdict): Trace['fate'] => (verdict === 'refuse' ? 'refused' : 'dropped')

const isLocal = (address: string, local: readonly string[]): boolean =>
  local.includes(address) || within(address, ['127.0.0.0/8'])

function fits(field: Field, actual: string, wanted: string): boolean {
  if (wanted.endsWith('*')) return actual.startsWith(wanted.slice(0, -1))
  if (field === 'dport' && wanted.includes('-')) {
    const [low, high] = wanted.split('-').map(Number)
    return Number(actual) >= (low ?? 0) && Number(actual) <= (high ?? -1)
  }
  if (addressNumber(actual) !== undefined) return within(actual, [wanted]) || between(actual, wanted)
  return actual === wanted
}

export function trace(ruleset: Ruleset, packet: Packet, place: Place): Trace {
  const walk = new Walk(ruleset, packet, place)
  const fate = walk.run()
  return { steps: walk.steps, fate, dst: walk.dst, port: walk.port, masqueraded: walk.masqueraded }
}

/** One line a step, then what became of the packet. */
export const traceText = ({ steps, fate, dst, port, masqueraded }: Trace): string =>
  [...steps, `${fate} to ${dst}:${port}${masqueraded ? ', as this node' : ''}`].join('\n')
