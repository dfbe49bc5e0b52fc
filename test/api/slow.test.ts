/** Clients that never finish what they say are let go. Takes a minute of waiting. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTarget } from './https.ts'

test('headers that do not end get 408 and the connection is closed', async () => {
  const target = await startTarget()
  const socket = target.raw(true)
  const { promise, resolve } = Promise.withResolvers<void>()
  let text = ''
  socket.on('data', part => (text += String(part)))
  socket.on('error', () => undefined)
  socket.on('close', () => resolve())
  socket.write('GET /api HTTP/1.1\r\nHost: x\r\nX-Slow: ')
  const timer = setTimeout(() => socket.destroy(), 95_000)
  await promise
  clearTimeout(timer)
  await target.stop()
  assert.match(text, /^HTTP\/1\.1 408 /)
})
