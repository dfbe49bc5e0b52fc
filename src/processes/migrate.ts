/** Moves a cluster's objects from one store to another. */
import { rmSync } from 'node:fs'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { parseOwnJson } from '#codec/json.ts'
import type { Decode } from '#server/store/contract.ts'
import { migrate } from '#server/store/migrate.ts'
import type { EtcdConfig } from './config.ts'
import type { Layout } from './layout.ts'
import { openStore } from './store.ts'

/** An etcd, or the database in the cluster's directory. */
export type StorePlace = EtcdConfig | 'sqlite'

export interface Moving {
  readonly from: StorePlace
  readonly to: StorePlace
  readonly layout: Layout
  readonly onProgress: (done: number, total: number) => void
}

/** As it is stored: nothing is defaulted on the way. */
const decode: Decode = (_, text) => parseOwnJson(text) as ReturnType<Decode>

/** @returns how many objects were moved @throws StoreRefused, MigrationRefused */
export async function moveStore({ from, to, layout, onProgress }: Moving): Promise<number> {
  const open = (place: StorePlace) =>
    openStore({
      config: place === 'sqlite' ? {} : { etcd: place },
      layout,
      decode,
      clock: systemClock,
      log: silentLog,
      anchored: false,
    })
  const source = await open(from)
  if (to !== 'sqlite') rmSync(layout.etcdHead, { force: true })
  // An etcd that is away for a moment does not end this process.
  const hold = setInterval(() => undefined, 2 ** 31 - 1)
  try {
    const target = await open(to)
    try {
      return await migrate({ from: source, to: target, clock: systemClock, onProgress })
    } finally {
      await target.close()
    }
  } finally {
    clearInterval(hold)
    await source.close()
  }
}
