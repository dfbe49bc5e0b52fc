/** From what a token claims to who that is. Reads nothing but the claims: where a token says that some are elsewhere, they are absent. */
import type { Program } from '#codec/cel/compile.ts'
import type { Activation } from '#codec/cel/frame.ts'
import { fromJson } from '#codec/cel/json.ts'
import { userType } from '#codec/cel/admission.ts'
import { claimsType } from '#codec/cel/identity.ts'
import { CelList, type Result, isError } from '#codec/cel/values.ts'
import type { Identity } from '../user.ts'
import type { Condition, IssuerRules } from './rules.ts'

/** Why a token that is genuine makes nobody. Names claims and rules, shows no values. */
export class ClaimsError extends Error {}

export type Claims = Readonly<Record<string, unknown>>

const claim = (claims: Claims, name: string): unknown => (Object.hasOwn(claims, name) ? claims[name] : undefined)

function textOf(claims: Claims, name: string, what: string): string {
  const value = claim(claims, name)
  if (value === undefined) throw new ClaimsError(`oidc: parse ${what} claim ${JSON.stringify(name)}: claim not present`)
  if (typeof value !== 'string')
    throw new ClaimsError(`oidc: parse ${what} claim ${JSON.stringify(name)}: not a string`)
  return value
}

function evaluated(program: Program, values: Activation, what: string): Result {
  const { value } = program.evaluate(values)
  if (isError(value)) throw new ClaimsError(`oidc: error evaluating ${what} expression: ${value.message}`)
  return value
}

const activation = (claims: Claims): Activation => new Map([['claims', () => fromJson(claims, claimsType)]])

function textFrom(program: Program, claims: Claims, what: string): string {
  const value = evaluated(program, activation(claims), `${what} claim`)
  if (typeof value !== 'string')
    throw new ClaimsError(
      `oidc: error evaluating ${what} claim expression: ${what} claim expression must return a string`,
    )
  return value
}

/** A text, or a list of texts; empty ones count for nothing. */
function textsFrom(program: Program, claims: Claims, what: string): readonly string[] {
  const value = evaluated(program, activation(claims), what)
  if (value === null) return []
  const items: readonly unknown[] = value instanceof CelList ? value.items() : [value]
  if (!items.every(item => typeof item === 'string'))
    throw new ClaimsError(
      `oidc: error evaluating ${what} expression: expression must return a string or a list of strings`,
    )
  return items.filter(item => item !== '')
}

function usernameOf(rules: IssuerRules, claims: Claims): string {
  const { username } = rules.jwt.claimMappings
  const name = rules.username === undefined ? named(rules, claims) : textFrom(rules.username, claims, 'username')
  if (name === '' || name === (username.prefix ?? '')) throw new ClaimsError('oidc: the username is empty')
  return name
}

function named(rules: IssuerRules, claims: Claims): string {
  const { claim: from = '', prefix = '' } = rules.jwt.claimMappings.username
  const name = textOf(claims, from, 'username')
  const verified = claim(claims, 'email_verified')
  if (from === 'email' && verified !== undefined && verified !== true) throw new ClaimsError('oidc: email not verified')
  return `${prefix}${name}`
}

function groupsOf(rules: IssuerRules, claims: Claims): readonly string[] {
  if (rules.groups !== undefined) return textsFrom(rules.groups, claims, 'group claim')
  const { claim: from = '', prefix = '' } = rules.jwt.claimMappings.groups ?? {}
  const value = from === '' ? undefined : claim(claims, from)
  if (value === undefined) return []
  const groups: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (!groups.every(group => typeof group === 'string'))
    throw new ClaimsError(`oidc: parse groups claim ${JSON.stringify(from)}: neither a string nor a list of strings`)
  return groups.map(group => `${prefix}${group}`)
}

function uidOf(rules: IssuerRules, claims: Claims): string {
  if (rules.uid !== undefined) return textFrom(rules.uid, claims, 'uid')
  const from = rules.jwt.claimMappings.uid?.claim ?? ''
  return from === '' ? '' : textOf(claims, from, 'uid')
}

function extraOf(rules: IssuerRules, claims: Claims): Readonly<Record<string, readonly string[]>> {
  const id = claim(claims, 'jti')
  const credential: [string, readonly string[]][] =
    typeof id === 'string' && id !== '' ? [['authentication.kubernetes.io/credential-id', [`JTI=${id}`]]] : []
  const mapped = rules.extra.map(({ key, program }): [string, readonly string[]] => [
    key,
    textsFrom(program, claims, 'extra claim'),
  ])
  return Object.fromEntries([...credential, ...mapped.filter(([, values]) => values.length > 0)])
}

function holds(conditions: readonly Condition[], values: Activation, what: string): void {
  for (const { program, expression, message } of conditions)
    if (evaluated(program, values, what) !== true)
      throw new ClaimsError(
        `oidc: error evaluating ${what} expression: validation expression '${expression}' failed${message === '' ? '' : `: ${message}`}`,
      )
}

/** What only this server gives: an issuer that says it speaks of somebody else. */
const ours = (name: string): boolean => name.startsWith('system:')

/** @throws ClaimsError */
export function identityOf(rules: IssuerRules, claims: Claims): Identity {
  for (const [name, value] of rules.wanted) {
    if (!Object.hasOwn(claims, name)) throw new ClaimsError(`oidc: required claim ${name} not present in ID token`)
    if (claims[name] !== value) throw new ClaimsError(`oidc: required claim ${name} value does not match`)
  }
  const [name, groups, uid] = [usernameOf(rules, claims), groupsOf(rules, claims), uidOf(rules, claims)]
  const extra = extraOf(rules, claims)
  holds(rules.claims, activation(claims), 'claim validation')
  const shown = { username: name, groups, uid, extra }
  holds(rules.user, new Map([['user', () => fromJson(shown, userType)]]), 'user validation')
  if (ours(name) || groups.some(ours))
    throw new ClaimsError("oidc: users and groups whose names begin with system: are no issuer's to name")
  return {
    name,
    groups: [...new Set(groups)],
    ...(uid === '' ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
    source: 'oidc',
  }
}
