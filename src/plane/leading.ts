/**
 * One of several servers leads: it alone runs controllers and scheduler. Who leads is settled by a Lease; that a former
 * leader writes nothing any more is settled by the store, which compares the leader's term in each of its transactions.
 */
import type { Draft, KObject } from '#api/metadata.ts'
import { elect, type ElectionParts, type Term } from '#client/lease.ts'
import { sleep } from '#client/reflect.ts'
import type { Check, Store } from '#server/store/contract.ts'

/** Milliseconds. */
const pause = 1000

/** No kind is served under it. */
const resource = 'terms.internal.bulwark.dev'

export interface Work {
  /** Kinds have come or gone: those who watch whatever there is look again. */
  rescan(): void
  stop(): Promise<void>
}

export interface LeadingParts extends ElectionParts {
  readonly store: Store
  /** Begins what a leader does; what it writes must hold only while the checks do. */
  readonly begin: (checks: () => readonly Check[]) => Promise<Work>
}

/** Leads whenever it can, until it is stopped. */
export function leading(parts: LeadingParts): Work {
  const { log, key, clock } = parts
  const stopping = new AbortController()
  let under: Promise<void> = Promise.resolve()
  let current: Work | undefined
  // Who holds the Lease and does not do the work keeps others from doing it: it is tried until the term is over.
  const reigning = async (term: Term): Promise<void> => {
    while (!term.signal.aborted)
      try {
        await reign(parts, term, work => (current = work))
      } catch (error) {
        log.error('leading failed, and is tried again', { lease: key, error: String(error) })
        await sleep(clock, pause, term.signal)
      }
  }
  const lead = (term: Term): void => {
    under = under.then(() => reigning(term))
  }
  const election = elect(parts, stopping.signal, lead)
  return {
    rescan: () => current?.rescan(),
    stop: async () => {
      stopping.abort()
      await election
      await under
    },
  }
}

async function reign(parts: LeadingParts, term: Term, onWork: (work: Work | undefined) => void): Promise<void> {
  const { log, identity, begin } = parts
  if (term.signal.aborted) return
  const expect = await ascend(parts, term)
  if (expect === undefined) return
  log.info('leading', { identity, term: term.number })
  const work = await begin(() => [{ type: 'check', resource, key: parts.key, expect }])
  onWork(work)
  await new Promise<void>(resolve => {
    if (term.signal.aborted) resolve()
    else term.signal.addEventListener('abort', () => resolve())
  })
  onWork(undefined)
  await work.stop()
}

/** Writes the term down: from here on no former leader's writes hold. Undefined where the term is over first. */
async function ascend({ store, key, identity }: LeadingParts, term: Term): Promise<number | undefined> {
  while (!term.signal.aborted) {
    const expect = store.snapshot(resource).get(key)?.revision ?? 0
    const object: Draft<KObject> & { data: object } = {
      apiVersion: 'internal.bulwark.dev/v1',
      kind: 'Term',
      metadata: { name: identity },
      data: { holder: identity, number: term.number },
    }
    const result = await store.commit([{ type: 'put', resource, key, expect, object, managed: '' }])
    if (result.ok) return result.revision
    if (result.reason !== 'conflict') throw new Error(`the term could not be written: ${result.reason}`)
  }
  return undefined
}
