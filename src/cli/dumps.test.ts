import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dumpFlag } from './dumps.ts'

test('what shows or writes down memory is named, without its value', () => {
  for (const flag of [
    '--inspect',
    '--inspect=0.0.0.0:9229',
    '--inspect-brk',
    '--inspect-wait=1',
    '--heapsnapshot-signal=SIGUSR2',
    '--heapsnapshot_near_heap_limit=1',
    '--heap-prof',
    '--report-on-fatalerror',
    '--report_uncaught_exception',
    '--abort-on-uncaught-exception',
    '--abort_on_uncaught_exception',
  ]) {
    const name = flag.replace(/=.*/, '')
    assert.equal(dumpFlag([flag]), name)
    assert.equal(dumpFlag([], `--max-old-space-size=100  ${flag} --no-warnings`), name)
    assert.equal(dumpFlag([], `"${flag}"`), name)
  }
})

test('other flags are as they were', () => {
  assert.equal(dumpFlag(['--max-semi-space-size=32', '--enable-source-maps', '--cpu-prof'], '--no-warnings'), undefined)
  assert.equal(dumpFlag([]), undefined)
})
