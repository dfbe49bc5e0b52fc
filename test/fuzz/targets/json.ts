import assert from 'node:assert/strict'
import { JsonError } from '#codec/errors.ts'
import { readExactly } from '#codec/exactJson.ts'
import { parseJson, parseOwnJson, stringifyJson } from '#codec/json.ts'
import { refusable, same, type Target } from '../target.ts'

/** JSON.parse is the judge of what is JSON; of what it lets in, depth and 64 bits are ours to refuse. */
const refusedByOthers = (text: string): boolean => refusable(() => [JSON.parse(text)], SyntaxError) === undefined

export const json: Target = {
  name: 'json',
  words: [
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    '\\u0000',
    '\\ud800',
    '"__proto__":',
    'null',
    '1e400',
    '-0',
    '0.1',
    '{"a":1,"a":2}',
  ],
  rounds: 4000,
  run: input => {
    const text = input.toString()
    const parsed = refusable(() => parseJson(input), JsonError)
    same(
      refusable(() => parseJson(text), JsonError),
      parsed,
      'bytes and text',
    )
    if (parsed === undefined) return
    assert.ok(!refusedByOthers(text), 'JSON.parse refuses it')
    same(readExactly(text, 500), parsed, 'the exact reader')
    const written = stringifyJson(parsed.value)
    same(parseOwnJson(written), parseJson(written).value, 'own')
    same(parseJson(written), { value: parsed.value, duplicates: [] }, 'again')
  },
}
