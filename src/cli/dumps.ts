/**
 * What Node would do with the memory of a process that holds everybody's secrets: write it to a file, or show it to whoever
 * connects to a port that asks for nothing. Flags for that also come by the environment, where they stay forgotten.
 */
import { writeFileSync } from 'node:fs'

const dumping =
  /^--?(?:inspect|debug-port|heapsnapshot-|heap-snapshot-on-|heap-prof|report-|experimental-report|abort-on-uncaught-exception|tls-keylog|trace-tls)/
/** What Node reads flags from that are then seen nowhere. */
const hiding = /^--experimental-(?:default-)?config-file/

/** @param options `NODE_OPTIONS` @returns the first flag that would, without its value */
export function dumpFlag(flags: readonly string[], options = ''): string | undefined {
  // In quotes Node reads past a backslash.
  const all = [...flags, ...options.split(/\s+/)].map(one => one.replaceAll(/["'\\]/g, ''))
  return all
    .find(one => dumping.test(one.replaceAll('_', '-')) || hiding.test(one.replaceAll('_', '-')))
    ?.replace(/=.*$/s, '')
}

/** What makes Node print what goes through it: for `net` that is whole requests with their tokens. */
const telling = ['NODE_DEBUG', 'NODE_DEBUG_NATIVE'] as const

/** Why it does not start; undefined where nothing stands against it. */
export function dumpRefusal(flags: readonly string[], environment: NodeJS.ProcessEnv): string | undefined {
  const refused = (what: string, from: string): string =>
    `refusing to start: ${what} would show what this process has in its memory, all Secrets included: take it out of ${from}`
  const flag = dumpFlag(flags, environment['NODE_OPTIONS'])
  if (flag !== undefined) return refused(flag, 'NODE_OPTIONS and of the command')
  const variable = telling.find(name => (environment[name] ?? '') !== '')
  return variable === undefined ? undefined : refused(variable, 'the environment')
}

/** From now on a core dump of this process, and of what it starts, holds no memory. Where that cannot be said there are none, or others see to it. */
export function emptyCores(): void {
  try {
    writeFileSync('/proc/self/coredump_filter', '0')
  } catch {
    // No Linux, or no /proc.
  }
}
