/** The hidden verbs: what `up` starts, each a process of its own that loads only what it runs. */
import { writeSync } from 'node:fs'
import { traceOf } from '#base/trace.ts'
import { dropRecord } from '#node/containerd/record.ts'
import { readConfig } from '#processes/config.ts'
import { layout } from '#processes/layout.ts'
import { dumpRefusal, emptyCores } from './dumps.ts'
import { CommandError, placeOf } from './place.ts'
import type { ServerOptions } from './server.ts'

/** Resolves at the first request to end. */
function ended(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  return promise
}

/** What nobody caught ends the process: with its name and place in the log, without what was being worked on. */
export function tellCrashes(write: (line: string) => void, end: (code: number) => void): (error: unknown) => void {
  return error => {
    write(
      `${JSON.stringify({ time: new Date().toISOString(), level: 'error', message: 'crashed', error: traceOf(error) })}\n`,
    )
    end(3)
  }
}

/** @throws CommandError where what ends or happens to this process would show what it holds */
export function guardCrashes(): void {
  const refused = dumpRefusal(process.execArgv, process.env)
  if (refused !== undefined) throw new CommandError(refused)
  // Without a listener Node opens its debugger to whoever is on the machine.
  process.on('SIGUSR1', () => undefined)
  process.on(
    'uncaughtException',
    tellCrashes(
      // The process is about to end: what is not written at once is lost.
      line => void writeSync(2, line),
      code => process.exit(code),
    ),
  )
}

/** Clean-up that hangs must not keep a process alive, in milliseconds. */
const patience = 15_000

export async function untilEnded(running: { stop(): Promise<void> }): Promise<void> {
  await ended()
  setTimeout(() => process.exit(1), patience).unref()
  await running.stop()
}

export async function serverProcess(dir: string): Promise<void> {
  guardCrashes()
  // Not of an agent: what runs in containers may dump as it likes.
  emptyCores()
  const at = layout(dir)
  const { runServer } = await import('#processes/server.ts')
  await untilEnded(await runServer(readConfig(at.config), at))
  dropRecord(at.record('server'))
}

/** One of several servers around an etcd, until it is ended. */
export async function sharedServer(options: ServerOptions): Promise<void> {
  guardCrashes()
  emptyCores()
  const at = placeOf(options)
  const { serverConfig } = await import('./server.ts')
  const { checkedAudit } = await import('./audit-check.ts')
  await checkedAudit(options)
  const config = serverConfig(options, at)
  const { runServer } = await import('#processes/server.ts')
  await untilEnded(await runServer(config, at))
}

export async function agentProcess(dir: string): Promise<void> {
  guardCrashes()
  const at = layout(dir)
  const { runAgent } = await import('#processes/agent.ts')
  await untilEnded(await runAgent(readConfig(at.config), at))
  dropRecord(at.record('agent'))
}

export async function supervisorProcess(dir: string): Promise<void> {
  guardCrashes()
  const at = layout(dir)
  const { programs, supervise } = await import('#processes/supervise.ts')
  const { entry } = await import('./entry.ts')
  const stop = new AbortController()
  void ended().then(() => stop.abort())
  await supervise(at, programs(entry(), readConfig(at.config), at), stop.signal)
  dropRecord(at.record('supervisor'))
}
