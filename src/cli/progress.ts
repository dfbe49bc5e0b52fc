/** Talk to the user on standard error: what is being done, what is done. A spinner on a terminal, plain lines elsewhere. */
export interface Progress {
  /** A step begins; the one before it is done. */
  step(text: string): void
  /** A line below the current step. */
  note(text: string): void
  /** All is done. */
  done(text?: string): void
  /** The current step failed. */
  fail(): void
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const clear = '\r\u001b[2K'

export interface Terminal {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export function makeProgress(out: Terminal): Progress {
  const tty = out.isTTY === true
  let current: string | undefined
  let timer: NodeJS.Timeout | undefined
  let frame = 0
  const draw = (): void => {
    if (current !== undefined) out.write(`${clear}${frames[frame++ % frames.length] ?? ''} ${current}`)
  }
  const finish = (mark: string): void => {
    clearInterval(timer)
    if (current !== undefined) out.write(tty ? `${clear}${mark} ${current}\n` : '')
    current = undefined
  }
  return {
    step: text => {
      finish('✓')
      current = text
      if (!tty) out.write(`${text}\n`)
      else {
        draw()
        timer = setInterval(draw, 80)
        timer.unref()
      }
    },
    note: text => {
      out.write(tty ? `${clear}  ${text}\n` : `  ${text}\n`)
    },
    done: text => {
      finish('✓')
      if (text !== undefined) out.write(`${text}\n`)
    },
    fail: () => finish('✗'),
  }
}
