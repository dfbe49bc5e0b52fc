import assert from 'node:assert/strict'
import { matches, parseFieldSelector, parseLabelSelector, type Requirement } from '#api/selector.ts'
import { StatusError } from '#api/status.ts'
import { refusable, same, type Target } from '../target.ts'

const labels = JSON.parse('{"a": "b", "x.io/tier": "web", "n": "5", "__proto__": "b", "empty": ""}')

const written = ({ key, operator, values }: Requirement): string => {
  const list = [...values].join(',')
  if (operator === 'Exists') return key
  if (operator === 'DoesNotExist') return `!${key}`
  if (operator === 'Gt' || operator === 'Lt') return `${key}${operator === 'Gt' ? '>' : '<'}${list}`
  return `${key} ${operator === 'In' ? 'in' : 'notin'} (${list})`
}

export const labelSelectors: Target = {
  name: 'label-selectors',
  words: [
    'in',
    'notin',
    '(',
    ')',
    ',',
    '=',
    '==',
    '!=',
    '!',
    '>',
    '<',
    ' in (a,b)',
    'x.io/',
    '-',
    '9'.repeat(30),
    '__proto__',
  ],
  rounds: 8000,
  run: input => {
    const selector = refusable(() => parseLabelSelector(input.toString()), StatusError)
    if (selector === undefined) return
    const selected = matches(selector, labels)
    const again = parseLabelSelector(selector.map(written).join(','))
    same(again, selector, 'again')
    assert.equal(matches(again, labels), selected)
    matches(selector, undefined)
  },
}

const escaped = (text: string): string => text.replaceAll(/[\\,=]/g, '\\$&')

export const fieldSelectors: Target = {
  name: 'field-selectors',
  words: ['=', '==', '!=', ',', '\\', '\\,', '\\=', 'metadata.name', 'spec.nodeName'],
  rounds: 8000,
  run: input => {
    const terms = refusable(() => parseFieldSelector(input.toString()), StatusError)
    if (terms === undefined) return
    const text = terms.map(({ field, value, equal }) => `${field}${equal ? '=' : '!='}${escaped(value)}`).join(',')
    same(parseFieldSelector(text), terms, 'again')
  },
}
