/** Every suite of the benchmarks runs to its end and gives its figures. What they say is not judged here. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { noContainers } from '../tools/cluster.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

test('all suites of the benchmarks give figures', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'bw-bench-'))
  const file = join(dir, 'figures.json')
  try {
    const { stdout } = await run(process.execPath, [join(root, 'bench/main.ts'), '--json', file], {
      cwd: root,
      env: { ...process.env, BENCH_BRIEF: '1' },
      maxBuffer: 16 << 20,
      timeout: 300_000,
    })
    const figures = JSON.parse(await readFile(file, 'utf8')) as readonly { name: string; value: number }[]
    const kinds = [
      /^pod creates, 32 connections$/,
      'creates on record',
      /^pod updates, 32 connections$/,
      /^pod server-side applies, 32 connections$/,
      /^pod GETs, 32 connections$/,
      'watchers, 100 events/s: p99',
      'watchers, HTTP/1.1, 50 events/s: p99',
      '1 % each: p99',
      /^list of \d+ pods$/,
      /^protobuf list of \d+ pods$/,
      /^server start to \/readyz/,
      'startCluster',
      /^server memory, /,
      'definitions of 100 KB: server start',
      'definitions of 100 KB: server memory',
    ]
    for (const kind of noContainers === false ? [...kinds, 'to Running', 'at once'] : kinds) {
      const found = figures.filter(one => (typeof kind === 'string' ? one.name.includes(kind) : kind.test(one.name)))
      assert.equal(found.length, 1, String(kind))
      const value = found[0]?.value ?? Number.NaN
      assert.ok(value > 0, `${String(kind)}: ${value}`)
      assert.match(stdout, new RegExp(found[0]?.name.split(' ')[0] ?? '-'))
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})
