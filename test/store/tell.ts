/** Standard output that is written when the call returns, however slow who reads it is. */
import { writeSync } from 'node:fs'

const sleeper = new Int32Array(new SharedArrayBuffer(4))

export function tell(line: string): void {
  let rest = Buffer.from(line)
  while (rest.length > 0)
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      // A full pipe refuses at once.
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EAGAIN') throw error
      Atomics.wait(sleeper, 0, 0, 2)
    }
}
