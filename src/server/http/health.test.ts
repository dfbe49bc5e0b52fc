import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HealthParts, healthHandler, singlePaths } from './health.ts'
import type { PathRequest } from './handler.ts'

interface Said {
  readonly code: number
  readonly body: string
}

/** @returns undefined where there is no such path */
function asked(parts: HealthParts, url: string): Said | undefined {
  const [path = '', query = ''] = url.split('?')
  const handler = healthHandler(parts, path)
  if (handler === undefined) return undefined
  let body = ''
  const response = {
    statusCode: 0,
    setHeader: () => undefined,
    end: (bytes: Buffer) => void (body = bytes.toString()),
  }
  const request = { response, request: { method: 'GET', headers: {} }, info: { query: new URLSearchParams(query) } }
  void handler(request as unknown as PathRequest)
  return { code: response.statusCode, body }
}

const parts = (works: { readonly store?: boolean; readonly kms?: boolean } = {}): HealthParts => ({
  checks: () =>
    new Map([
      ['ping', true],
      ['store', works.store ?? true],
    ]),
  readiness: () => new Map([['kms-providers', works.kms ?? true]]),
})

test('all of it is one word, or a line a check', () => {
  assert.deepEqual(asked(parts(), '/readyz'), { code: 200, body: 'ok' })
  assert.equal(
    asked(parts(), '/readyz?verbose')?.body,
    '[+]ping ok\n[+]store ok\n[+]kms-providers ok\nreadyz check passed\n',
  )
  assert.equal(asked(parts(), '/livez?verbose=1')?.body, '[+]ping ok\n[+]store ok\nlivez check passed\n')
})

test('a failure is told without its reason, and excluded where somebody wishes so', () => {
  assert.deepEqual(asked(parts({ store: false }), '/healthz'), {
    code: 500,
    body: '[+]ping ok\n[-]store failed: reason withheld\n[+]kms-providers ok\nhealthz check failed\n',
  })
  assert.deepEqual(asked(parts({ store: false }), '/healthz?exclude=store&verbose&exclude=b&exclude=a%22'), {
    code: 200,
    body:
      '[+]ping ok\n[+]store excluded: ok\n[+]kms-providers ok\n' +
      'warn: some health checks cannot be excluded: no matches for "a\\"","b"\nhealthz check passed\n',
  })
})

test('what a restart does not mend kills no server', () => {
  assert.equal(asked(parts({ kms: false }), '/livez')?.code, 200)
  assert.deepEqual(
    [asked(parts({ kms: false }), '/readyz')?.code, asked(parts({ kms: false }), '/healthz')?.code],
    [500, 500],
  )
})

test('each check has a path', () => {
  assert.deepEqual(asked(parts({ store: false }), '/livez/ping'), { code: 200, body: 'ok' })
  assert.deepEqual(asked(parts({ store: false }), '/livez/store'), {
    code: 500,
    body: 'internal server error: store failed\n',
  })
  assert.equal(asked(parts({ kms: false }), '/readyz/kms-providers')?.code, 500)
  for (const path of ['/livez/kms-providers', '/livez/other', '/livez/ping/more', '/livezz', '/readyz/__proto__'])
    assert.equal(asked(parts(), path), undefined, path)
  assert.equal(singlePaths(parts()).length, 3 + 2 + 3)
})
