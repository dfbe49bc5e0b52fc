/** Writes to a store until it is killed, and tells each write on stdout only after it was acknowledged. */
import { systemClock } from '#base/clock.ts'
import { openSqliteStore } from '#server/store/sqlite/open.ts'
import { tell } from './tell.ts'

const [path = '', run = '', sealed = ''] = process.argv.slice(2)
const store = await openSqliteStore({
  path,
  decode: (_, text) => JSON.parse(text),
  clock: systemClock,
  ...(sealed === '' ? {} : { keys: [Buffer.from(sealed, 'hex')], sealed: 'all' }),
})

async function write(worker: number): Promise<void> {
  for (let i = 0; ; i++) {
    const [key, value] = [`w${worker}/k${i % 20}`, `${run}.${worker}.${i}`]
    const there = store.snapshot('things').get(key)
    const gone = there !== undefined && i % 7 === 0
    const object = { apiVersion: 'v1', kind: 'Thing', metadata: { name: key }, value, fill: 'x'.repeat(i % 3000) }
    const where = { resource: 'things', key, expect: there?.revision ?? 0 }
    const result = await store.commit([
      gone ? { type: 'delete', ...where } : { type: 'put', ...where, object, managed: '' },
    ])
    if (!result.ok) throw new Error(`not written: ${result.reason}`)
    tell(`${result.revision} ${key} ${gone ? '-' : value}\n`)
    if (i % 500 === 499 && worker === 0) void store.compact(store.revision() - 3000).catch(() => undefined)
  }
}

await Promise.all(Array.from({ length: 16 }, (_, worker) => write(worker)))
