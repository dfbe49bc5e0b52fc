/** Health as probes, people and monitoring ask for it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Wire, openWire } from './wire.ts'

let wire: Wire
before(async () => {
  wire = await openWire()
})
after(() => wire.stop())

const roots = ['/healthz', '/livez', '/readyz']

test('the whole is for everybody, single checks are for who may see them', async () => {
  const monitoring = await wire.account('monitoring', [{ nonResourceURLs: ['/livez/*'], verbs: ['get'] }], true)
  for (const root of roots) {
    assert.equal((await wire.call('GET', root, { token: '' })).text, 'ok')
    assert.equal((await wire.call('GET', `${root}/ping`)).text, 'ok')
    assert.equal((await wire.call('GET', `${root}/ping`, { token: '' })).status, 401)
    assert.equal((await wire.call('GET', `${root}/ping`, { token: monitoring })).status, root === '/livez' ? 200 : 403)
    assert.equal((await wire.call('GET', `${root}/none`)).status, 404)
    assert.equal((await wire.call('POST', `${root}/ping`)).status, 405)
  }
  const { paths } = (await wire.call('GET', '/')).json
  for (const path of ['/livez', '/livez/ping', '/readyz/store']) assert.ok(paths.includes(path), path)
})

test('what is excluded is named, and what cannot be', async () => {
  const { text } = await wire.call('GET', '/readyz?verbose&exclude=ping&exclude=other', { token: '' })
  assert.equal(
    text,
    '[+]ping excluded: ok\n[+]store ok\nwarn: some health checks cannot be excluded: no matches for "other"\nreadyz check passed\n',
  )
})
