/** The body of an answer over HTTP, within a bound. */
import type { IncomingMessage } from 'node:http'
import { CallError } from './failure.ts'

/** All of it. @param limit bytes @throws CallError where it is more, or ends too early */
export async function readAnswer(answer: IncomingMessage, limit: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of answer) {
    size += Buffer.byteLength(part)
    if (size > limit) throw new CallError(`the response is larger than ${limit} bytes`)
    parts.push(part)
  }
  if (!answer.complete) throw new CallError('unexpected EOF')
  return Buffer.concat(parts)
}
