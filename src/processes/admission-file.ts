/** The file behind `--admission-control-config-file`, and those that it names. */
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseYaml } from '#codec/yaml.ts'
import { type AdmissionSettings, admissionSettings } from '#plane/admission-configuration.ts'

/** Bytes of one file. */
const most = 1024 * 1024

function textOf(file: string): string {
  if (statSync(file).size > most) throw new Error(`${file} is longer than ${most} bytes`)
  return readFileSync(file, 'utf8')
}

/** @param file an absolute path; the paths in it start at its folder @throws Error that says what is wrong with it */
export function readAdmissionFile(file: string): AdmissionSettings {
  try {
    return admissionSettings(parseYaml(textOf(file)), path => textOf(resolve(dirname(file), path)))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`unable to read admission control configuration from ${JSON.stringify(file)}: ${why}`)
  }
}
