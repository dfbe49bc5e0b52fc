/**
 * Keeps the server and the agent running: adopts what is there, starts what is not, again and again with back-off. Ending
 * the supervisor ends nobody else: all are detached, and the next supervisor finds them by their records.
 */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, readRecord, writeRecord } from '#node/containerd/record.ts'
import type { ClusterConfig } from './config.ts'
import type { Layout, Role } from './layout.ts'

export interface Program {
  readonly role: Role
  readonly argv: readonly string[]
}

/**
 * Of Node, for a server. What a request leaves behind shall be garbage before the young generation is full: with the usual
 * half of this size a create costs a tenth more.
 */
export const serverFlags: readonly string[] = ['--max-semi-space-size=32']

/** @param entry the command that runs this program itself, for example `node main.ts` */
export function programs(entry: readonly string[], config: ClusterConfig, layout: Layout): readonly Program[] {
  const [node = '', ...rest] = entry
  const self = (role: Role, flags: readonly string[] = []): readonly string[] => [
    node,
    ...flags,
    ...rest,
    role,
    '--dir',
    layout.dir,
  ]
  const inside = config.netns === undefined ? [] : ['nsenter', `--net=${config.netns}`, '--']
  const server: Program = { role: 'server', argv: self('server', serverFlags) }
  if (config.nodes !== 'real') return [server]
  return [server, { role: 'agent', argv: [...inside, ...self('agent')] }]
}

/** Starts a detached process whose output goes to its role's log, and records it. */
export function launch(layout: Layout, program: Program): number {
  const file = layout.log(program.role)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  mkdirSync(dirname(layout.record(program.role)), { recursive: true, mode: 0o700 })
  const log = openSync(file, 'a', 0o600)
  const [command = '', ...rest] = program.argv
  const child = spawn(command, rest, { detached: true, stdio: ['ignore', log, log], cwd: '/' })
  closeSync(log)
  child.on('error', () => undefined)
  child.unref()
  if (child.pid === undefined) throw new Error(`cannot start ${command}`)
  writeRecord(layout.record(program.role), child.pid)
  return child.pid
}

export const isRunning = (layout: Layout, role: Role): boolean => {
  const record = readRecord(layout.record(role))
  return record !== undefined && isAlive(record)
}

const interval = 250
const longestBackoff = 30_000
/** A process that has lived this long starts with a clean slate, in milliseconds. */
const settled = 60_000

interface Life {
  started: number
  backoff: number
  notBefore: number
}

/** Runs until told to stop. */
export async function supervise(layout: Layout, all: readonly Program[], signal: AbortSignal): Promise<void> {
  const lives = new Map<Role, Life>()
  while (!signal.aborted) {
    for (const program of all) tend(layout, program, lives)
    await sleep(interval, undefined, { signal }).catch(() => undefined)
  }
}

function tend(layout: Layout, program: Program, lives: Map<Role, Life>): void {
  const now = performance.now()
  const life = lives.get(program.role) ?? { started: -Infinity, backoff: 0, notBefore: 0 }
  lives.set(program.role, life)
  if (isRunning(layout, program.role) || now < life.notBefore) return
  const failing = now - life.started < settled
  life.backoff = failing ? Math.min(Math.max(500, life.backoff * 2), longestBackoff) : 0
  life.started = now
  life.notBefore = now + life.backoff
  launch(layout, program)
}
