/** The list of mistakes says the truth: each is tried where it says, and nothing here is tried that is not on it. */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { mistakes } from './names.ts'

const root = join(import.meta.dirname, '../..')
/** Titles of tests, also of those that are made in a loop over names. */
const titlesOf = (file: string): ReadonlySet<string> =>
  new Set(
    [...readFileSync(join(root, file), 'utf8').matchAll(/(?:test\(|^\s+)'([^'\n]+)'/gm)].map(([, title = '']) => title),
  )

test('each mistake is tried where it says', () => {
  for (const [mistake, places] of Object.entries(mistakes)) {
    assert.ok(places.length > 0, mistake)
    for (const [file, title] of places) assert.ok(titlesOf(file).has(title), `${mistake}: ${file}: ${title}`)
  }
})

test('each test of this folder is on the list', () => {
  const listed = new Set(Object.values(mistakes).flatMap(places => places.map(([file, title]) => `${file} ${title}`)))
  const tests = readdirSync(import.meta.dirname).filter(file => file.endsWith('.test.ts') && !file.startsWith('names.'))
  for (const name of tests) {
    const file = `test/attacks/${name}`
    const titles = [...readFileSync(join(root, file), 'utf8').matchAll(/^test\('([^'\n]+)'/gm)].map(
      ([, title]) => title,
    )
    assert.ok(titles.length > 0, file)
    assert.deepEqual(
      titles.filter(title => !listed.has(`${file} ${title}`)),
      [],
      file,
    )
  }
})
