import assert from 'node:assert/strict'
import { test } from 'node:test'
import { duration, selectorText, since, some } from './columns.ts'

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const span = (text: string): number =>
  [...text.matchAll(/(\d+)([smhd])/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0),
    0,
  )

test('durations show two units only where the first is small', () => {
  const cases: Readonly<Record<string, string>> = {
    '0s': '0s',
    '119s': '119s',
    '120s': '2m',
    '121s': '2m1s',
    '9m59s': '9m59s',
    '10m59s': '10m',
    '179m': '179m',
    '3h': '3h',
    '3h1m': '3h1m',
    '7h59m': '7h59m',
    '8h59m': '8h',
    '47h': '47h',
    '48h': '2d',
    '49h': '2d1h',
    '8d5h': '8d',
    '729d': '729d',
    '730d': '2y',
    '731d': '2y1d',
    '2920d': '8y',
    '3000d': '8y',
  }
  for (const [given, shown] of Object.entries(cases)) assert.equal(duration(span(given)), shown, given)
  assert.equal(duration(-1500), '0s')
  assert.equal(duration(-2000), '<invalid>')
  assert.equal(since(undefined, 0), '<unknown>')
  assert.equal(since('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:05:00Z')), '5m')
})

test('selectors and long lists', () => {
  assert.equal(selectorText(undefined), '<none>')
  assert.equal(
    selectorText({
      matchLabels: { b: '1' },
      matchExpressions: [
        { key: 'a', operator: 'In', values: ['y', 'x'] },
        { key: 'c', operator: 'DoesNotExist' },
      ],
    }),
    'a in (x,y),b=1,!c',
  )
  assert.equal(some(['a', 'b', 'c', 'd']), 'a,b,c + 1 more...')
  assert.equal(some([]), '<none>')
})
