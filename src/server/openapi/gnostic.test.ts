import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gnosticDefinition, gnosticDocument, gnosticHead, gnosticPath } from './gnostic.ts'

/** Field numbers of OpenAPIv2.proto in the order written, with what they hold: strings in quotes, messages in braces. */
const field = (number: number, ...parts: (string | Buffer)[]): Buffer => {
  const bytes = Buffer.concat(parts.map(part => (typeof part === 'string' ? Buffer.from(part) : part)))
  const tag = (number << 3) | 2
  const head = tag < 128 ? [tag] : [(tag & 127) | 128, tag >> 7]
  assert.ok(bytes.length < 128)
  return Buffer.from([...head, bytes.length, ...bytes])
}

test('a definition is a pair of name and schema; marks become vendor extensions in YAML', () => {
  const bytes = gnosticDefinition('A', {
    type: 'array',
    items: { $ref: '#' },
    required: ['a', 'b'],
    'x-kubernetes-list-type': 'set',
  })
  const expected = field(
    1,
    field(1, 'A'),
    field(
      2,
      field(22, field(1, 'array')),
      field(23, field(1, field(1, '#'))),
      field(19, 'a'),
      field(19, 'b'),
      field(31, field(1, 'x-kubernetes-list-type'), field(2, field(2, '"set"\n'))),
    ),
  )
  assert.equal(bytes.toString('hex'), expected.toString('hex'))
})

test('parameters stand where their place says', () => {
  const bytes = gnosticPath('/p', {
    get: { parameters: [{ name: 'q', in: 'query' }], responses: { 200: { description: 'OK' } } },
  })
  const query = field(8, field(1, field(2, field(3, field(4, 'q'), field(2, 'query')))))
  const responses = field(9, field(1, field(1, '200'), field(2, field(1, field(1, 'OK')))))
  assert.equal(bytes.toString('hex'), field(2, field(1, '/p'), field(2, field(2, query, responses))).toString('hex'))
})

test('a document holds head, paths and definitions', () => {
  const head = gnosticHead({ swagger: '2.0' })
  const path = gnosticPath('/p', {})
  const definition = gnosticDefinition('A', {})
  assert.equal(
    gnosticDocument(head, [path], [definition]).toString('hex'),
    Buffer.concat([field(1, '2.0'), field(8, path), field(9, definition)]).toString('hex'),
  )
})
