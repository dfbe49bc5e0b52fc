/** Runs the programs that move packets: argv only, input on stdin, a limit on time and on what they may say. */
import { spawn } from 'node:child_process'

export type Tool = (argv: readonly string[], input?: string) => Promise<string>

/** A program that failed; `stderr` is what it said. */
export class ToolError extends Error {
  override readonly name = 'ToolError'
  readonly stderr: string
  constructor(program: string, code: string, stderr: string) {
    super(`${program} failed (${code}): ${stderr.slice(0, 500)}`)
    this.stderr = stderr
  }
}

const limitMs = 30_000
const limitBytes = 64 << 20

/** Such as a program's own folder may not be on a service's PATH. */
const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`,
  LC_ALL: 'C',
})

/** @throws ToolError */
export const runTool: Tool = (argv, input = '') =>
  new Promise((resolve, reject) => {
    const [program = '', ...args] = argv
    const child = spawn(program, args, { env: environment(), timeout: limitMs, killSignal: 'SIGKILL' })
    const out: Buffer[] = []
    const said: Buffer[] = []
    let size = 0
    const keep = (list: Buffer[]) => (chunk: Buffer) => {
      size += chunk.length
      if (size <= limitBytes) list.push(chunk)
      else child.kill('SIGKILL')
    }
    child.stdout.on('data', keep(out))
    child.stderr.on('data', keep(said))
    child.on('error', error => reject(new ToolError(program, 'cannot start', String(error))))
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(out).toString())
      else reject(new ToolError(program, String(code ?? signal), Buffer.concat(said).toString()))
    })
    // It may end before it has read everything: its exit code says why.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
