/** Entry of the commit thread. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Rewritten } from '../changing.ts'
import type { Failure } from '../journal.ts'
import type { CommitSettings, FromCommit, ToCommit } from './commit-protocol.ts'
import { Committing } from './committing.ts'
import { failureOf } from './sqlerror.ts'

const settings: CommitSettings = workerData
const committing = new Committing(settings)
const answer = (message: FromCommit, transfer: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, [...transfer])

let compactions: readonly number[] = []

/** A step at a time, so that batches go in between. */
function compact(): void {
  const [revision] = compactions
  if (revision === undefined) return
  try {
    if (committing.compactSome(revision)) return void setImmediate(compact)
    answer({ type: 'compacted', failure: undefined })
  } catch (error) {
    answer({ type: 'compacted', failure: failureOf(error) })
  }
  compactions = compactions.slice(1)
  setImmediate(compact)
}

function changed(message: Extract<ToCommit, { type: 'vault' | 'rewrite' }>): Rewritten | Failure {
  try {
    if (message.type === 'rewrite') return committing.rewrite(message.from, message.most)
    committing.use(message.vault)
    return { next: undefined, rewritten: 0 }
  } catch (error) {
    return failureOf(error)
  }
}

parentPort?.on('message', (message: ToCommit) => {
  switch (message.type) {
    case 'batch': {
      const { packed, head } = message
      const failure = committing.write(packed, head)
      answer({ type: 'batch', failure, packed }, [packed.numbers.buffer, packed.bytes.buffer])
      committing.checkpoint()
      break
    }
    case 'compact':
      compactions = [...compactions, message.revision]
      if (compactions.length === 1) compact()
      break
    case 'vault':
    case 'rewrite':
      answer({ type: 'changed', result: changed(message) })
      break
    case 'close':
      compactions = []
      committing.close()
      parentPort?.close()
      break
  }
})

answer({ type: 'ready', head: committing.head() })
