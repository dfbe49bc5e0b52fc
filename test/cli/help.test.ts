/** Every verb tells what it does, with an example. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const program = join(import.meta.dirname, '../../src/main.ts')

const help = async (verb: readonly string[]): Promise<string> =>
  (await run(process.execPath, [program, ...verb, '--help'], { timeout: 30_000 })).stdout

/** Names in the list of commands, without `help` itself. */
function verbsIn(text: string): readonly string[] {
  const [, list = ''] = text.split(/^Commands:$/m)
  return [...list.matchAll(/^ {2}([a-z][a-z-]*)\b/gm)].map(([, name = '']) => name).filter(name => name !== 'help')
}

async function* all(verb: readonly string[] = []): AsyncGenerator<readonly [verb: string, text: string]> {
  const text = await help(verb)
  const below = verbsIn(text)
  for (const name of below) yield* all([...verb, name])
  if (below.length === 0) yield [verb.join(' '), text]
}

test('each verb has a help with an example of it', async () => {
  const without: string[] = []
  let count = 0
  for await (const [verb, text] of all()) {
    count++
    if (!text.includes(`\n  bulwark ${verb}`) && !/\n {2}\S.*bulwark envtest/.test(text)) without.push(verb)
  }
  assert.deepEqual(without, [])
  assert.ok(count > 25, String(count))
})
