/** How much of what Secrets held is kept: SecretVersionsConfiguration of bulwark.dev/v1alpha1 in an AdmissionConfiguration. */

export interface SecretVersionSettings {
  /** Contents of each Secret that are kept beside its own. */
  readonly keep: number
  /** Seconds that they outlive the Secret. */
  readonly afterDeletion: number
}

export const mostKept = 20
export const usualVersions: SecretVersionSettings = { keep: 5, afterDeletion: 24 * 3600 }

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
const longest = 90 * 86_400

/** `24h`. @returns seconds, undefined for what is none */
function secondsOf(text: unknown): number | undefined {
  const found = typeof text === 'string' ? /^(\d{1,7})([smhd])$/.exec(text) : null
  const seconds = found === null ? undefined : Number(found[1]) * (units[found[2] ?? ''] ?? 0)
  return seconds === undefined || seconds > longest ? undefined : seconds
}

const isCount = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= mostKept

/** @param value as JSON or YAML have it @throws Error that says what is wrong */
export function readVersionSettings(value: unknown): SecretVersionSettings {
  if (typeof value !== 'object' || value === null) throw new Error('expected SecretVersionsConfiguration')
  const { apiVersion, kind, keep, afterDeletion, ...more }: Readonly<Record<string, unknown>> = { ...value }
  if (kind !== 'SecretVersionsConfiguration' || apiVersion !== 'bulwark.dev/v1alpha1')
    throw new Error('expected SecretVersionsConfiguration of bulwark.dev/v1alpha1')
  const [unknown] = Object.keys(more)
  if (unknown !== undefined) throw new Error(`unknown field "${unknown}"`)
  if (keep !== undefined && !isCount(keep)) throw new Error(`keep must be a whole number from 0 to ${mostKept}`)
  const seconds = afterDeletion === undefined ? usualVersions.afterDeletion : secondsOf(afterDeletion)
  if (seconds === undefined) throw new Error('afterDeletion must be a duration such as 24h, at most 90d')
  return { keep: keep ?? usualVersions.keep, afterDeletion: seconds }
}

/** On a Secret: how many of its contents are kept, other than usually. */
export const keepAnnotation = 'bulwark.dev/keep-versions'

/** @returns undefined where it cannot be read */
export const keepIn = (text: string): number | undefined => {
  const value = /^\d{1,2}$/.test(text) ? Number(text) : undefined
  return isCount(value) ? value : undefined
}
