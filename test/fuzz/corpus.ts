/**
 * Inputs to begin with, and those that once were too much, in `corpus/<target>/`: a file `*.lines` holds a text a line, `*.hex` bytes
 * a line, any other file is one input.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, 'corpus')

function inputsOf(file: string): readonly Buffer[] {
  const bytes = readFileSync(file)
  const lines = (): readonly string[] =>
    bytes
      .toString()
      .split('\n')
      .filter(line => line !== '')
  if (file.endsWith('.lines')) return lines().map(line => Buffer.from(line))
  if (file.endsWith('.hex')) return lines().map(line => Buffer.from(line, 'hex'))
  return [bytes]
}

export const readCorpus = (target: string): readonly Buffer[] =>
  readdirSync(join(root, target))
    .sort()
    .flatMap(name => inputsOf(join(root, target, name)))
