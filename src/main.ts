/** The command line. Verbs are loaded when they are called: `--help` and usage errors are quick. */
import { enableCompileCache } from 'node:module'
import { Command, CommanderError, Option } from 'commander'
import { answerCommands } from './cli/answers.ts'
import { assuranceCommands } from './cli/assurance.ts'
import { endWithReader } from './cli/broken-pipe.ts'
import { withAuditFlags } from './cli/audit-flags.ts'
import { envtestCommands } from './cli/envtest-commands.ts'
import type { NetworkFlags } from './cli/network-flags.ts'
import type { PluginFlags } from './cli/plugin-flags.ts'
import { sealingCommands, withEncryptionFlags } from './cli/sealing-commands.ts'
import { secretCommands } from './cli/secret-commands.ts'
import { withSigningFlags } from './cli/signing-flag.ts'
import type { EtcdFlags } from './cli/store-flags.ts'
import type { UserOptions } from './cli/user.ts'

enableCompileCache()
endWithReader(process.stdout)

interface Common {
  readonly name: string
  readonly dataDir?: string
}

const program = new Command('bulwark')
  .description('A Kubernetes that is safe from the first command.')
  .version('0.1.0')
  .exitOverride()
  .showHelpAfterError()

/** Errors as one sentence; what went wrong inside as a stack only where it is a bug. */
async function told(run: () => Promise<void>): Promise<void> {
  const { CommandError, UsageError } = await import('./cli/place.ts')
  const { StoreRefused } = await import('./server/store/contract.ts')
  const { MigrationRefused } = await import('./server/store/migrate.ts')
  const { ConfigurationError } = await import('./codec/configuration.ts')
  try {
    await run()
  } catch (error) {
    if (
      error instanceof UsageError ||
      error instanceof CommandError ||
      error instanceof StoreRefused ||
      error instanceof MigrationRefused ||
      error instanceof ConfigurationError
    )
      process.stderr.write(`bulwark: ${error.message}\n`)
    else process.stderr.write(`bulwark: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exitCode =
      error instanceof UsageError
        ? 2
        : error instanceof CommandError
          ? error.code
          : error instanceof MigrationRefused || error instanceof ConfigurationError
            ? 1
            : 3
  }
}

const cluster = (verb: string, description: string): Command =>
  program
    .command(verb)
    .description(description)
    .option('--name <name>', 'name of the cluster', 'default')
    .option(
      '--data-dir <dir>',
      'where clusters keep their data (default: /var/lib/bulwark for root, else $XDG_STATE_HOME/bulwark)',
    )

interface UpFlags extends Common, EtcdFlags, PluginFlags, NetworkFlags {
  readonly port?: string
  readonly nodes?: string
  readonly store?: string
  readonly detach?: boolean
  readonly containerRuntimeEndpoint?: string
}

const etcdFlags = (command: Command): Command =>
  command
    .option(
      '--key-file <file>',
      'key that seals secrets in etcd: the same for all servers (default: in the data directory)',
    )
    .option('--etcd-cafile <file>', 'authority that signed the certificate of etcd')
    .option('--etcd-certfile <file>', 'client certificate for etcd')
    .option('--etcd-keyfile <file>', 'key of the client certificate for etcd')
    .option('--etcd-prefix <path>', 'under which all keys lie in etcd (default: /registry)')

/** What every API server may be told, however it is started. */
const apiFlags = (command: Command): Command =>
  withSigningFlags(withEncryptionFlags(command))
    .option('--enable-admission-plugins <names>', 'admission plugins to add to those that are usually on')
    .option('--disable-admission-plugins <names>', 'admission plugins to leave out')
    .option('--admission-control-config-file <file>', 'AdmissionConfiguration, with the defaults of Pod Security')
    .option(
      '--service-cluster-ip-range <range>',
      'addresses of services, the same for all servers of a cluster and chosen by its first (default: 10.96.0.0/16)',
    )
    .option(
      '--service-node-port-range <range>',
      'node ports of services, chosen by the first server as well (default: 30000-32767)',
    )

const repeated = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value]

/** Whom a server believes and asks, by upstream's names. */
const trustFlags = (command: Command): Command =>
  command
    .option('--authentication-config <file>', 'AuthenticationConfiguration: issuers of OpenID Connect tokens')
    .option('--oidc-issuer-url <url>', 'the one issuer, where there is no AuthenticationConfiguration')
    .option('--oidc-client-id <id>', 'whom its tokens must be for')
    .option('--oidc-ca-file <file>', 'authority of its certificate (default: the system trusts it)')
    .option('--oidc-username-claim <claim>', 'claim that names the user (default: sub)')
    .option('--oidc-username-prefix <prefix>', 'before the name; - for none (default: the issuer, except for email)')
    .option('--oidc-groups-claim <claim>', 'claim that names groups')
    .option('--oidc-groups-prefix <prefix>', 'before the names of groups')
    .option('--oidc-signing-algs <names>', 'how tokens may be signed (default: RS256)')
    .option('--oidc-required-claim <claim=value>', 'what tokens must say; may be given several times', repeated)
    .option('--authentication-token-webhook-config-file <file>', 'kubeconfig of a webhook that knows tokens')
    .option('--authentication-token-webhook-cache-ttl <duration>', 'how long its answers count (default: 2m)')
    .option('--authentication-token-webhook-version <version>', 'v1 or v1beta1 of TokenReview (default: v1beta1)')
    .option('--authorization-config <file>', 'AuthorizationConfiguration: who is asked about rights')
    .option('--authorization-mode <modes>', 'the same as a list: Node, RBAC, Webhook (default: Node,RBAC)')
    .option('--authorization-webhook-config-file <file>', 'kubeconfig of a webhook that knows rights')
    .option('--authorization-webhook-version <version>', 'v1 or v1beta1 of SubjectAccessReview (default: v1beta1)')
    .option('--authorization-webhook-cache-authorized-ttl <duration>', 'how long its yes counts (default: 5m)')
    .option('--authorization-webhook-cache-unauthorized-ttl <duration>', 'how long its no counts (default: 30s)')
    .option('--insecure-allow-everything', 'let AlwaysAllow be a mode: everybody may do everything')

trustFlags(withAuditFlags(apiFlags(etcdFlags(cluster('up', 'Start a cluster, or what of it does not run')))))
  .option('--port <port>', 'port of the API on loopback and the node address (default: 6443)')
  .option('--nodes <nodes>', 'real, or simulated=N (default: real where this machine can, as root on Linux)')
  .option('--store <store>', 'sqlite, or the addresses of an etcd (default: sqlite)')
  .option(
    '--container-runtime-endpoint <endpoint>',
    'a CRI runtime to use, unix:///PATH, with CNI set up (default: a containerd of our own)',
  )
  .option('--detach', 'return when the cluster is ready instead of staying until Ctrl-C')
  .addHelpText(
    'after',
    '\nExamples:\n  bulwark up\n  bulwark up --detach --name test --port 7443\n  bulwark up --nodes simulated=100\n  bulwark up --container-runtime-endpoint unix:///run/containerd/containerd.sock\n  bulwark up --store https://10.0.0.1:2379,https://10.0.0.2:2379 --etcd-cafile ca.pem --etcd-certfile client.pem --etcd-keyfile client.key',
  )
  .action((flags: UpFlags) =>
    told(async () => {
      const { up, usage } = await import('./cli/up.ts')
      const { makeProgress } = await import('./cli/progress.ts')
      const progress = makeProgress(process.stderr)
      const config = await up(flags, progress).catch((error: unknown) => {
        progress.fail()
        throw error
      })
      process.stderr.write(usage(config, flags.dataDir))
      if (flags.detach !== true) {
        const { stay } = await import('./cli/stay.ts')
        await stay(flags, progress)
      }
    }),
  )

cluster('down', 'Stop a cluster')
  .option('--purge', 'remove its data as well')
  .addHelpText('after', '\nExamples:\n  bulwark down\n  bulwark down --name test --purge')
  .action((flags: Common & { purge?: boolean }) =>
    told(async () => {
      const { down } = await import('./cli/down.ts')
      const { makeProgress } = await import('./cli/progress.ts')
      const progress = makeProgress(process.stderr)
      await down(flags, progress).catch((error: unknown) => {
        progress.fail()
        throw error
      })
    }),
  )

cluster('status', 'Say what runs and whether it is ready')
  .option('-o, --output <format>', 'text or json', 'text')
  .addHelpText('after', '\nExamples:\n  bulwark status\n  bulwark status -o json')
  .action((flags: Common & { output: string }) =>
    told(async () => {
      const { status, statusText } = await import('./cli/status.ts')
      const found = await status(flags)
      process.stdout.write(flags.output === 'json' ? `${JSON.stringify(found, null, 2)}\n` : `${statusText(found)}\n`)
      if (!found.ready) process.exitCode = 1
    }),
  )

cluster('kubeconfig', "Print an administrator's kubeconfig")
  .addHelpText('after', '\nExamples:\n  bulwark kubeconfig > admin.kubeconfig')
  .action((flags: Common) =>
    told(async () => {
      const { printKubeconfig } = await import('./cli/kubeconfig.ts')
      process.stdout.write(await printKubeconfig(flags))
    }),
  )

answerCommands({ command: cluster, told })
secretCommands(program, told)

const users = program.command('user').description('Who may come in, and what they come in with')
const userCommand = (name: string, description: string): Command =>
  users
    .command(name)
    .description(description)
    .option('--name <name>', 'name of the cluster', 'default')
    .option('--data-dir <dir>', 'where clusters keep their data')
    .option('--kubeconfig <file>', "of whoever gives the order (default: the administrator's of the cluster)")
const lasting = 'how long the credential is good, such as 8h, at most 7d (default: 24h)'

userCommand('add <user>', 'Write somebody down and print a kubeconfig for them')
  .option('--groups <names>', 'groups that they belong to')
  .option('--aliases <names>', 'further names of the same person, such as an issuer of tokens gives them')
  .option('--full-name <name>', 'how people call them')
  .option('--for <duration>', lasting)
  .addHelpText('after', '\nExamples:\n  bulwark user add jane --groups dev --for 8h > jane.kubeconfig')
  .action((user: string, flags: UserOptions) =>
    told(async () => {
      const { addUser } = await import('./cli/user.ts')
      process.stdout.write(await addUser(user, flags))
    }),
  )
userCommand('kubeconfig <user>', 'Print a kubeconfig with a new credential')
  .option('--for <duration>', lasting)
  .addHelpText('after', '\nExamples:\n  bulwark user kubeconfig jane > jane.kubeconfig')
  .action((user: string, flags: UserOptions) =>
    told(async () => {
      const { userKubeconfigFor } = await import('./cli/user.ts')
      process.stdout.write(await userKubeconfigFor(user, flags))
    }),
  )
userCommand('list', 'Say who is written down')
  .option('-o, --output <format>', 'text or json', 'text')
  .addHelpText('after', '\nExamples:\n  bulwark user list -o json')
  .action((flags: UserOptions) =>
    told(async () => {
      const { listUsers } = await import('./cli/user.ts')
      process.stdout.write(await listUsers(flags))
    }),
  )
for (const [verb, disabled, description] of [
  ['disable', true, 'Let somebody in no more, whatever they show, and end what they have open'],
  ['enable', false, 'Let somebody in again'],
] as const)
  userCommand(`${verb} <user>`, description)
    .addHelpText('after', `\nExamples:\n  bulwark user ${verb} jane`)
    .action((user: string, flags: UserOptions) =>
      told(async () => {
        const { setDisabled } = await import('./cli/user.ts')
        await setDisabled(user, disabled, flags)
      }),
    )

program
  .command('image')
  .description('Images of the node')
  .command('import <file...>')
  .description('Import OCI or docker archives, under the names that they carry')
  .option('--name <name>', 'name of the cluster', 'default')
  .option('--data-dir <dir>', 'where clusters keep their data')
  .addHelpText('after', '\nExamples:\n  bulwark image import web.tar api.tar')
  .action((files: readonly string[], flags: Common) =>
    told(async () => {
      const { importImages } = await import('./cli/image.ts')
      await importImages(files, flags)
    }),
  )

trustFlags(
  withAuditFlags(
    apiFlags(etcdFlags(cluster('server', 'Run one of several API servers around an etcd, until it is ended'))),
  ),
)
  .addOption(new Option('--dir <dir>', 'directory of the cluster').hideHelp())
  .option('--store <addresses>', 'the etcd that all servers of the cluster share')
  .option('--port <port>', 'port of the API (default: 6443)')
  .option('--advertise-address <address>', 'IPv4 address at which others reach this server')
  .addHelpText(
    'after',
    '\nThe first server makes the key file; copy it to every other one. All else that servers share lies in etcd.\n' +
      '\nExamples:\n  bulwark server --store https://10.0.0.1:2379 --key-file cluster.key --etcd-cafile ca.pem --etcd-certfile client.pem --etcd-keyfile client.key',
  )
  .action((flags: Common & EtcdFlags & PluginFlags & NetworkFlags & { dir?: string; store?: string; port?: string }) =>
    told(async () => {
      const { serverProcess, sharedServer } = await import('./cli/process.ts')
      await (flags.dir === undefined ? sharedServer(flags) : serverProcess(flags.dir))
    }),
  )

const stores = program.command('store').description('Where a cluster keeps its objects')
sealingCommands({ program, stores, told })
etcdFlags(stores.command('migrate').description('Move everything between the database of one machine and an etcd'))
  .requiredOption('--from <store>', 'sqlite, or the addresses of an etcd')
  .requiredOption('--to <store>', 'the other one; must be empty')
  .option('--name <name>', 'name of the cluster', 'default')
  .option('--data-dir <dir>', 'where clusters keep their data')
  .addHelpText(
    'after',
    '\nStop every server first. The source stays as it is.\n' +
      '\nExamples:\n  bulwark store migrate --from sqlite --to https://10.0.0.1:2379 --etcd-cafile ca.pem --etcd-certfile client.pem --etcd-keyfile client.key' +
      '\n  bulwark store migrate --from https://10.0.0.1:2379 --to sqlite --etcd-cafile ca.pem --etcd-certfile client.pem --etcd-keyfile client.key',
  )
  .action((flags: Common & EtcdFlags & { from: string; to: string }) =>
    told(async () => {
      const { migrateStore } = await import('./cli/store.ts')
      const { makeProgress } = await import('./cli/progress.ts')
      const progress = makeProgress(process.stderr)
      await migrateStore(flags, progress).catch((error: unknown) => {
        progress.fail()
        throw error
      })
    }),
  )

const audits = program.command('audit').description('The record of who did what')
const ofCluster = (command: Command): Command =>
  command
    .option('--name <name>', 'name of the cluster', 'default')
    .option('--data-dir <dir>', 'where clusters keep their data')

ofCluster(audits.command('verify'))
  .description('Check that nothing of the record was changed, moved or taken out')
  .option('--public-key <file>', 'the key that must have signed, as audit key printed it')
  .option('-o, --output <format>', 'text or json', 'text')
  .addHelpText('after', '\nExamples:\n  bulwark audit verify\n  bulwark audit verify --public-key audit.pem -o json')
  .action((flags: Common & { publicKey?: string; output: string }) =>
    told(async () => {
      const { verdictText, verifyAudit } = await import('./cli/audit.ts')
      const verdicts = await verifyAudit(flags)
      if (flags.output === 'json') process.stdout.write(`${JSON.stringify(verdicts, null, 2)}\n`)
      else process.stdout.write(`${verdicts.map(verdictText).join('\n')}\n`)
      if (verdicts.some(one => one.problem !== undefined)) process.exitCode = 1
    }),
  )

ofCluster(audits.command('key'))
  .description('Print the public key of the record, to be kept where the record is not')
  .addHelpText('after', '\nExamples:\n  bulwark audit key > audit.pem')
  .action((flags: Common) =>
    told(async () => {
      const { auditKey } = await import('./cli/audit.ts')
      process.stdout.write(auditKey(flags))
    }),
  )

ofCluster(audits.command('who [deed] [thing]'))
  .description('Say who did something')
  .option('-n, --namespace <namespace>', 'where it was')
  .option('--by <user>', 'what this user did, or was made to do')
  .option('--since <time>', 'since when: 1h, 7d, or a time')
  .option('-o, --output <format>', 'table or json', 'table')
  .addHelpText(
    'after',
    '\nExamples:\n  bulwark audit who deleted deploy/web -n shop\n  bulwark audit who read secrets --since 1h\n  bulwark audit who execed pod/web-1\n  bulwark audit who --by eve -o json',
  )
  .action((deed: string | undefined, thing: string | undefined, flags: Common & { output: string }) =>
    told(async () => {
      const { askAudit, questionOf, showEntries } = await import('./cli/audit.ts')
      const words = [deed, thing].filter(word => word !== undefined)
      const entries = askAudit(flags, questionOf(words, flags, Date.now()))
      const write = (text: string): void => void process.stdout.write(text)
      const count = await showEntries(entries, { write, format: flags.output })
      if (count === 0) process.stderr.write('nothing of that is on record\n')
    }),
  )

assuranceCommands({ command: cluster, told, program })

envtestCommands({ program, told })

for (const role of ['agent', 'supervisor'] as const)
  program
    .command(role, { hidden: true })
    .requiredOption('--dir <dir>', 'directory of the cluster')
    .action(({ dir }: { dir: string }) =>
      told(async () => {
        const { agentProcess, supervisorProcess } = await import('./cli/process.ts')
        await { agent: agentProcess, supervisor: supervisorProcess }[role](dir)
      }),
    )

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode === 0 ? 0 : 2
}
