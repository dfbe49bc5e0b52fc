/** The floor's disk: one transaction a batch. */
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

const db = new DatabaseSync(String(workerData))
db.exec(
  'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE objects (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID',
)
const insert = db.prepare('INSERT OR REPLACE INTO objects VALUES (?, ?)')

parentPort?.on('message', (rows: readonly (readonly [string, string])[]) => {
  db.exec('BEGIN')
  for (const [key, value] of rows) insert.run(key, Buffer.from(value))
  db.exec('COMMIT')
  parentPort?.postMessage(rows.length)
})
