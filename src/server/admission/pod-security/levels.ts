/** What a namespace asks of its pods: a level and a version of it for each of three modes, read from labels. */
import { type FieldError, invalidValue } from '#api/validation.ts'

/** From lax to strict. */
export const levels = ['privileged', 'baseline', 'restricted'] as const
export type Level = (typeof levels)[number]

export const modes = ['enforce', 'audit', 'warn'] as const
export type Mode = (typeof modes)[number]

/** The minor number of `v1.N`. */
export type Version = number

/** Newer than every version there will be. */
export const latest: Version = Infinity

export interface LevelVersion {
  readonly level: Level
  readonly version: Version
  /** `baseline:latest`, `restricted:v1.25` */
  readonly text: string
}

export type Policy = Readonly<Record<Mode, LevelVersion>>

export const prefix = 'pod-security.kubernetes.io/'

export const levelError = `must be one of ${levels.join(', ')}`
export const versionError = 'must be "latest" or "v1.x"'

const level = new Map<string, Level>(levels.map(one => [one, one]))

/** @returns undefined for what is no level. */
export const parseLevel = (text: string): Level | undefined => level.get(text)

/** @returns undefined for what is no version. */
export function parseVersion(text: string): Version | undefined {
  if (text === 'latest') return latest
  const [, digits] = /^v1\.(0|[1-9][0-9]*)$/.exec(text) ?? []
  const minor = Number(digits)
  return Number.isSafeInteger(minor) ? minor : undefined
}

export const versionText = (version: Version): string => (version === latest ? 'latest' : `v1.${version}`)

export const levelVersion = (of: Level, version: Version): LevelVersion => ({
  level: of,
  version,
  text: `${of}:${versionText(version)}`,
})

/** Positive where the first is the stricter one. */
export const compareLevels = (one: Level, other: Level): number => levels.indexOf(one) - levels.indexOf(other)

/** All that is privileged is the same, whatever its version. */
export const isEquivalent = (one: LevelVersion, other: LevelVersion): boolean =>
  one.text === other.text || (one.level === 'privileged' && other.level === 'privileged')

export const isFullyPrivileged = (policy: Policy): boolean => modes.every(mode => policy[mode].level === 'privileged')

/** What stands in for a level that cannot be read: enforcing closes, telling is left out. */
const unreadable: Readonly<Record<Mode, Level>> = { enforce: 'restricted', audit: 'privileged', warn: 'privileged' }

export interface Read {
  readonly policy: Policy
  readonly errors: readonly FieldError[]
}

type Labels = Readonly<Record<string, string>>

const own = (labels: Labels, name: string): string | undefined =>
  Object.hasOwn(labels, name) ? labels[name] : undefined

function readMode(labels: Labels, mode: Mode, usual: LevelVersion) {
  const errors: FieldError[] = []
  const wrong = (label: string, value: string, detail: string): void =>
    void errors.push(invalidValue(`metadata.labels[${label}]`, value, detail))
  const [levelLabel, versionLabel] = [prefix + mode, `${prefix}${mode}-version`]
  const [askedLevel, askedVersion] = [own(labels, levelLabel), own(labels, versionLabel)]
  let { level: found, version } = usual
  if (askedLevel !== undefined) {
    const parsed = parseLevel(askedLevel)
    if (parsed === undefined) wrong(levelLabel, askedLevel, levelError)
    found = parsed ?? unreadable[mode]
  }
  if (askedVersion !== undefined) {
    const parsed = parseVersion(askedVersion)
    if (parsed === undefined) wrong(versionLabel, askedVersion, versionError)
    version = parsed ?? latest
  }
  const [named, pinned] = [askedLevel !== undefined, askedVersion !== undefined]
  return { level: found, version, errors, named, pinned }
}

/** There is always a policy, also where labels cannot be read. Who asks for a stricter level is warned by it, too. */
export function readPolicy(labels: Labels | undefined, defaults: Policy): Read {
  if (labels === undefined || Object.keys(labels).length === 0) return { policy: defaults, errors: [] }
  const [enforce, audit, warn] = [
    readMode(labels, 'enforce', defaults.enforce),
    readMode(labels, 'audit', defaults.audit),
    readMode(labels, 'warn', defaults.warn),
  ]
  const asked = parseLevel(own(labels, `${prefix}enforce`) ?? '')
  if (!warn.named && asked !== undefined && compareLevels(asked, warn.level) > 0) {
    warn.level = asked
    if (!warn.pinned) warn.version = enforce.version
  }
  return {
    policy: {
      enforce: levelVersion(enforce.level, enforce.version),
      audit: levelVersion(audit.level, audit.version),
      warn: levelVersion(warn.level, warn.version),
    },
    errors: [...enforce.errors, ...audit.errors, ...warn.errors],
  }
}
