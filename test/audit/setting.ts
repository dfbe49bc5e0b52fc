/** A server whose events are looked at, and people who ask it things. */
import type { Event } from '../../src/kinds/facts/generated/types/audit_v1.ts'
import { type Target, startTargetWith } from '../api/https.ts'

export interface Setting {
  readonly target: Target
  readonly events: Event[]
  /** What came since the last call, of those that fit. */
  taken(fits?: (event: Event) => boolean): readonly Event[]
  stop(): Promise<void>
}

export async function startSetting(auditPolicy?: string): Promise<Setting> {
  const events: Event[] = []
  const target = await startTargetWith({
    audit: event => void events.push(event),
    ...(auditPolicy === undefined ? {} : { auditPolicy }),
  })
  return {
    target,
    events,
    taken: (fits = () => true) => events.splice(0).filter(fits),
    stop: () => target.stop(),
  }
}

/** A policy with these rules, as YAML. */
export const policyOf = (rules: readonly object[], more: object = {}): string =>
  JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules, ...more })
