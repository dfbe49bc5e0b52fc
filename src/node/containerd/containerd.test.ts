import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { cniConfig, containerdConfig, containerdPaths } from './config.ts'
import { importedNames } from './instance.ts'
import { pauseProgram } from './pause.ts'
import { mountsUnder } from './purge.ts'
import { isAlive, readRecord, writeRecord } from './record.ts'

test('mounts below a folder come deepest first, names unescaped', () => {
  const info = ['/d', '/d/a\\040b/c', '/data', '/d/a\\040b'].map(path => `1 2 0:3 / ${path} rw - tmpfs x rw`).join('\n')
  assert.deepEqual(mountsUnder(info, '/d'), ['/d/a b/c', '/d/a b', '/d'])
})

test('everything of the instance lies in its directory', () => {
  const paths = containerdPaths('/node')
  const config = containerdConfig({ paths, runc: '/usr/sbin/runc', cniPlugins: '/engines/cni' })
  for (const path of config.matchAll(/"(\/[^"]*)"/g))
    assert.match(path[1] ?? '', /^(\/node\/containerd\/|\/usr\/sbin\/runc$|\/engines\/cni$)/)
})

test('the pod network routes everything through the node', () => {
  const parsed: unknown = JSON.parse(cniConfig({ name: 'n', podCIDR: '10.0.1.0/24', ipam: '/ipam' }))
  assert.partialDeepStrictEqual(parsed, {
    plugins: [{ type: 'ptp', ipam: { ranges: [[{ subnet: '10.0.1.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] } }],
  })
})

test('the pause program jumps back to its own system call', () => {
  const program = pauseProgram()
  assert.equal(program.toString('latin1', 1, 4), 'ELF')
  const jump = program.indexOf(Buffer.from([0xeb, 0xf7]))
  assert.equal(program[jump - 7], 0xb8)
  assert.equal(program.length, Number(program.readBigUInt64LE(96)))
})

test('names of imported images are read from either form of output', () => {
  const output =
    'docker.io/library/a:1   \tsaved\t\napplication/vnd.oci sha256:1\nunpacking quay.io/b@sha256:2 (sha256:2)...done\n'
  assert.deepEqual(importedNames(output), ['docker.io/library/a:1', 'quay.io/b@sha256:2'])
})

test(
  'a recorded process is known again, another one with its number is not',
  { skip: process.platform !== 'linux' },
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'record-'))
    const file = join(dir, 'process.json')
    assert.equal(readRecord(file), undefined)
    writeRecord(file, process.pid)
    const record = readRecord(file)
    assert.ok(record !== undefined && isAlive(record))
    assert.equal(isAlive({ ...record, started: '1' }), false)
    assert.equal(isAlive({ ...record, boot: 'other' }), false)
    writeFileSync(file, '{"pid":"1"}')
    assert.equal(readRecord(file), undefined)
    rmSync(dir, { recursive: true })
  },
)
