/** The commands that show how safe a cluster is. Each loads what it needs when it is called. */

/** A command that is being described. */
export interface Verb {
  option(flags: string, description: string, usual?: string): Verb
  requiredOption(flags: string, description: string): Verb
  addHelpText(position: 'after', text: string): Verb
  action(run: (flags: never) => Promise<void>): unknown
}

export interface Common {
  readonly name: string
  readonly dataDir?: string
}

export type Told = (run: () => Promise<void>) => Promise<void>

export const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)

/** @param cluster makes a command about one cluster @param told runs it and says what went wrong */
export function addAssurance(cluster: (verb: string, description: string) => Verb, told: Told): void {
  cluster('config', 'Show how a cluster is set')
    .requiredOption('--as-flags', "in the flags of upstream's programs")
    .option('-o, --output <format>', 'text or json', 'text')
    .addHelpText('after', '\nExamples:\n  bulwark config --as-flags\n  bulwark config --as-flags -o json')
    .action((flags: Common & { output: string }) =>
      told(async () => {
        const { flagsOf, flagsText } = await import('./config.ts')
        const found = flagsOf(flags)
        if (flags.output === 'json') print(found)
        else process.stdout.write(`${flagsText(found)}\n`)
      }),
    )
}
