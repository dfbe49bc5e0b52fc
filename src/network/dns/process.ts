/** Starts the DNS process so that it outlives the agent, finds it again, and starts it anew when it ends. */
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { dropRecord, isAlive, readRecord, writeRecord } from '#node/containerd/record.ts'
import { dnsPort } from '../services/names.ts'
import type { DnsConfig } from './run.ts'

export interface DnsPaths {
  /** Given to startNetwork as `dns.snapshot`. */
  readonly snapshot: string
  readonly record: string
  /** With which arguments the recorded process was started. */
  readonly command: string
  readonly log: string
}

/** @param dir the node's directory */
export function dnsPaths(dir: string): DnsPaths {
  const at = (name: string): string => join(dir, 'dns', name)
  return {
    snapshot: at('data/snapshot.json'),
    record: at('process.json'),
    command: at('command.json'),
    log: at('dns.log'),
  }
}

export interface DnsOptions {
  /** The node's directory. */
  readonly dir: string
  readonly address: string
  readonly clock: Clock
  readonly log: Log
  /** Of the machine's resolvers; /etc/resolv.conf unless given. */
  readonly resolvConf?: string
  /** What runs dns/entry.ts; the DnsConfig is added as the last argument. */
  readonly command?: readonly string[]
  /** Changes with every release: a process of another one is replaced. */
  readonly version?: string
  /** Path of a network namespace to live in; absent: this process's own. */
  readonly netns?: string
}

export interface DnsProcess {
  pid(): number | undefined
  /** Ends looking after it; the process goes on. */
  stop(): void
}

const checkMs = 2_000

function argvOf(options: DnsOptions): readonly string[] {
  const { address, resolvConf = '/etc/resolv.conf', netns } = options
  const config: DnsConfig = { address, port: dnsPort, snapshot: dnsPaths(options.dir).snapshot, resolvConf }
  const command = options.command ?? [process.execPath, join(import.meta.dirname, 'entry.ts')]
  const argv = [...command, JSON.stringify(config)]
  // nsenter replaces itself by the command: the pid is the process's own.
  return netns === undefined ? argv : ['nsenter', `--net=${netns}`, '--', ...argv]
}

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function launch(argv: readonly string[], paths: DnsPaths): void {
  mkdirSync(join(paths.snapshot, '..'), { recursive: true, mode: 0o700 })
  const log = openSync(paths.log, 'a', 0o600)
  const child = spawn(argv[0] ?? '', argv.slice(1), { detached: true, stdio: ['ignore', log, log], cwd: '/' })
  closeSync(log)
  child.on('error', () => undefined)
  child.unref()
  if (child.pid === undefined) throw new Error(`cannot start ${argv[0]}`)
  writeRecord(paths.record, child.pid)
}

/** Adopts the process that runs, or starts one, and starts it again whenever it is gone. */
export async function startDns(options: DnsOptions): Promise<DnsProcess> {
  const paths = dnsPaths(options.dir)
  const argv = argvOf(options)
  const command = JSON.stringify([options.version ?? '', ...argv])
  if (readText(paths.command) !== command) await stopDns(options.dir)
  let cancel: () => void = () => undefined
  const check = (): void => {
    const record = readRecord(paths.record)
    if (record === undefined || !isAlive(record))
      try {
        launch(argv, paths)
        writeFileSync(paths.command, command)
      } catch (error) {
        options.log.error('cannot start DNS', { error: String(error) })
      }
    cancel = options.clock.after(checkMs, check)
  }
  check()
  return { pid: () => readRecord(paths.record)?.pid, stop: () => cancel() }
}

/** Ends the process that is recorded in the node's directory, and waits until it is gone. */
export async function stopDns(dir: string): Promise<void> {
  const paths = dnsPaths(dir)
  const record = readRecord(paths.record)
  if (record !== undefined && isAlive(record)) {
    process.kill(record.pid, 'SIGTERM')
    for (let waited = 0; isAlive(record) && waited < 2_000; waited += 20) await sleep(20)
    if (isAlive(record)) process.kill(record.pid, 'SIGKILL')
  }
  dropRecord(paths.record)
  rmSync(paths.command, { force: true })
}
