/** Writes src/node/cri/cri.gen.ts from cri.proto, offline, without the comments that double its size. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const here = import.meta.dirname
const bin = join(here, '../../node_modules/.bin')
const target = join(here, '../../src/node/cri/cri.gen.ts')
const out = mkdtempSync(join(tmpdir(), 'cri-'))
const plugin = { local: join(bin, 'protoc-gen-es'), out, opt: ['target=ts', 'import_extension=ts'] }
execFileSync(join(bin, 'buf'), ['generate', '--template', JSON.stringify({ version: 'v2', plugins: [plugin] }), '.'], {
  cwd: here,
  env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` },
})
const code = readFileSync(join(out, 'cri_pb.ts'), 'utf8')
  .replace(/\/\*\*[\s\S]*?\*\/\n/g, '')
  .replace(/^\/\/.*\n/gm, '')
  .replace(/\n\s*\n/g, '\n')
rmSync(out, { recursive: true })
writeFileSync(
  target,
  `// Generated from tools/cri/cri.proto by tools/cri/generate.ts: do not edit.\n${code.trimStart()}`,
)
