/** The command line. Verbs are loaded when they are called: `--help` and usage errors are quick. */
import { enableCompileCache } from 'node:module'
import { Command, CommanderError } from 'commander'

enableCompileCache()

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
  try {
    await run()
  } catch (error) {
    if (error instanceof UsageError || error instanceof CommandError || error instanceof StoreRefused)
      process.stderr.write(`bulwark: ${error.message}\n`)
    else process.stderr.write(`bulwark: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exitCode = error instanceof UsageError ? 2 : error instanceof CommandError ? error.code : 3
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

interface UpFlags extends Common {
  readonly port?: string
  readonly nodes?: string
  readonly store?: string
  readonly detach?: boolean
  readonly containerRuntimeEndpoint?: string
}

cluster('up', 'Start a cluster, or what of it does not run')
  .option('--port <port>', 'port of the API on loopback and the node address (default: 6443)')
  .option('--nodes <nodes>', 'real, or simulated=N (default: real where this machine can, as root on Linux)')
  .option('--store <store>', 'sqlite')
  .option(
    '--container-runtime-endpoint <endpoint>',
    'a CRI runtime to use, unix:///PATH, with CNI set up (default: a containerd of our own)',
  )
  .option('--detach', 'return when the cluster is ready instead of staying until Ctrl-C')
  .addHelpText(
    'after',
    '\nExamples:\n  bulwark up\n  bulwark up --detach --name test --port 7443\n  bulwark up --nodes simulated=100\n  bulwark up --container-runtime-endpoint unix:///run/containerd/containerd.sock',
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

for (const role of ['server', 'agent', 'supervisor'] as const)
  program
    .command(role, { hidden: true })
    .requiredOption('--dir <dir>', 'directory of the cluster')
    .action(({ dir }: { dir: string }) =>
      told(async () => {
        const { agentProcess, serverProcess, supervisorProcess } = await import('./cli/process.ts')
        await { server: serverProcess, agent: agentProcess, supervisor: supervisorProcess }[role](dir)
      }),
    )

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode === 0 ? 0 : 2
}
