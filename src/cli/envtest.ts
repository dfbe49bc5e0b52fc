/** `bulwark envtest`: a directory with what Go's controller-runtime looks for, and the programs that stand behind it. */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type FlagHelp, apiServerFlags, etcdFlags, helpText, parseFlags } from '#processes/envtest/flags.ts'
import { entry } from './entry.ts'
import { type PlaceOptions, dataDirectory } from './place.ts'
import { untilEnded } from './process.ts'

const programs = ['kube-apiserver', 'etcd'] as const
export type EnvtestProgram = (typeof programs)[number]

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** Writes the programs and answers their directory. */
export async function envtestDirectory(options: Pick<PlaceOptions, 'dataDir'>): Promise<string> {
  const dir = join(dataDirectory(options), 'envtest', 'bin')
  await mkdir(dir, { recursive: true, mode: 0o755 })
  for (const program of programs) {
    const command = [...entry(), 'envtest-run', program].map(quoted).join(' ')
    const file = join(dir, program)
    await writeFile(`${file}.new`, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 })
    await rename(`${file}.new`, file)
  }
  return dir
}

const flagsOf: Readonly<Record<EnvtestProgram, FlagHelp>> = { 'kube-apiserver': apiServerFlags, etcd: etcdFlags }

/** @param args as they were given to the program in that directory */
export async function runEnvtest(program: EnvtestProgram, args: readonly string[]): Promise<void> {
  const known = flagsOf[program]
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(helpText(program, known))
    return
  }
  if (args[0] === '--version') {
    process.stdout.write(program === 'etcd' ? 'etcd Version: 3.6.0\n' : 'Kubernetes v1.36.0\n')
    return
  }
  const flags = parseFlags(args, known)
  if (program === 'etcd') {
    const { runEtcdStandIn } = await import('#processes/envtest/etcd.ts')
    return untilEnded(await runEtcdStandIn(flags))
  }
  const { runApiServer } = await import('#processes/envtest/apiserver.ts')
  await untilEnded(await runApiServer(flags))
}

export const isEnvtestProgram = (name: string): name is EnvtestProgram => programs.some(program => program === name)
