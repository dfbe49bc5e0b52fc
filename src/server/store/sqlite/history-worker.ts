/** Entry of the history thread. */
import { parentPort, workerData } from 'node:worker_threads'
import type { FromHistory, HistorySettings, ToHistory } from './history-protocol.ts'
import { Reading } from './reading.ts'

const settings: HistorySettings = workerData
const reading = new Reading(settings)
const answer = (message: FromHistory): void => parentPort?.postMessage(message)

parentPort?.on('message', ({ number, request }: ToHistory) => {
  try {
    if (request === 'survey') answer({ number, survey: reading.survey() })
    else if ('vault' in request) {
      reading.use(request.vault)
      answer({ number, part: 'expired' })
    } else answer({ number, part: reading.read(request) })
  } catch (error) {
    answer({ number, error: error instanceof Error ? error.message : String(error) })
  }
})
