/** The commands that show how safe a cluster is. Each loads what it needs when it is called. */

/** A command that is being described. */
export interface Verb {
  option(flags: string, description: string, usual?: string): Verb
  requiredOption(flags: string, description: string): Verb
  addHelpText(position: 'after', text: string): Verb
  action(run: (flags: Options) => Promise<void>): unknown
}

export interface Options {
  readonly name: string
  readonly dataDir?: string
  readonly output: string
  readonly framework?: string
  readonly exitCode?: boolean
  readonly all?: boolean
}

export type Told = (run: () => Promise<void>) => Promise<void>

export const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)

/** @param cluster makes a command about one cluster @param told runs it and says what went wrong */
const json = (format: string): boolean => format === 'json'

export function addAssurance(cluster: (verb: string, description: string) => Verb, told: Told): void {
  cluster('config', 'Show how a cluster is set')
    .requiredOption('--as-flags', "in the flags of upstream's programs")
    .option('-o, --output <format>', 'text or json', 'text')
    .addHelpText('after', '\nExamples:\n  bulwark config --as-flags\n  bulwark config --as-flags -o json')
    .action(flags =>
      told(async () => {
        const { flagsOf, flagsText } = await import('./config.ts')
        const found = flagsOf(flags)
        if (json(flags.output)) print(found)
        else process.stdout.write(`${flagsText(found)}\n`)
      }),
    )

  cluster('sockets', 'Show every listening socket of a cluster, who may use it and from where')
    .option('-o, --output <format>', 'text or json', 'text')
    .addHelpText(
      'after',
      '\nA socket that is not planned, or asks for nothing, makes the exit code 1.\n\nExamples:\n  bulwark sockets\n  bulwark sockets -o json',
    )
    .action(flags =>
      told(async () => {
        const { isOpen, listSockets, socketsText } = await import('./sockets.ts')
        const found = listSockets(flags)
        if (json(flags.output)) print(found)
        else process.stdout.write(`${socketsText(found)}\n`)
        if (found.some(isOpen)) process.exitCode = 1
      }),
    )

  cluster('posture', 'Check a running cluster and its objects against a benchmark')
    .option('--framework <name>', 'cis, nsa or pss (default: all of them)')
    .option('--exit-code', 'exit with 1 where something failed')
    .option('--all', 'show the proof of what passed as well')
    .option('-o, --output <format>', 'text, json, sarif, junit or markdown', 'text')
    .addHelpText(
      'after',
      '\nExamples:\n  bulwark posture\n  bulwark posture --framework cis --exit-code\n  bulwark posture --framework pss -o sarif > posture.sarif',
    )
    .action(flags =>
      told(async () => {
        const { posture } = await import('./posture.ts')
        const { text, failed } = await posture(flags)
        process.stdout.write(`${text}\n`)
        if (failed > 0 && flags.exitCode === true) process.exitCode = 1
      }),
    )
}
