/** For tests: a log in a folder of its own, and events to put into it. */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { type ChainFiles, chainFiles } from './heads.ts'
import { makeLogSink } from './log.ts'
import { LogFile, type LogFileOptions } from './log-file.ts'
import { type AuditRecord, makeRecord } from './record.ts'
import type { Sink } from './sink.ts'

export const record = (name: string, more: { readonly agent?: string; readonly request?: string } = {}): AuditRecord =>
  makeRecord({
    level: 'Metadata',
    stage: 'ResponseComplete',
    id: name,
    uri: `/api/v1/namespaces/default/configmaps/${name}`,
    verb: 'delete',
    user: undefined,
    acting: undefined,
    sourceIPs: ['192.0.2.1'],
    agent: more.agent ?? 'kubectl',
    reference: `{"resource":"configmaps","namespace":"default","name":${JSON.stringify(name)},"apiVersion":"v1"}`,
    status: '{"metadata":{},"code":200}',
    request: more.request ?? '',
    response: '',
    received: Date.UTC(2026, 10, 27),
    now: Date.UTC(2026, 10, 27),
    annotations: '"authentication.bulwark.dev/source":"x509"',
    namespace: 'default',
    code: 200,
  })

export interface Place {
  readonly dir: string
  readonly path: string
  readonly chain: ChainFiles
  /** What sinks counted as lost. */
  readonly lost: string[]
  open(more?: Partial<LogFileOptions> & { readonly buffer?: number; readonly batch?: number }): Sink
  /** Opens, writes so many, closes. */
  write(from: number, to: number, more?: Partial<LogFileOptions>): Promise<void>
}

export function makePlace(): Place {
  const dir = mkdtempSync(join(process.env['TMPDIR'] ?? '/tmp', 'audit-'))
  const path = join(dir, 'audit.log')
  const chain = chainFiles(dir)
  const lost: string[] = []
  const open: Place['open'] = ({ buffer = 10_000, batch = 100, ...more } = {}) =>
    makeLogSink({
      file: new LogFile({
        path,
        chain,
        clock: systemClock,
        log: silentLog,
        mostBytes: 100_000_000,
        backups: 0,
        age: 0,
        compress: false,
        ...more,
      }),
      clock: systemClock,
      log: silentLog,
      lost: (sink, events) => void lost.push(`${sink} ${events}`),
      format: 'json',
      buffer,
      batch,
      wait: 0,
      soon: call => process.nextTick(call),
    })
  return {
    dir,
    path,
    chain,
    lost,
    open,
    write: async (from, to, more) => {
      const sink = open(more)
      for (let at = from; at <= to; at++) sink.put(record(`cm-${at}`))
      await sink.close()
    },
  }
}
