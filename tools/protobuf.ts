/** TypeScript from one .proto of ours, offline, without the comments that double its size. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = join(root, 'node_modules/.bin')

/** @param proto the only .proto of its folder; both paths below the root of the project */
export function generate(proto: string, target: string): void {
  const out = mkdtempSync(join(tmpdir(), 'proto-'))
  const plugin = { local: join(bin, 'protoc-gen-es'), out, opt: ['target=ts', 'import_extension=ts'] }
  execFileSync(
    join(bin, 'buf'),
    ['generate', '--template', JSON.stringify({ version: 'v2', plugins: [plugin] }), '.'],
    {
      cwd: join(root, dirname(proto)),
      env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
    },
  )
  const code = readFileSync(join(out, basename(proto).replace('.proto', '_pb.ts')), 'utf8')
    .replace(/\/\*\*[\s\S]*?\*\/\n/g, '')
    .replace(/^\/\/.*\n/gm, '')
    .replace(/\n\s*\n/g, '\n')
  rmSync(out, { recursive: true })
  writeFileSync(
    join(root, target),
    `// Generated from ${proto} by ${dirname(proto)}/generate.ts: do not edit.\n${code.trimStart()}`,
  )
}
