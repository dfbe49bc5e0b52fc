/** `--cluster-signing-duration`, as upstream's controller manager has it. */
import type { Command } from 'commander'
import type { ServerConfig } from '#processes/config.ts'
import { secondsIn } from '#processes/settings/flag.ts'
import { UsageError } from './place.ts'

export interface SigningFlags {
  readonly clusterSigningDuration?: string
}

/** Flags of what runs the signers. */
export const withSigningFlags = (command: Command): Command =>
  command.option(
    '--cluster-signing-duration <duration>',
    'how long certificates are good at most that are asked for with a request (default: 8760h)',
  )

/** @returns the same configuration with another duration, where one is given @throws UsageError */
export function withSigning<C extends ServerConfig>(config: C, { clusterSigningDuration: text }: SigningFlags): C {
  if (text === undefined) return config
  const signingSeconds = secondsIn(text)
  if (signingSeconds === undefined || signingSeconds < 1 || !Number.isSafeInteger(signingSeconds))
    throw new UsageError(`--cluster-signing-duration must be a duration such as 8760h, not ${JSON.stringify(text)}`)
  return { ...config, signingSeconds }
}
