/** AuthenticationConfiguration: which issuers' tokens are taken, and where nobody needs any. Checked with upstream's messages. */
import { X509Certificate } from 'node:crypto'
import type {
  AnonymousAuthConfig,
  AuthenticationConfiguration,
  Issuer,
} from '#kinds/facts/generated/types/apiserver_v1.ts'
import { typeSchema } from '#kinds/facts/read.ts'
import { FieldError, duplicate, invalidValue, omitted, required, tooMany } from '#api/validation.ts'
import { readConfiguration, refuse } from '#codec/configuration.ts'
import { type IssuerRules, compileRules } from './rules.ts'

export interface CheckedAuthentication {
  readonly issuers: readonly IssuerRules[]
  readonly anonymous: AnonymousAuthConfig | undefined
}

const mostIssuers = 64

type Report = (error: FieldError) => void

interface Place {
  readonly path: string
  readonly url: string
  readonly forbidden: readonly string[]
}

function checkUrl({ path, url, forbidden }: Place, report: Report): void {
  const wrong = (detail: string): void => report(invalidValue(path, url, detail))
  if (forbidden.includes(url)) wrong(`URL must not overlap with disallowed issuers: [${forbidden.join(' ')}]`)
  if (!URL.canParse(url)) return wrong(`parse ${JSON.stringify(url)}: invalid URL`)
  const parsed = new URL(url)
  if (parsed.protocol !== 'https:') wrong('URL scheme must be https')
  if (parsed.username !== '' || parsed.password !== '') wrong('URL must not contain a username or password')
  if (parsed.search !== '') wrong('URL must not contain a query')
  if (parsed.hash !== '') wrong('URL must not contain a fragment')
  return undefined
}

const bare = (url: string): string => url.replace(/\/+$/, '')

function checkAudiences({ audiences, audienceMatchPolicy = '' }: Issuer, path: string, report: Report): void {
  const place = `${path}.audiences`
  if (audiences.length === 0) return report(required(place, `at least one ${place} is required`))
  const seen = new Set<string>()
  audiences.forEach((audience, index) => {
    if (audience === '') report(required(`${place}[${index}]`))
    if (seen.has(audience)) report(duplicate(`${place}[${index}]`, audience))
    seen.add(audience)
  })
  const policy = `${path}.audienceMatchPolicy`
  if (audiences.length > 1 && audienceMatchPolicy !== 'MatchAny')
    report(invalidValue(policy, audienceMatchPolicy, 'audienceMatchPolicy must be MatchAny for multiple audiences'))
  if (audiences.length === 1 && audienceMatchPolicy !== '' && audienceMatchPolicy !== 'MatchAny')
    report(
      invalidValue(policy, audienceMatchPolicy, 'audienceMatchPolicy must be empty or MatchAny for single audience'),
    )
  return undefined
}

const block = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

function isBundle(pem: string): boolean {
  const blocks = pem.match(block) ?? []
  try {
    return blocks.length > 0 && blocks.every(one => new X509Certificate(one).subject !== undefined)
  } catch {
    return false
  }
}

function checkIssuer(issuer: Partial<Issuer>, { path, forbidden }: Omit<Place, 'url'>, report: Report): void {
  const { url = '', discoveryURL = '', certificateAuthority = '', egressSelectorType = '' } = issuer
  if (url === '') report(required(`${path}.url`))
  else checkUrl({ path: `${path}.url`, url, forbidden }, report)
  if (discoveryURL !== '') {
    if (url !== '' && bare(url) === bare(discoveryURL))
      report(invalidValue(`${path}.discoveryURL`, discoveryURL, 'discoveryURL must be different from URL'))
    checkUrl({ path: `${path}.discoveryURL`, url: discoveryURL, forbidden: [] }, report)
  }
  checkAudiences({ ...issuer, url, audiences: issuer.audiences ?? [] }, path, report)
  if (certificateAuthority !== '' && !isBundle(certificateAuthority))
    report(
      invalidValue(
        `${path}.certificateAuthority`,
        omitted,
        'data does not contain any valid RSA or ECDSA certificates',
      ),
    )
  // There is one way out of this server, and no other to choose.
  if (egressSelectorType !== '')
    report(invalidValue(`${path}.egressSelectorType`, egressSelectorType, 'egress selector is not supported'))
}

/** Of something at `path`, which its own errors do not know. */
const under =
  (path: string, report: Report): Report =>
  error =>
    report(new FieldError(error.reason, `${path}.${error.path}`, { value: error.value, detail: error.detail }))

/**
 * @param forbidden issuers whose tokens are not somebody else's to make: our own
 * @throws ConfigurationError
 */
export function checkAuthentication(
  { jwt = [], anonymous }: Partial<AuthenticationConfiguration>,
  forbidden: readonly string[],
): CheckedAuthentication {
  const problems: FieldError[] = []
  const report: Report = error => void problems.push(error)
  if (jwt.length > mostIssuers) refuse([tooMany('jwt', jwt.length, mostIssuers)])
  const seen = { url: new Set<string>(), discoveryURL: new Set<string>() }
  const issuers = jwt.map((one, index) => {
    const issuer: Partial<Issuer> = one.issuer ?? {}
    const path = `jwt[${index}].issuer`
    checkIssuer(issuer, { path, forbidden }, report)
    const rules = compileRules(one, under(`jwt[${index}]`, report))
    for (const field of ['url', 'discoveryURL'] as const) {
      const value = issuer[field] ?? ''
      if (value !== '' && seen[field].has(value)) report(duplicate(`${path}.${field}`, value))
      seen[field].add(value)
    }
    return rules
  })
  if (anonymous?.enabled !== true && (anonymous?.conditions?.length ?? 0) > 0)
    report(
      invalidValue(
        'anonymous.conditions',
        anonymous?.conditions,
        'enabled should be set to true when conditions are defined',
      ),
    )
  refuse(problems)
  return { issuers, anonymous }
}

/** @throws ConfigurationError */
export function readAuthentication(text: string, forbidden: readonly string[]): CheckedAuthentication {
  const value = readConfiguration(text, {
    kind: 'AuthenticationConfiguration',
    group: 'apiserver.config.k8s.io',
    versions: ['v1', 'v1beta1'],
    schema: typeSchema('apiserver_v1.AuthenticationConfiguration'),
  })
  return checkAuthentication(value as Partial<AuthenticationConfiguration>, forbidden)
}
