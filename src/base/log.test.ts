import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeLog } from './log.ts'

test('whatever goes into a log is one line, and moves no cursor', () => {
  const lines: string[] = []
  const evil = '\u001b[2J\r\n{"level":"info"}\u009b31m\u202e\u2028\u007f'
  makeLog(line => void lines.push(line), 'info').error(evil, { [evil]: evil })
  const [line = ''] = lines
  assert.equal(lines.length, 1)
  assert.equal(line.indexOf('\n'), line.length - 1)
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(line.slice(0, -1), /[\x00-\x1f\x7f-\x9f\u2028\u202e]/)
  const read: unknown = JSON.parse(line)
  assert.deepEqual(Object(read).message, evil)
  assert.equal(Object(read)[evil], evil)
})
