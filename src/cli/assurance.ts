/** The commands that show how safe a cluster is. Each loads what it needs when it is called. */
import type { Command } from 'commander'
import type { Commands } from './answers.ts'
import type { PlaceOptions } from './place.ts'
import type { PostureOptions } from './posture.ts'

type Output = { readonly output: string }

const isJson = ({ output }: Output): boolean => output === 'json'
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const print = (value: unknown): void => say(JSON.stringify(value, null, 2))

const withOutput = (command: Command): Command => command.option('-o, --output <format>', 'text or json', 'text')

/** @param commands.program for what concerns no cluster that there is */
export function assuranceCommands(commands: Commands & { readonly program: Command }): void {
  addConfig(commands)
  addSockets(commands)
  addPosture(commands)
  addDrill(commands)
}

function addConfig({ command, told }: Commands): void {
  withOutput(command('config', 'Show how a cluster is set'))
    .requiredOption('--as-flags', "in the flags of upstream's programs")
    .addHelpText('after', '\nExamples:\n  bulwark config --as-flags\n  bulwark config --as-flags -o json')
    .action((flags: PlaceOptions & Output) =>
      told(async () => {
        const { flagsOf, flagsText } = await import('./config.ts')
        const found = flagsOf(flags)
        if (isJson(flags)) print(found)
        else say(flagsText(found))
      }),
    )
}

function addSockets({ command, told }: Commands): void {
  withOutput(command('sockets', 'Show every listening socket of a cluster, who may use it and from where'))
    .addHelpText(
      'after',
      '\nA socket that is not planned, or asks for nothing, makes the exit code 1.\n\nExamples:\n  bulwark sockets\n  bulwark sockets -o json',
    )
    .action((flags: PlaceOptions & Output) =>
      told(async () => {
        const { isOpen, listSockets, socketsText } = await import('./sockets.ts')
        const found = listSockets(flags)
        if (isJson(flags)) print(found)
        else say(socketsText(found))
        if (found.some(isOpen)) process.exitCode = 1
      }),
    )
}

function addPosture({ command, told }: Commands): void {
  command('posture', 'Check a running cluster and its objects against a benchmark')
    .option('--framework <name>', 'cis, nsa or pss (default: all of them)')
    .option('--exit-code', 'exit with 1 where something failed')
    .option('--all', 'show the proof of what passed as well')
    .option('-o, --output <format>', 'text, json, sarif, junit or markdown', 'text')
    .addHelpText(
      'after',
      '\nExamples:\n  bulwark posture\n  bulwark posture --framework cis --exit-code\n  bulwark posture --framework pss -o sarif > posture.sarif',
    )
    .action((flags: PostureOptions) =>
      told(async () => {
        const { posture } = await import('./posture.ts')
        const { text, failed } = await posture(flags)
        say(text)
        if (failed > 0 && flags.exitCode === true) process.exitCode = 1
      }),
    )
}

function addDrill({ program, told }: Commands & { readonly program: Command }): void {
  withOutput(program.command('drill <name>'))
    .description('Try a known break-in on a throw-away cluster: tesla or chaosdb')
    .addHelpText(
      'after',
      '\nNeeds no root and touches no other cluster. The exit code is 1 where a step succeeds.\n\nExamples:\n  bulwark drill tesla\n  bulwark drill chaosdb -o json',
    )
    .action((name: string, flags: Output) =>
      told(async () => {
        const { drill, endText, stepText } = await import('./drill.ts')
        const report = await drill(name, step => (isJson(flags) ? undefined : say(stepText(step))))
        if (isJson(flags)) print(report)
        else say(endText(report))
        if (!report.passed) process.exitCode = 1
      }),
    )
}
