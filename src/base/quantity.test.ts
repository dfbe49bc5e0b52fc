import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  milliUnits,
  parseQuantity,
  subtractQuantities,
  wholeUnits,
} from './quantity.ts'

test('canonical texts', () => {
  const cases: Readonly<Record<string, string>> = {
    '0': '0',
    '-0': '0',
    '0Ki': '0',
    '0.0': '0',
    '0.1': '100m',
    '.5': '500m',
    '1.': '1',
    '+7': '7',
    '007': '7',
    '1.5': '1500m',
    '1000m': '1',
    '1000': '1k',
    '12300': '12300',
    '1024Mi': '1Gi',
    '1536Mi': '1536Mi',
    '1.5Gi': '1536Mi',
    '0.5Ki': '512',
    '0.1Ki': '102400m',
    '1.1Gi': '1181116006400m',
    '1000Ki': '1000Ki',
    '1e3': '1e3',
    '1E3': '1e3',
    '10e2': '1e3',
    '1e-3': '1e-3',
    '1e0': '1',
    '1E': '1E',
    '1000E': '1000E',
    '0.1n': '1n',
    '-0.1n': '-1n',
    '1500u': '1500u',
    '-5Gi': '-5Gi',
    '9999Ei': '9223372036854775807',
    '100000000000000000000': '100E',
  }
  for (const [text, canonical] of Object.entries(cases)) assert.equal(canonicalQuantity(text), canonical, text)
})

test('what is no quantity', () => {
  for (const text of [
    '',
    ' ',
    'a',
    '1x',
    '1 Gi',
    '--1',
    '1.1.1',
    '.',
    '-',
    '1Kim',
    '1e',
    '1e1000000000',
    '1e101',
    '0x10',
  ])
    assert.throws(() => parseQuantity(text), /quantit/, JSON.stringify(text))
  assert.throws(() => parseQuantity('1'.repeat(300)), /quantities must match/)
})

test('sums, differences and order are exact', () => {
  const sum = addQuantities(parseQuantity('0.1'), parseQuantity('0.2'))
  assert.equal(formatQuantity(sum), '300m')
  assert.equal(compareQuantities(parseQuantity('1Gi'), parseQuantity('1G')), 1)
  assert.equal(compareQuantities(parseQuantity('0.1'), parseQuantity('100m')), 0)
  assert.equal(formatQuantity(subtractQuantities(parseQuantity('1Gi'), parseQuantity('512Mi'))), '512Mi')
  assert.equal(wholeUnits(parseQuantity('1001m')), 2n)
  assert.equal(wholeUnits(parseQuantity('-1001m')), -2n)
  assert.equal(milliUnits(parseQuantity('0.1')), 100n)
})

test('the canonical text has the same value and is its own canonical text', () => {
  const suffix = fc.constantFrom(
    '',
    'n',
    'u',
    'm',
    'k',
    'M',
    'G',
    'T',
    'P',
    'Ki',
    'Mi',
    'Gi',
    'Ti',
    'Pi',
    'e3',
    'E-2',
    'e0',
  )
  const text = fc
    .tuple(fc.constantFrom('', '-'), fc.nat({ max: 99999999 }), fc.option(fc.nat({ max: 9999 })), suffix)
    .map(([sign, whole, fraction, end]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${end}`)
  fc.assert(
    fc.property(text, input => {
      const canonical = canonicalQuantity(input)
      assert.equal(canonicalQuantity(canonical), canonical)
      assert.equal(formatQuantity(parseQuantity(input)), canonical, 'the quick way and the exact way agree')
      assert.equal(compareQuantities(parseQuantity(input), parseQuantity(canonical)), 0)
    }),
    { numRuns: 500 },
  )
})

test('what is read has a canonical text that is read again', () => {
  for (const text of ['1e100', '10e99', '1000e97', '123456e90'])
    assert.equal(canonicalQuantity(canonicalQuantity(text)), canonicalQuantity(text), text)
  for (const text of ['100e99', '1000e98', '-10e100', `${'9'.repeat(100)}e9`])
    assert.throws(() => canonicalQuantity(text), /unable to parse quantity's suffix/, text)
})
