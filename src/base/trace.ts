/**
 * What may be said of an error that nobody expected: its name and where it happened. The message only where it cannot hold
 * what was being worked on: engines quote the text that they could not parse, and such text may be a secret.
 */

/** The engine names the expression in the source, not its value. */
const ofCode =
  /^(?:Cannot (?:read|set) properties of (?:undefined|null) \(|[\w$.#?()[\]]{1,80} is not (?:a function|iterable|defined|a constructor)\b)/

const mostFrames = 12
const longest = 500

function messageOf(error: Error): string {
  const { name, message } = error
  // The system says which call failed on which file or address.
  const system = 'syscall' in error && typeof error.syscall === 'string'
  // Refusals are made to be read by whoever asked.
  const refusal = name === 'StatusError'
  const code = (name === 'TypeError' || name === 'ReferenceError') && ofCode.test(message)
  return system || refusal || code ? message.slice(0, longest) : ''
}

/** Name, message where that is harmless, code, and frames, each on a line of its own. */
export function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return `something of type ${typeof error} was thrown`
  const message = messageOf(error)
  const code = 'code' in error && typeof error.code === 'string' ? ` [${error.code.slice(0, 60)}]` : ''
  // Frames begin after the message, which may have lines of any form.
  const stack = error.stack ?? ''
  const start = stack.indexOf(error.message)
  const frames = (start < 0 ? stack : stack.slice(start + error.message.length))
    .split('\n')
    .filter(line => /^ {4}at /.test(line))
    .slice(0, mostFrames)
  return [
    `${/^\w{1,60}$/.test(error.name) ? error.name : 'Error'}${code}${message === '' ? '' : `: ${message}`}`,
    ...frames,
  ].join('\n')
}
