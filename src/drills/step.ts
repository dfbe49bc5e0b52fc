/** One step of an attack, and what became of it. */
import type { Arena, Reply } from './arena.ts'

export type Outcome =
  /** It was refused. */
  | { readonly result: 'prevented'; readonly evidence: readonly string[] }
  /** It is on record, with who did it. */
  | { readonly result: 'detected'; readonly evidence: readonly string[] }
  | { readonly result: 'succeeded'; readonly evidence: readonly string[] }

export interface Step {
  readonly name: string
  /** What the attacker did in the case that the drill is named after. */
  readonly story: string
  readonly attack: (arena: Arena) => Promise<Outcome>
}

export interface Drill {
  readonly name: string
  readonly title: string
  readonly steps: readonly Step[]
  /** What is made before the attacker comes: who works there, and what there is to be had. */
  readonly prepare: (arena: Arena) => Promise<void>
  /** What a node with containers would show besides. */
  readonly realNode: string
}

const lineOf = ({ asked, status, message }: Reply): string =>
  `${asked}: ${status}${message === '' ? '' : ` ${message.replaceAll('\n', ' ')}`}`

/** Every one of them must be refused. */
export function allRefused(...replies: readonly Reply[]): Outcome {
  const through = replies.filter(one => one.status < 400)
  return through.length > 0
    ? { result: 'succeeded', evidence: through.map(lineOf) }
    : { result: 'prevented', evidence: replies.map(lineOf) }
}

/** Every one of them must be refused with this code. @returns success of the attack where another refusal came, too */
export function refusedWith(code: number, ...replies: readonly Reply[]): Outcome {
  const other = replies.filter(one => one.status !== code)
  return other.length > 0 ? { result: 'succeeded', evidence: other.map(lineOf) } : allRefused(...replies)
}

export interface Trace {
  readonly user: string
  readonly verb: string
  readonly resource: string
  readonly subresource?: string
}

/** It was let through, and must be on record under the attacker's name. */
export async function onRecord(
  arena: Arena,
  reply: Reply,
  { user, verb, resource, subresource = '' }: Trace,
): Promise<Outcome> {
  const event = (await arena.events()).findLast(
    ({ user: who, verb: did, objectRef: to, responseStatus: answer }) =>
      who?.username === user &&
      did === verb &&
      to?.resource === resource &&
      (to.subresource ?? '') === subresource &&
      answer?.code === reply.status,
  )
  if (event === undefined) return { result: 'succeeded', evidence: [lineOf(reply), 'and nothing of it is on record'] }
  const { objectRef: to, responseStatus, sourceIPs = [] } = event
  return {
    result: 'detected',
    evidence: [
      lineOf(reply),
      `audit ${event.auditID}: ${user} ${verb} ${[to?.resource, to?.namespace, to?.name, to?.subresource].filter(part => part !== undefined && part !== '').join('/')} from ${sourceIPs.at(-1) ?? 'inside'}: ${responseStatus?.code ?? 0}`,
    ],
  }
}

/** As good as the worst of them. */
export function together(...outcomes: readonly Outcome[]): Outcome {
  const evidence = outcomes.flatMap(one => one.evidence)
  if (outcomes.some(one => one.result === 'succeeded')) return { result: 'succeeded', evidence }
  return { result: outcomes.some(one => one.result === 'detected') ? 'detected' : 'prevented', evidence }
}
