/** A watcher over TLS and HTTP/1.1 that reads nothing while much happens: it is ended, in whole frames, and is told so when it reads. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startTarget } from './https.ts'

/** The chunks of a body, up to the last. @throws AssertionError where they do not end as they have to */
function body(bytes: Buffer): { readonly text: string; readonly ended: boolean } {
  const parts: Buffer[] = []
  for (let at = bytes.indexOf('\r\n\r\n') + 4; at < bytes.length;) {
    const line = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16)
    assert.equal(bytes.toString('latin1', line + 2 + size, line + 4 + size), '\r\n')
    if (size === 0) return { text: Buffer.concat(parts).toString(), ended: true }
    parts.push(bytes.subarray(line + 2, line + 2 + size))
    at = line + 4 + size
  }
  return { text: Buffer.concat(parts).toString(), ended: false }
}

test('a watcher that reads nothing is ended, one beside it gets everything', { timeout: 60_000 }, async () => {
  const target = await startTarget()
  const at = '/api/v1/namespaces/default/configmaps'
  const watching = () => {
    const socket = target.raw()
    const parts: Buffer[] = []
    socket.on('error', () => undefined)
    socket.write(`GET ${at}?watch=1&resourceVersion=0 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
    return { socket, parts, read: () => socket.on('data', (part: Buffer) => parts.push(part)) }
  }
  const [slow, quick] = [watching(), watching()]
  try {
    quick.read()
    await Promise.all([once(slow.socket, 'secureConnect'), once(quick.socket, 'data')])
    await sleep(200)
    const names = Array.from({ length: 40 }, (_, n) => `c${n}`)
    for (const name of names) {
      const sent = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'x'.repeat(900_000) } }
      const { code } = await target.send(at, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(sent),
      })
      assert.equal(code, 201)
    }
    const seen = (text: string): readonly string[] =>
      text
        .split('\n')
        .slice(0, -1)
        .flatMap(line => {
          const { type, object } = JSON.parse(line) as { type: string; object: { metadata: { name: string } } }
          return type === 'ADDED' && names.includes(object.metadata.name) ? [object.metadata.name] : []
        })
    await sleep(300)
    assert.deepEqual(seen(body(Buffer.concat(quick.parts)).text), names)
    slow.read()
    await once(slow.socket, 'end')
    const { text, ended } = body(Buffer.concat(slow.parts))
    assert.equal(ended, true)
    const got = seen(text)
    assert.ok(got.length > 10 && got.length < 35, String(got.length))
    assert.deepEqual(got, names.slice(0, got.length))
  } finally {
    slow.socket.destroy()
    quick.socket.destroy()
    await target.stop()
  }
})
