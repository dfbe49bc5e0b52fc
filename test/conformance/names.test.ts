/** Every name of a tier is asked somewhere, once, and nothing here is asked under another name. */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tiers, waiting } from './names.ts'

const all = Object.entries(tiers).flatMap(([tier, files]) =>
  Object.entries(files).flatMap(([file, names]) => names.map(name => ({ tier, file, name }))),
)
const read = (file: string): string => readFileSync(join(import.meta.dirname, file), 'utf8')
const quoted = /'(\[sig-[^'\n]*)'|"(\[sig-[^"\n]*)"/g
const titles = (file: string): readonly string[] =>
  [...read(file).matchAll(quoted)].map(([, one, two]) => one ?? two ?? '')

test('each tier has its names, each once', () => {
  const counts = Map.groupBy(all, ({ tier }) => tier)
  assert.equal(counts.get('T1')?.length, 105)
  assert.equal(counts.get('T2')?.length, 37)
  assert.equal(counts.get('T3')?.length, 58)
  assert.equal(counts.get('T4')?.length, 12)
  assert.equal(counts.get('T6')?.length, 3)
  assert.equal(counts.get('T13')?.length, 25)
  assert.equal(counts.get('T14')?.length, 1)
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length)
})

test('each name is asked where it says', () => {
  for (const { file, name } of all) assert.ok(titles(file).includes(name), `${file}: ${name}`)
})

test('what is skipped says for what it waits, and is one of the names', () => {
  for (const [name, why] of waiting) {
    const found = all.find(one => one.name === name)
    assert.ok(found, name)
    assert.ok(read(found.file).includes(`skip: '${why}'`), why)
  }
})

test('nothing is asked under a name that upstream does not have', () => {
  const known = new Set(all.map(({ name }) => name))
  const files = readdirSync(import.meta.dirname).filter(file => !file.startsWith('names.'))
  for (const file of files) for (const title of titles(file)) assert.ok(known.has(title), `${file}: ${title}`)
})
