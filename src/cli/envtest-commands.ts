/** The commands for tests of operators that are written in Go. */
import type { Command } from 'commander'
import type { Commands } from './answers.ts'

export function envtestCommands({ program, told }: Pick<Commands, 'told'> & { readonly program: Command }): void {
  program
    .command('envtest')
    .description(
      "Print a directory for KUBEBUILDER_ASSETS: operators written in Go test against Bulwark with controller-runtime's envtest",
    )
    .option('--data-dir <dir>', 'where the directory is made')
    .addHelpText('after', '\nExamples:\n  KUBEBUILDER_ASSETS="$(bulwark envtest)" go test ./...')
    .action((flags: { dataDir?: string }) =>
      told(async () => {
        const { envtestDirectory } = await import('./envtest.ts')
        process.stdout.write(`${await envtestDirectory(flags)}\n`)
      }),
    )

  program
    .command('envtest-run <program> [args...]', { hidden: true })
    .allowUnknownOption()
    .helpOption(false)
    .action((name: string) =>
      told(async () => {
        const { isEnvtestProgram, runEnvtest } = await import('./envtest.ts')
        if (!isEnvtestProgram(name)) throw new Error(`there is no ${name}`)
        await runEnvtest(name, process.argv.slice(process.argv.indexOf('envtest-run') + 2))
      }),
    )
}
