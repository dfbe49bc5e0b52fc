/** Resident memory of the built server, idle: 60 s after it was ready, with an empty cluster. */
import { setTimeout as sleep } from 'node:timers/promises'
import { discard, residentMegabytes, startServer } from './processes.ts'
import type { Figure } from './report.ts'
import { scale } from './scale.ts'

export async function memory(): Promise<readonly Figure[]> {
  const server = await startServer({ port: 17_445, nodes: 1 })
  await sleep(scale.idleSeconds * 1000)
  const value = residentMegabytes(server.pid)
  await server.stop()
  await discard(server.dir)
  return [{ name: `server memory, ${scale.idleSeconds} s after ready`, value, unit: 'MB', wanted: { below: 150 } }]
}
