/** `bulwark up` without --detach: stays until Ctrl-C, then takes the cluster down. */
import { type DownOptions, down } from './down.ts'
import type { Progress } from './progress.ts'

export async function stay(options: DownOptions, progress: Progress): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const hold = setInterval(() => undefined, 1 << 30)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  process.stderr.write('Press Ctrl-C to stop it.\n')
  await promise
  clearInterval(hold)
  await down({ name: options.name, ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }) }, progress)
}
