import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dumpFlag, dumpRefusal } from './dumps.ts'

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
    // What reads all that goes over the wire, and V8's own, which a single dash is enough for.
    '--tls-keylog=/tmp/keys',
    '--trace-tls',
    '--heap-snapshot-on-oom',
    '-heap_snapshot_on_gc=0',
    // Flags in a file are in none of these lists.
    '--experimental-default-config-file',
    '--experimental-config-file=node.config.json',
  ]) {
    const name = flag.replace(/=.*/, '')
    assert.equal(dumpFlag([flag]), name)
    assert.equal(dumpFlag([], `--max-old-space-size=100  ${flag} --no-warnings`), name)
    assert.equal(dumpFlag([], `"${flag}"`), name)
  }
})

test('a flag that is written so that only Node reads it is found', () => {
  assert.equal(dumpFlag([], String.raw`"--insp\ect=0"`), '--inspect')
  assert.equal(dumpFlag([], String.raw`--no-warnings "--heapsnapshot\-sig\nal=SIGUSR2"`), '--heapsnapshot-signal')
})

test('other flags are as they were', () => {
  assert.equal(dumpFlag(['--max-semi-space-size=32', '--enable-source-maps', '--cpu-prof'], '--no-warnings'), undefined)
  assert.equal(dumpFlag([]), undefined)
})

test('what makes Node print all that goes through it is refused as well', () => {
  assert.match(dumpRefusal([], { NODE_DEBUG: 'net' }) ?? '', /NODE_DEBUG would show .* take it out of the environment$/)
  assert.match(dumpRefusal([], { NODE_DEBUG_NATIVE: 'http2' }) ?? '', /NODE_DEBUG_NATIVE/)
  assert.match(dumpRefusal([], { NODE_OPTIONS: '--inspect' }) ?? '', /--inspect would show .* NODE_OPTIONS/)
  assert.equal(dumpRefusal([], { NODE_DEBUG: '', NODE_OPTIONS: '--no-warnings' }), undefined)
})
