/** What is committed is what the published definitions say. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generate } from './generate.ts'
import { cached } from './input.ts'

const input = cached()
const missing = existsSync(join(input, 'usr/share/gocode/src/k8s.io/api'))
  ? false
  : `no type definitions in ${input}: run tools/facts/main.ts or set BULWARK_K8S_TYPES`

test('the committed facts are those of the published definitions', { skip: missing }, () => {
  const output = join(import.meta.dirname, '../../src/kinds/facts/generated')
  const files = generate(input)
  assert.deepEqual(globSync('**/*.ts', { cwd: output }).sort(), [...files.keys()].sort())
  for (const [path, text] of files) assert.equal(readFileSync(join(output, path), 'utf8'), text, path)
})
