/**
 * What Node would do with the memory of a process that holds everybody's secrets: write it to a file, or show it to whoever
 * connects to a port that asks for nothing. Flags for that also come by the environment, where they stay forgotten.
 */
import { writeFileSync } from 'node:fs'

const dumping =
  /^--(?:inspect|debug-port|heapsnapshot-|heap-prof|report-|experimental-report|abort[-_]on[-_]uncaught[-_]exception)/

/** @param options `NODE_OPTIONS` @returns the first flag that would, without its value */
export function dumpFlag(flags: readonly string[], options = ''): string | undefined {
  const all = [...flags, ...options.split(/\s+/)].map(one => one.replaceAll(/["']/g, ''))
  return all.find(one => dumping.test(one.replaceAll('_', '-')))?.replace(/=.*$/s, '')
}

/** Why it does not start; undefined where nothing stands against it. */
export function dumpRefusal(flags: readonly string[], options: string | undefined): string | undefined {
  const flag = dumpFlag(flags, options)
  return flag === undefined
    ? undefined
    : `refusing to start: ${flag} would show what this process has in its memory, all Secrets included: take it out of NODE_OPTIONS and of the command`
}

/** From now on a core dump of this process, and of what it starts, holds no memory. Where that cannot be said there are none, or others see to it. */
export function emptyCores(): void {
  try {
    writeFileSync('/proc/self/coredump_filter', '0')
  } catch {
    // No Linux, or no /proc.
  }
}
