/** What is done about what looks like a secret: SecretScanConfiguration of bulwark.dev/v1alpha1 in an AdmissionConfiguration. */
import { dns1123Label } from '#api/names.ts'

export interface SecretScanSettings {
  /** `Deny`: such objects are refused, except where nobody could do anything about it (see the step). */
  readonly mode: 'Warn' | 'Deny'
  readonly namespaces: ReadonlySet<string>
  readonly usernames: ReadonlySet<string>
}

export const usualScan: SecretScanSettings = { mode: 'Warn', namespaces: new Set(), usernames: new Set() }

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown, path: string, known: readonly string[]): Fields {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error(`${path} must be an object`)
  const unknown = Object.keys(value).find(name => !known.includes(name))
  if (unknown !== undefined) throw new Error(`unknown field "${path === '' ? '' : `${path}.`}${unknown}"`)
  return value as Fields
}

function namesIn(fields: Fields, field: string, problems: (name: string) => readonly string[]): ReadonlySet<string> {
  const value = fields[field]
  if (value === undefined || value === null) return new Set()
  const names: unknown[] = Array.isArray(value) ? value : [undefined]
  return new Set(
    names.map((name, at) => {
      if (typeof name !== 'string') throw new Error(`exemptions.${field} must be a list of strings`)
      const wrong = problems(name)
      if (wrong.length > 0) throw new Error(`exemptions.${field}[${at}]: ${wrong.join(', ')}`)
      return name
    }),
  )
}

/** @param value as JSON or YAML have it @throws Error that says what is wrong */
export function readScanSettings(value: unknown): SecretScanSettings {
  const fields = fieldsOf(value, '', ['apiVersion', 'kind', 'mode', 'exemptions'])
  if (fields['kind'] !== 'SecretScanConfiguration' || fields['apiVersion'] !== 'bulwark.dev/v1alpha1')
    throw new Error('expected SecretScanConfiguration of bulwark.dev/v1alpha1')
  const mode = fields['mode'] ?? 'Warn'
  if (mode !== 'Warn' && mode !== 'Deny') throw new Error('mode must be Warn or Deny')
  const exempt = fieldsOf(fields['exemptions'], 'exemptions', ['namespaces', 'usernames'])
  return {
    mode,
    namespaces: namesIn(exempt, 'namespaces', dns1123Label),
    usernames: namesIn(exempt, 'usernames', name => (name === '' ? ['must not be empty'] : [])),
  }
}
