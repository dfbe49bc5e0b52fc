/** Which cluster a command is about. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type Layout, layout } from '#processes/layout.ts'

export interface PlaceOptions {
  readonly name: string
  readonly dataDir?: string
}

/** A mistake in how the command was called: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Something is not as the command needs it: exit code 1, or 3 where nothing could be told. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: number
  constructor(message: string, code = 1) {
    super(message)
    this.code = code
  }
}

const defaultDataDir = (env: NodeJS.ProcessEnv, uid: number | undefined): string =>
  uid === 0 ? '/var/lib/bulwark' : join(env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'bulwark')

export const dataDirectory = ({ dataDir }: Pick<PlaceOptions, 'dataDir'>): string =>
  dataDir ?? defaultDataDir(process.env, process.getuid?.())

const validName = /^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/

/** @throws UsageError */
export function placeOf(options: PlaceOptions): Layout {
  if (!validName.test(options.name))
    throw new UsageError(
      `--name must be 1 to 32 lower-case letters, digits and dashes, not ${JSON.stringify(options.name)}`,
    )
  return layout(join(dataDirectory(options), options.name))
}

export const contextOf = (name: string): string => `bulwark-${name}`
