/** One control of a benchmark: a question to a running cluster, answered with what proves the answer. */
import type { Facts } from './facts.ts'

export interface Proof {
  /** `file /path`, `Pod/namespace/name`, `kube-apiserver`, `socket 127.0.0.1:6443`. */
  readonly place: string
  /** The line: a field and its value, a mode, a flag. */
  readonly says: string
}

export type Verdict =
  | { readonly state: 'pass'; readonly proof: readonly Proof[] }
  | { readonly state: 'fail'; readonly proof: readonly Proof[]; readonly fix: string }
  | { readonly state: 'not applicable'; readonly reason: string }

export interface Control {
  readonly id: string
  readonly title: string
  readonly check: (facts: Facts) => Verdict
}

export type Result = Omit<Control, 'check'> & Verdict

export const pass = (...proof: readonly Proof[]): Verdict => ({ state: 'pass', proof })
export const fail = (fix: string, ...proof: readonly Proof[]): Verdict => ({ state: 'fail', proof, fix })
export const notApplicable = (reason: string): Verdict => ({ state: 'not applicable', reason })

/** More of the same says nothing new. */
const most = 50

/** Fails where something was found. @param good what to show where nothing was */
export function noneOf(found: readonly Proof[], fix: string, good: Proof): Verdict {
  if (found.length === 0) return pass(good)
  const more = found.length - most
  const rest = more > 0 ? [{ place: 'cluster', says: `and ${more} more` }] : []
  return fail(fix, ...found.slice(0, most), ...rest)
}

/** A control that has nothing to look at, whatever the cluster. */
export const never = (id: string, title: string, reason: string): Control => ({
  id,
  title,
  check: () => notApplicable(reason),
})

/** For what only a real node has. */
export const onNode =
  (check: Control['check']): Control['check'] =>
  facts =>
    facts.config.nodes === 'real'
      ? check(facts)
      : notApplicable('nodes are simulated: there is no agent and no runtime')
