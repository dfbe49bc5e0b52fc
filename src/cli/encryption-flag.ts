/** `--encryption-provider-config` and `--encryption-provider-config-automatic-reload`, as upstream's server has them. */
import { resolve } from 'node:path'
import type { ClusterConfig } from '#processes/config.ts'
import { readRulesFile } from '#processes/encryption/rules.ts'
import { UsageError } from './place.ts'

export interface EncryptionFlags {
  readonly encryptionProviderConfig?: string
  readonly encryptionProviderConfigAutomaticReload?: boolean
}

/** @returns what the flags say, undefined where they say nothing; '' takes the file away. @throws UsageError */
export function encryptionFlags({
  encryptionProviderConfig: file,
  encryptionProviderConfigAutomaticReload: reload = false,
}: EncryptionFlags): ClusterConfig['encryption'] | 'none' | undefined {
  if (file === undefined) {
    if (reload) throw new UsageError('--encryption-provider-config-automatic-reload needs --encryption-provider-config')
    return undefined
  }
  if (file === '') return 'none'
  const path = resolve(file)
  try {
    readRulesFile(path)
  } catch (error) {
    throw new UsageError(`--encryption-provider-config: ${error instanceof Error ? error.message : String(error)}`)
  }
  return { file: path, reload }
}
