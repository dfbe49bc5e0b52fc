/** kill -9 at any moment: what was answered is in the log, and the log is whole. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { rotatedFiles } from '#server/audit/files.ts'
import { chainFiles } from '#server/audit/heads.ts'
import { verifyChain } from '#server/audit/verify.ts'

const writer = join(import.meta.dirname, 'writer.ts')

/** One life of the writer. @returns what it acknowledged */
async function life(dir: string, round: number, mode: string): Promise<readonly string[]> {
  const child = spawn(process.execPath, [writer, dir, String(round), mode], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
  while (!text.includes('\n')) await sleep(5)
  await sleep(50 + Math.random() * 250)
  child.kill('SIGKILL')
  await once(child, 'close')
  return text.split('\n').slice(0, -1)
}

async function whole(mode: string, stages: readonly string[]): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'audit-crash-'))
  const path = join(dir, 'audit.log')
  const ledger: string[] = []
  for (let round = 0; round < 6; round++) {
    ledger.push(...(await life(dir, round, mode)))
    // The kernel gives whole writes to the file: a torn one is made by hand.
    if (round % 2 === 0) appendFileSync(path, '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Meta')
  }
  const files = [...rotatedFiles(path).map(one => one.path), path]
  const log = files.map(file => readFileSync(file, 'utf8')).join('')
  assert.ok(ledger.length > 500, `${ledger.length} acknowledged`)
  for (const stage of stages) {
    const known = new Set(
      [...log.matchAll(new RegExp(`"auditID":"([^"]+)","stage":"${stage}"`, 'g'))].map(([, id]) => id),
    )
    assert.deepEqual(
      ledger.filter(id => !known.has(id)),
      [],
      stage,
    )
  }
  const verdict = await verifyChain(chainFiles(dir))
  assert.equal(verdict?.problem, undefined)
  assert.ok((verdict?.records ?? 0) >= ledger.length * stages.length)
  rmSync(dir, { recursive: true })
}

test('nothing acknowledged is missing, over many ends', { timeout: 60_000 }, () => whole('', ['ResponseComplete']))
test('where requests wait for it, neither is what came in', { timeout: 60_000 }, () =>
  whole('blocking-strict', ['RequestReceived', 'ResponseComplete']),
)
