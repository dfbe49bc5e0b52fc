import assert from 'node:assert/strict'
import { test } from 'node:test'
import { warningHeaders } from './respond.ts'

test('warnings are one header each that no text breaks out of', () => {
  const wellFormed = /^299 - "(?:[^"\\\r\n]|\\["\\])*"$/
  const texts = [
    'plain',
    'a "quoted" one',
    'line\r\nset-cookie: a=b',
    '\\',
    `${'x'.repeat(1023)}"tail`,
    `${'\\'.repeat(1100)}`,
  ]
  for (const text of texts)
    for (const header of warningHeaders([text])) assert.match(header, wellFormed, header.slice(-40))
  assert.deepEqual(warningHeaders(['a "b"']), ['299 - "a \\"b\\""'])
  const many = warningHeaders(Array.from({ length: 100 }, () => 'y'.repeat(100)))
  assert.ok(many.length > 10 && many.join('').length < 8192)
})
