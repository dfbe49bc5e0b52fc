/** Writes to a store in etcd until it is killed, and tells each write on stdout only after it was acknowledged. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '#base/clock.ts'
import { decode, put, remove } from '#server/store/conformance/harness.ts'
import { openEtcdStore } from '#server/store/etcd/open.ts'
import { tell } from './tell.ts'

const [dir = '', run = '', ...endpoints] = process.argv.slice(2)
const pem = (name: string): string => readFileSync(join(dir, name), 'utf8')
const store = await openEtcdStore({
  endpoints,
  ca: pem('ca.pem'),
  cert: pem('client.pem'),
  key: pem('client.key'),
  prefix: '/ledger',
  decode,
  clock: systemClock,
})

async function write(worker: number): Promise<void> {
  for (let i = 0; ; i++) {
    // The same keys as another server's.
    const key = `w${worker}/k${i % 20}`
    const there = store.snapshot('things').get(key)
    const gone = there !== undefined && i % 7 === 0
    const expect = there?.revision ?? 0
    const value = `${run}.${worker}.${i}`
    const result = await store.commit([gone ? remove(key, { expect }) : put(key, value, { expect })])
    if (result.ok) tell(`${result.revision} ${key} ${gone ? '-' : value}.\n`)
    else if (result.reason !== 'conflict') throw new Error(`not written: ${result.reason}`)
  }
}

await Promise.all(Array.from({ length: 8 }, (_, worker) => write(worker)))
