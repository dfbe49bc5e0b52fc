import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counter, Gauge, Histogram, labelText } from './metrics.ts'

test('counters and histograms as Prometheus reads them', () => {
  const asked = new Counter('asked_total')
  asked.add(labelText([['a', 'x"\\\n']]))
  asked.add(labelText([['a', 'x"\\\n']]))
  assert.deepEqual([...asked.lines()], ['# TYPE asked_total counter', 'asked_total{a="x\\"\\\\\\n"} 2'])
  const took = new Histogram('took_seconds', [0.1, 1])
  for (const seconds of [0.1, 0.5, 3]) took.measure('a="b"', seconds)
  assert.deepEqual(
    [...took.lines()],
    [
      '# TYPE took_seconds histogram',
      'took_seconds_bucket{a="b",le="0.1"} 1',
      'took_seconds_bucket{a="b",le="1"} 2',
      'took_seconds_bucket{a="b",le="+Inf"} 3',
      'took_seconds_sum{a="b"} 3.6',
      'took_seconds_count{a="b"} 3',
    ],
  )
  const plain = new Histogram('plain_seconds', [1])
  plain.measure('', 0.5)
  assert.equal([...plain.lines()][1], 'plain_seconds_bucket{le="1"} 1')
})

test('label sets are bounded', () => {
  const counter = new Counter('c')
  for (let at = 0; at < 6000; at++) counter.add(`a="${at}"`)
  counter.add('a="0"')
  const lines = [...counter.lines()]
  assert.equal(lines.length, 5001)
  assert.equal(lines[1], 'c{a="0"} 2')
})

test('a gauge shows what was set last, and forgets what was not set for longest', () => {
  const gauge = new Gauge('g', 2)
  gauge.set('a="1"', 1)
  gauge.set('a="2"', 2)
  gauge.set('a="1"', 3)
  gauge.set('a="3"', 4)
  assert.deepEqual([...gauge.lines()], ['# TYPE g gauge', 'g{a="1"} 3', 'g{a="3"} 4'])
})
