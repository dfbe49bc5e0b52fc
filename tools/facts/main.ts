/**
 * Writes src/kinds/facts/generated/ from the published Kubernetes type definitions.
 *
 *     node tools/facts/main.ts [FOLDER]
 *
 * FOLDER holds the unpacked packages (input.ts names them); without it they are fetched from Debian sid into the cache.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { generate } from './generate.ts'
import { cached } from './input.ts'

const output = join(import.meta.dirname, '../../src/kinds/facts/generated')
const input = process.argv[2] ?? cached()
if (process.argv[2] === undefined) await import('./fetch.ts')
await rm(output, { recursive: true, force: true })
for (const [path, text] of generate(input)) {
  const file = join(output, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}
