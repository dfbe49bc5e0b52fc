import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeConformance } from '../conformance.ts'
import { openSqliteStore } from './open.ts'

storeConformance(
  'sqlite',
  async options => {
    const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bulwark-store-'))
    const store = await openSqliteStore({ ...options, path: join(folder, 'store.db') })
    const close = store.close.bind(store)
    store.close = async () => {
      await close()
      rmSync(folder, { recursive: true, force: true })
    }
    return store
  },
  { history: true },
)
