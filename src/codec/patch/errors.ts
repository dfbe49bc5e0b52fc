/** What a patch that cannot be done answers; codes and messages are upstream's. */
import { StatusError, badRequest } from '#api/status.ts'

const unfit = {
  reason: 'Invalid',
  message: 'the server rejected our request due to an error in our request',
  details: {},
} as const

/** The patch is well formed and does not fit the object: a failed test, a path that is not there. */
export const unprocessable = (): StatusError => new StatusError(unfit)

/** A test that a patch makes of the object has failed. */
export class TestFailed extends StatusError {
  constructor() {
    super(unfit)
  }
}

/** The document is no patch of its type. */
export const malformed = (message: string): StatusError => badRequest(message)

/** Upstream answers these without a reason, as a 500; clients show the message. */
export const inexplicable = (message: string): StatusError => new StatusError({ reason: '', message })
