/** Remembers a detached process so that it can be found again, and never mistakes another one for it. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'

export interface ProcessRecord {
  readonly pid: number
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly started: string
  readonly boot: string
}

export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command name may hold spaces and brackets: fields are counted from its last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

export function writeRecord(file: string, pid: number): void {
  const record: ProcessRecord = { pid, started: startOf(pid) ?? '', boot: bootId() }
  writeFileSync(file, `${JSON.stringify(record)}\n`)
}

function parse(text: string): ProcessRecord | undefined {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) return undefined
  const { pid, started, boot } = value as Partial<Record<string, unknown>>
  return typeof pid === 'number' && typeof started === 'string' && typeof boot === 'string'
    ? { pid, started, boot }
    : undefined
}

export function readRecord(file: string): ProcessRecord | undefined {
  try {
    return parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** Whether the very process that was recorded still runs. */
export const isAlive = (record: ProcessRecord): boolean =>
  record.boot === bootId() && record.started !== '' && startOf(record.pid) === record.started

export const dropRecord = (file: string): void => rmSync(file, { force: true })
