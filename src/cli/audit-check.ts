/** Flags of audit, with the files that they name: what cannot be meant is told before anything starts. */
import { statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { loadPolicy } from '#processes/audit.ts'
import { webhookPlace } from '#processes/webhook-config.ts'
import type { Given } from '#server/audit/flags.ts'
import { givenAudit } from './audit-flags.ts'
import { UsageError } from './place.ts'

/** Those that were given. @throws UsageError */
export async function checkedAudit(options: object): Promise<Given | undefined> {
  const given = givenAudit(options)
  const { 'audit-policy-file': policy = '', 'audit-webhook-config-file': webhook = '' } = given ?? {}
  const { 'audit-log-path': path = '' } = given ?? {}
  try {
    if (isAbsolute(path) && statSync(path, { throwIfNoEntry: false })?.isFile() === false)
      throw new Error(`--audit-log-path ${path} is no plain file: give - for standard output, and nothing for no log`)
    if (policy !== '') loadPolicy(policy)
    if (webhook !== '') await webhookPlace(webhook)
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
  return given
}
