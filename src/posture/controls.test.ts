/** The lists are whole: every control of the benchmark once, in its order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cis } from './cis/controls.ts'
import { nsa } from './nsa.ts'

/** How many controls each section of CIS Kubernetes 1.12 has: 131 in all. */
const sections: Readonly<Record<string, number>> = {
  '1.1': 21,
  '1.2': 30,
  '1.3': 7,
  '1.4': 2,
  '2': 7,
  '3.1': 3,
  '3.2': 2,
  '4.1': 10,
  '4.2': 14,
  '4.3': 1,
  '5.1': 13,
  '5.2': 12,
  '5.3': 2,
  '5.4': 2,
  '5.5': 1,
  '5.6': 4,
}

test('all 131 controls of CIS 1.12, in their order', () => {
  const wanted = Object.entries(sections).flatMap(([section, count]) =>
    Array.from({ length: count }, (_, at) => `${section}.${at + 1}`),
  )
  assert.equal(wanted.length, 131)
  const order = (id: string): number => id.split('.').reduce((sum, part) => sum * 100 + Number(part), 0)
  const length = (id: string): number =>
    order(id.split('.').length === 2 ? `${id.split('.')[0]}.0.${id.split('.')[1]}` : id)
  assert.deepEqual(
    cis.map(one => one.id),
    wanted.toSorted((a, b) => length(a) - length(b)),
  )
})

test('no id twice, and every control says what it asks', () => {
  for (const list of [cis, nsa]) {
    assert.equal(new Set(list.map(one => one.id)).size, list.length)
    assert.ok(list.every(one => one.title.length > 10))
  }
})
