/** One issuer of a configuration, checked and compiled: what its tokens must say, and who that makes of their bearers. */
import type {
  ClaimMappings,
  ClaimOrExpression,
  ClaimValidationRule,
  ExtraMapping,
  JWTAuthenticator,
  PrefixedClaimOrExpression,
  UserValidationRule,
} from '#kinds/facts/generated/types/apiserver_v1.ts'
import { type FieldError, duplicate, invalidValue, required } from '#api/validation.ts'
import { dns1123Subdomain } from '#api/names.ts'
import { type Program, compile } from '#codec/cel/compile.ts'
import type { Environment } from '#codec/cel/environment.ts'
import { claimsEnvironment, readsClaim, userEnvironment } from '#codec/cel/identity.ts'

export interface Condition {
  readonly program: Program
  readonly expression: string
  readonly message: string
}

export interface IssuerRules {
  readonly jwt: JWTAuthenticator
  readonly username?: Program
  readonly groups?: Program
  readonly uid?: Program
  readonly extra: readonly { readonly key: string; readonly program: Program }[]
  /** Claims that must have these values. */
  readonly wanted: ReadonlyMap<string, string>
  readonly claims: readonly Condition[]
  readonly user: readonly Condition[]
}

type Refuse = (error: FieldError) => void

interface Source {
  readonly path: string
  readonly expression: string
  readonly boolean?: boolean
}

function compiled(environment: Environment, { path, expression, boolean = false }: Source, refuse: Refuse) {
  const made = compile(expression, environment)
  if (!made.ok) refuse(invalidValue(path, expression, `compilation failed: ${made.text}`))
  else if (boolean && made.type.kind !== 'bool') refuse(invalidValue(path, expression, 'must evaluate to bool'))
  else return made.program
  return undefined
}

const isSet = (text: string | undefined): text is string => text !== undefined && text !== ''

function claimRules(rules: readonly ClaimValidationRule[], refuse: Refuse) {
  const wanted = new Map<string, string>()
  const claims: Condition[] = []
  const seen = new Set<string>()
  rules.forEach(({ claim, requiredValue, expression, message = '' }, index) => {
    const path = `claimValidationRules[${index}]`
    if (isSet(claim) && isSet(expression))
      return refuse(invalidValue(path, claim, "claim and expression can't both be set"))
    if (isSet(claim)) {
      if (message !== '') refuse(invalidValue(`${path}.message`, message, 'may not be specified when claim is set'))
      if (wanted.has(claim)) refuse(duplicate(`${path}.claim`, claim))
      wanted.set(claim, requiredValue ?? '')
      return undefined
    }
    if (!isSet(expression)) return refuse(required(path, 'claim or expression is required'))
    if (isSet(requiredValue))
      refuse(invalidValue(`${path}.requiredValue`, requiredValue, 'may not be specified when expression is set'))
    if (seen.has(expression)) return refuse(duplicate(`${path}.expression`, expression))
    seen.add(expression)
    const source = { path: `${path}.expression`, expression, boolean: true }
    const program = compiled(claimsEnvironment(), source, refuse)
    if (program !== undefined) claims.push({ program, expression, message })
    return undefined
  })
  return { wanted, claims }
}

function userRules(rules: readonly UserValidationRule[], refuse: Refuse): readonly Condition[] {
  const seen = new Set<string>()
  return rules.flatMap(({ expression, message = '' }, index) => {
    const path = `userValidationRules[${index}].expression`
    if (!isSet(expression)) refuse(required(path))
    else if (seen.has(expression)) refuse(duplicate(path, expression))
    else {
      seen.add(expression)
      const program = compiled(userEnvironment(), { path, expression, boolean: true }, refuse)
      if (program !== undefined) return [{ program, expression, message }]
    }
    return []
  })
}

function prefixed(path: string, mapping: PrefixedClaimOrExpression, refuse: Refuse): Program | undefined {
  const { claim, prefix, expression } = mapping
  if (isSet(claim) && isSet(expression)) {
    refuse(invalidValue(path, '', "claim and expression can't both be set"))
    return undefined
  }
  if (isSet(expression)) {
    if (prefix !== undefined)
      refuse(invalidValue(`${path}.prefix`, prefix, 'may not be specified when expression is set'))
    return compiled(claimsEnvironment(), { path: `${path}.expression`, expression }, refuse)
  }
  if (isSet(claim) && prefix === undefined)
    refuse(
      required(
        `${path}.prefix`,
        'prefix is required when claim is set. It can be set to an empty string to disable prefixing',
      ),
    )
  return undefined
}

