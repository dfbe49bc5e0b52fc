/** The record of a server as its flags want it, and of an agent: each writes a chain of its own below the data directory. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { type Audit, type Backend, makeAudit } from '#server/audit/audit.ts'
import { type AuditSettings, type Given, auditSettings } from '#server/audit/flags.ts'
import { chainFiles } from '#server/audit/heads.ts'
import { makeLogSink } from '#server/audit/log.ts'
import { LogFile } from '#server/audit/log-file.ts'
import { lineSink } from '#server/audit/plain-sinks.ts'
import { PolicyError, parsePolicy } from '#server/audit/policy.ts'
import type { Lost } from '#server/audit/sink.ts'
import { makeWebhookSink } from '#server/audit/webhook.ts'
import { kubeletClient } from '#plane/policy.ts'
import type { Caller } from '#wire/https.ts'
import { makeCaller } from '#wire/https.ts'
import { webhookPlace } from './webhook-config.ts'

export interface AuditPlace {
  /** Directory of the chain's key and heads, and of the log where it is not elsewhere. */
  readonly dir: string
  readonly clock: Clock
  readonly log: Log
}

type Policy = ReturnType<typeof parsePolicy>

/** @throws Error in upstream's words */
export function loadPolicy(file: string): Policy {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(
      `loading audit policy file: failed to read file path ${JSON.stringify(file)}: ${error instanceof Error ? error.message : ''}`,
      { cause: error },
    )
  }
  try {
    return parsePolicy(text)
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw new Error(`loading audit policy file: ${error.message}: from file ${file}`, { cause: error })
  }
}

/** The chain of an agent lies beside the server's. */
export const agentAudit = (dir: string): string => join(dir, 'agent')

const megabyte = 1024 * 1024
const day = 24 * 3600 * 1000

/** '' where there is no log, `-` for standard output. @param dir of the chain */
export const auditLogPath = ({ path = 'audit.log' }: Pick<AuditSettings, 'path'>, dir: string): string =>
  path === '' || path === '-' ? path : resolve(dir, path)

function logBackend(settings: AuditSettings, { dir, clock, log }: AuditPlace, lost: Lost): readonly Backend[] {
  const path = auditLogPath(settings, dir)
  const { format, compress, maxBackup, maxAgeDays, maxMegabytes } = settings
  const { mode, buffer, size, wait, throttle, truncate } = settings.log
  if (path === '') return []
  if (path === '-') return [{ mode, sink: lineSink(line => void process.stdout.write(line), format) }]
  const file = new LogFile({
    path,
    chain: chainFiles(dir),
    clock,
    log,
    mostBytes: maxMegabytes * megabyte,
    backups: maxBackup,
    age: maxAgeDays * day,
    compress,
  })
  const sink = makeLogSink({
    file,
    clock,
    log,
    lost,
    format,
    buffer,
    batch: size,
    soon: call => process.nextTick(call),
    wait: throttle === undefined ? wait : Math.max(wait, 1000 / throttle.qps),
    ...(truncate === undefined ? {} : { longest: truncate.event }),
  })
  return [{ mode, sink }]
}

interface Webhook {
  readonly settings: NonNullable<AuditSettings['webhook']>
  readonly place: Awaited<ReturnType<typeof webhookPlace>>
  readonly caller: Caller
}

function webhookBackend({ settings, place, caller }: Webhook, { clock, log }: AuditPlace, lost: Lost): Backend {
  const { mode, buffer, size, wait, throttle, truncate, backoff } = settings
  const sink = makeWebhookSink({
    caller,
    ...place,
    clock,
    log,
    lost,
    random: Math.random,
    buffer,
    batch: size,
    wait,
    backoff,
    ...(throttle === undefined ? {} : { throttle }),
    ...(truncate === undefined ? {} : { truncate }),
  })
  return { mode, sink }
}

/** What an agent puts on record: who got into a pod, and logs that were not asked for through the API, which has them itself. */
const agentPolicy: Policy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  metadata: {},
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', users: [kubeletClient], verbs: ['get'] },
    { level: 'Metadata', resources: [{ group: '', resources: ['pods/*'] }] },
    { level: 'None' },
  ],
}

/** The record of an agent: with the server's limits, by a policy of its own. It never holds up a call. */
export function openAgentAudit(given: Given, at: AuditPlace): Audit {
  const { path, ...settings } = auditSettings(given)
  return makeAudit({
    policy: agentPolicy,
    refusals: true,
    clock: at.clock,
    backends: lost =>
      path === '' ? [] : logBackend({ ...settings, log: { ...settings.log, mode: 'batch' } }, at, lost),
  })
}

/** @throws Error that says what is wrong: a server whose record cannot be kept does not start */
export async function openAudit(given: Given, at: AuditPlace): Promise<Audit> {
  const settings = auditSettings(given)
  const policy = settings.policyFile === undefined ? undefined : loadPolicy(settings.policyFile)
  const webhook =
    settings.webhook === undefined
      ? undefined
      : {
          settings: settings.webhook,
          place: await webhookPlace(settings.webhook.file),
          caller: makeCaller(),
        }
  const audit = makeAudit({
    policy,
    clock: at.clock,
    backends: lost => [
      ...logBackend(settings, at, lost),
      ...(webhook === undefined ? [] : [webhookBackend(webhook, at, lost)]),
    ],
  })
  return {
    ...audit,
    close: async () => {
      await audit.close()
      webhook?.caller.close()
    },
  }
}
