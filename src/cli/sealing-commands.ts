/** The commands about what the store is sealed with, and about certificates. Each is loaded when it is called. */
import type { Command } from 'commander'
import type { EncryptionOptions, RotateOptions } from './encryption.ts'
import type { PlaceOptions } from './place.ts'
import type { Progress } from './progress.ts'

export interface SealingCommands {
  readonly program: Command
  /** `store`, which has other verbs. */
  readonly stores: Command
  /** Runs it, and says in one sentence what went wrong. */
  readonly told: (run: () => Promise<void>) => Promise<void>
}

type Output = { readonly output: string }

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const json = (value: unknown): string => JSON.stringify(value, null, 2)

const ofCluster = (command: Command): Command =>
  command
    .option('--name <name>', 'name of the cluster', 'default')
    .option('--data-dir <dir>', 'where clusters keep their data')

async function progressing(run: (progress: Progress) => Promise<void>): Promise<void> {
  const { makeProgress } = await import('./progress.ts')
  const progress = makeProgress(process.stderr)
  await run(progress).catch((error: unknown) => {
    progress.fail()
    throw error
  })
}

/** Flags of what runs a server. */
export const withEncryptionFlags = (command: Command): Command =>
  command
    .option(
      '--encryption-provider-config <file>',
      'EncryptionConfiguration: what seals in place of the key of the store',
    )
    .option('--encryption-provider-config-automatic-reload', 'follow the file while the server runs')

export function sealingCommands({ program, stores, told }: SealingCommands): void {
  ofCluster(
    stores.command('accept').description('Go on from a store that is older than it was: after a restore, on purpose'),
  )
    .addHelpText(
      'after',
      '\nA store that went back is refused: somebody may want deleted rights to come back. Look at what it holds when it runs again.\n' +
        '\nExamples:\n  bulwark store accept\n  bulwark store accept --name test',
    )
    .action((flags: PlaceOptions) =>
      told(async () => {
        const { acceptOlder } = await import('./store.ts')
        say(acceptOlder(flags))
      }),
    )
  encryptionCommands(program.command('encryption').description('What the store is sealed with'), told)
  certsCommands(
    program
      .command('certs')
      .description('Certificates of this machine: they are renewed by themselves before they are over'),
    told,
  )
}

function encryptionCommands(encryption: Command, told: SealingCommands['told']): void {
  const keyFile = ['--key-file <file>', 'of a server around an etcd: its key file'] as const
  ofCluster(encryption.command('status').description('Say how many values each key seals, and how far a rotation is'))
    .option(...keyFile)
    .option('-o, --output <format>', 'text or json', 'text')
    .addHelpText('after', '\nExamples:\n  bulwark encryption status\n  bulwark encryption status -o json')
    .action((flags: EncryptionOptions & Output) =>
      told(async () => {
        const { encryptionStatus, encryptionText } = await import('./encryption.ts')
        const found = encryptionStatus(flags)
        say(flags.output === 'json' ? json(found) : encryptionText(found))
        if (found.state === 'failed') process.exitCode = 1
      }),
    )
  ofCluster(
    encryption
      .command('rotate')
      .description('Make a new key, seal everything anew while the cluster runs, drop the old key'),
  )
    .option(...keyFile)
    .option('--per-second <values>', 'values that are sealed anew in a second', '500')
    .option(
      '--keep-key',
      'no new key: only what would be sealed differently today, after a change of the configuration',
    )
    .option('--detach', 'return at once')
    .addHelpText(
      'after',
      '\nWhat is cut short goes on when the server runs again. Around an etcd it takes two runs: the new key must be on every server before it seals.\n' +
        '\nExamples:\n  bulwark encryption rotate\n  bulwark encryption rotate --keep-key --per-second 100',
    )
    .action((flags: RotateOptions) =>
      told(async () => {
        const { rotateEncryption } = await import('./encryption.ts')
        await progressing(progress => rotateEncryption(flags, progress))
      }),
    )
}

function certsCommands(certs: Command, told: SealingCommands['told']): void {
  ofCluster(certs.command('show', { isDefault: true }).description('List each with its purpose, subject and expiry'))
    .option('-o, --output <format>', 'text or json', 'text')
    .addHelpText('after', '\nExamples:\n  bulwark certs\n  bulwark certs show -o json')
    .action((flags: PlaceOptions & Output) =>
      told(async () => {
        const { certificates, certificatesText } = await import('./certs.ts')
        const found = certificates(flags, Date.now())
        say(flags.output === 'json' ? json(found) : certificatesText(found))
        if (found.some(({ daysLeft }) => daysLeft < 0)) process.exitCode = 1
      }),
    )
  ofCluster(certs.command('renew').description('Have all of them issued anew now, without a restart'))
    .addHelpText('after', '\nExamples:\n  bulwark certs renew\n  bulwark certs renew --name test')
    .action((flags: PlaceOptions) =>
      told(async () => {
        const { renewCertificates } = await import('./certs.ts')
        await progressing(progress => renewCertificates(flags, progress))
      }),
    )
}