function uidRule({ claim, expression }: ClaimOrExpression, refuse: Refuse): Program | undefined {
  if (isSet(claim) && isSet(expression))
    refuse(invalidValue('claimMappings.uid', '', "claim and expression can't both be set"))
  else if (isSet(expression))
    return compiled(claimsEnvironment(), { path: 'claimMappings.uid.expression', expression }, refuse)
  return undefined
}

const pathShape = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/
const isReserved = (domain: string): boolean => /(^|\.)(kubernetes|k8s)\.io$/.test(domain)

function checkKey(path: string, key: string, refuse: Refuse): void {
  const slash = key.indexOf('/')
  const [domain, rest] = [key.slice(0, Math.max(0, slash)), key.slice(slash + 1)]
  if (key === '') refuse(required(path))
  else if (domain === '' || rest === '')
    refuse(invalidValue(path, key, 'must be a domain-prefixed path (such as "acme.io/foo")'))
  else {
    for (const problem of dns1123Subdomain(domain)) refuse(invalidValue(path, domain, problem))
    if (!pathShape.test(rest))
      refuse(invalidValue(path, rest, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"))
  }
  if (key !== key.toLowerCase()) refuse(invalidValue(path, key, 'must be lowercase'))
  if (isReserved(domain))
    refuse(invalidValue(path, key, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use'))
}

function extraRules(extra: NonNullable<ClaimMappings['extra']>, refuse: Refuse): IssuerRules['extra'] {
  const seen = new Set<string>()
  return extra.flatMap(({ key: given, valueExpression }: Partial<ExtraMapping>, index) => {
    const key = given ?? ''
    const path = `claimMappings.extra[${index}]`
    checkKey(`${path}.key`, key, refuse)
    if (seen.has(key)) refuse(duplicate(`${path}.key`, key))
    else if (!isSet(valueExpression)) refuse(required(`${path}.valueExpression`))
    else {
      const source = { path: `${path}.valueExpression`, expression: valueExpression }
      const program = compiled(claimsEnvironment(), source, refuse)
      seen.add(key)
      if (program !== undefined) return [{ key, program }]
    }
    seen.add(key)
    return []
  })
}

/** Who takes `claims.email` for a name must say what becomes of addresses that nobody has verified. */
function checkEmail({ claimMappings, claimValidationRules = [] }: JWTAuthenticator, refuse: Refuse): void {
  const { username, extra = [] } = claimMappings
  const { expression = '' } = username
  if (!readsClaim(expression, 'email')) return
  const others = [
    expression,
    ...extra.map(one => one.valueExpression ?? ''),
    ...claimValidationRules.map(rule => rule.expression ?? ''),
  ]
  if (others.some(one => readsClaim(one, 'email_verified'))) return
  refuse(
    invalidValue(
      'claimMappings.username.expression',
      expression,
      'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
    ),
  )
}

/** @param refuse told of each problem, its path counted from the authenticator. */
export function compileRules(jwt: JWTAuthenticator, refuse: Refuse): IssuerRules {
  const { wanted, claims } = claimRules(jwt.claimValidationRules ?? [], refuse)
  const mappings: Partial<ClaimMappings> = jwt.claimMappings ?? {}
  const { username: name = {}, groups: teams = {}, uid: id = {}, extra = [] } = mappings
  if (!isSet(name.claim) && !isSet(name.expression))
    refuse(required('claimMappings.username', 'claim or expression is required'))
  const username = prefixed('claimMappings.username', name, refuse)
  const groups = prefixed('claimMappings.groups', teams, refuse)
  const uid = uidRule(id, refuse)
  const made = { extra: extraRules(extra, refuse), user: userRules(jwt.userValidationRules ?? [], refuse) }
  checkEmail({ ...jwt, claimMappings: { ...mappings, username: name, uid: id } }, refuse)
  return {
    jwt,
    wanted,
    claims,
    ...made,
    ...(username === undefined ? {} : { username }),
    ...(groups === undefined ? {} : { groups }),
    ...(uid === undefined ? {} : { uid }),
  }
}
