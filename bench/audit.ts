/** What the record of requests takes of creates: a server that keeps one and a server that keeps none, loaded in turns. */
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { podBody } from './pod.ts'
import { type Target, discard, startServer } from './processes.ts'
import type { Figure } from './report.ts'
import { scale } from './scale.ts'
import { done, inTurns, perSecond } from './turns.ts'

const nothing = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'None' }] }

let serial = 0
const creates = (target: Target, seconds = scale.seconds / scale.turns) => ({
  ...target,
  connections: 32,
  seconds,
  method: 'POST' as const,
  path: '/api/v1/namespaces/default/pods',
  body: JSON.stringify(podBody(`a${serial++}-{n}`)),
})

export async function auditCost(): Promise<readonly Figure[]> {
  const dir = await mkdtemp(join(tmpdir(), 'bulwark-bench-'))
  const policy = join(dir, 'none.yaml')
  await writeFile(policy, JSON.stringify(nothing))
  const silent = await startServer({ dir, port: 17_448, nodes: 0, audit: { 'audit-policy-file': policy } })
  const usual = await startServer({ port: 17_449, nodes: 0 })
  try {
    for (const { target } of [silent, usual]) await done(creates(target, Math.min(2, scale.seconds)))
    const { ours, floor } = await inTurns(
      { ours: () => creates(usual.target), floor: () => creates(silent.target) },
      perSecond,
    )
    return [{ name: 'pod creates on record, beside none', unit: '/s', value: ours, floor, wanted: { share: 0.9 } }]
  } finally {
    for (const server of [silent, usual]) {
      await server.stop()
      await discard(server.dir)
    }
  }
}
