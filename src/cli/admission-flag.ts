/** `--admission-control-config-file`, as upstream's server has it. */
import { resolve } from 'node:path'
import { readAdmissionFile } from '#processes/admission-file.ts'
import { UsageError } from './place.ts'

/** @returns the absolute path of a file that can be used @throws UsageError that says what is wrong with it */
export function admissionFile(file: string): string {
  const path = resolve(file)
  try {
    readAdmissionFile(path)
  } catch (error) {
    throw new UsageError(`--admission-control-config-file: ${error instanceof Error ? error.message : String(error)}`)
  }
  return path
}
