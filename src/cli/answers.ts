/** The commands that answer questions about rights. Each is loaded when it is called. */
import type { Command } from 'commander'
import type { WhatIfOptions } from './what-if.ts'
import type { WhoCanOptions } from './who-can.ts'
import type { WhyOptions } from './why.ts'

export interface Commands {
  /** A verb with the options that say which cluster. */
  readonly command: (verb: string, description: string) => Command
  /** Runs it, and says in one sentence what went wrong. */
  readonly told: (run: () => Promise<void>) => Promise<void>
}

type Output = { readonly output: string }

const say = (text: string): void => void process.stdout.write(text)
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const asked = (command: Command): Command =>
  command
    .option('--kubeconfig <file>', 'who asks (default: the administrator)')
    .option('-o, --output <format>', 'text or json', 'text')

export function answerCommands({ command, told }: Commands): void {
  asked(command('why <decision>', 'Say what refused a request or a pod, and what would allow it'))
    .option('-n, --namespace <namespace>', 'of a pod')
    .addHelpText(
      'after',
      '\nA refusal carries the number among its causes, the event of a pod that is on no node as an annotation.\n\nExamples:\n  bulwark why 0f3c5a9b1d2e\n  bulwark why pod/web -n shop',
    )
    .action((id: string, flags: WhyOptions & Output) =>
      told(async () => {
        const { decisionOf, decisionText } = await import('./why.ts')
        const decision = await decisionOf(id, flags)
        say(flags.output === 'json' ? json(decision) : decisionText(decision))
      }),
    )
  asked(command('who-can <verb> <resource...>', 'List everybody who can do something, also by a detour'))
    .option('-n, --namespace <namespace>', 'where', 'default')
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('--direct', 'only those who hold the right themselves')
    .addHelpText(
      'after',
      '\nExamples:\n  bulwark who-can delete pods -n shop\n  bulwark who-can get secrets db-password -n shop\n  bulwark who-can create pods/exec -A -o json\n  bulwark who-can get /metrics',
    )
    .action((verb: string, what: readonly string[], flags: WhoCanOptions & Output) =>
      told(async () => {
        const { askWhoCan, whoCanText } = await import('./who-can.ts')
        const found = await askWhoCan([verb, ...what], flags)
        say(flags.output === 'json' ? json(found) : whoCanText(found))
      }),
    )
  asked(command('what-if', 'Say which recorded requests other roles would have answered otherwise'))
    .requiredOption('-f, --filename <file>', 'roles and bindings to suppose, - for standard input')
    .option('--since <time>', 'requests since when: 1h, 7d, or a time', '1h')
    .addHelpText(
      'after',
      '\nExamples:\n  bulwark what-if -f role.yaml --since 1h\n  bulwark what-if -f role.yaml --since 7d -o json',
    )
    .action((flags: WhatIfOptions & Output) =>
      told(async () => {
        const { askWhatIf, whatIfText } = await import('./what-if.ts')
        const changes = await askWhatIf(flags, Date.now())
        say(flags.output === 'json' ? json(changes) : whatIfText(changes))
        if (changes.length === 0 && flags.output !== 'json')
          process.stderr.write('nothing that is on record would have been answered otherwise\n')
      }),
    )
}
