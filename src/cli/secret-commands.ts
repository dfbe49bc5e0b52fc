/** The commands below `bulwark secret`. */
import type { Command } from 'commander'
import type { ListOptions } from './secret-list.ts'
import type { ReadersOptions } from './secret-readers.ts'
import type { RollbackOptions, SecretOptions } from './secret-versions.ts'

type Told = (run: () => Promise<void>) => Promise<void>

const placed = (command: Command): Command =>
  command
    .option('--name <name>', 'name of the cluster', 'default')
    .option('--data-dir <dir>', 'where clusters keep their data')
    .option('-n, --namespace <namespace>', 'where the Secret is')

const asked = (command: Command): Command =>
  placed(command).option('--kubeconfig <file>', "of whoever asks (default: the administrator's of the cluster)")

export function secretCommands(program: Command, told: Told): void {
  const secret = program.command('secret').description('What Secrets there are, what they held, who reads them')
  asked(secret.command('list').description('List Secrets: age, expiry, rotation, use and last reader; never values'))
    .option('-A, --all-namespaces', 'of the whole cluster')
    .option('--since <time>', 'how far back the record is read: 1h, 7d, or a time (default: 7d)')
    .option('-o, --output <format>', 'table or json', 'table')
    .addHelpText('after', '\nExamples:\n  bulwark secret list -n shop\n  bulwark secret list -A -o json')
    .action((flags: ListOptions) =>
      told(async () => {
        const { listSecrets } = await import('./secret-list.ts')
        const { text, note } = await listSecrets(flags, Date.now())
        process.stdout.write(text)
        process.stderr.write(text === '' ? 'there are no Secrets\n' : note)
      }),
    )
  asked(secret.command('history <secret>').description('Say which contents are kept of a Secret'))
    .option('-o, --output <format>', 'table or json', 'table')
    .addHelpText('after', '\nExamples:\n  bulwark secret history db -n shop')
    .action((name: string, flags: SecretOptions) =>
      told(async () => {
        const { secretHistory } = await import('./secret-versions.ts')
        process.stdout.write(await secretHistory(name, flags))
      }),
    )
  asked(secret.command('rollback <secret>').description('Give a Secret what it held in an earlier revision'))
    .requiredOption('--to <revision>', 'as history shows it')
    .addHelpText('after', '\nExamples:\n  bulwark secret rollback db -n shop --to 3')
    .action((name: string, flags: RollbackOptions) =>
      told(async () => {
        const { rollbackSecret } = await import('./secret-versions.ts')
        process.stdout.write(await rollbackSecret(name, flags))
      }),
    )
  placed(secret.command('readers <secret>').description('Say who read a Secret, and when'))
    .option('--since <time>', 'since when: 1h, 7d, or a time (default: as far back as the record goes)')
    .option('-o, --output <format>', 'table or json', 'table')
    .addHelpText('after', '\nExamples:\n  bulwark secret readers db -n shop --since 7d')
    .action((name: string, flags: ReadersOptions) =>
      told(async () => {
        const { secretReaders } = await import('./secret-readers.ts')
        const text = await secretReaders(name, flags, Date.now())
        process.stdout.write(text)
        if (text === '') process.stderr.write('nothing of that is on record\n')
      }),
    )
}
