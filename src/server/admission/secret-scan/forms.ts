/**
 * Secrets that can be told by their form: the prefixes that issuers give their tokens so that scanners find them. One pass finds
 * where one could begin; what follows is counted by hand, so the whole is linear.
 */
import {
  type Charset,
  alphanumeric,
  azureSecret,
  base64,
  base64url,
  dotted,
  entropy,
  hexadecimal,
  isIn,
  isPlaceholder,
  pathed,
  run,
  upperDigits,
  wordy,
} from './text.ts'

/** @returns whether what is at `at`, where the mark begins, is what it looks like */
type Check = (text: string, at: number, mark: string) => boolean

interface Form {
  readonly marks: readonly string[]
  /** What it looks like, after "looks like". */
  readonly is: string
  readonly check: Check
  /** Looks at more than what follows: asked for the first mark of a text alone. */
  readonly once?: boolean
}

interface Token {
  readonly of: Charset
  readonly least: number
  readonly most?: number
}

/** Bits of a character that a random token of this length has at least; what people type for show has less. */
const leastBits = (length: number): number => Math.min(2.5, Math.log2(length) * 0.6)

/** The mark begins a word, and a run of the length that such tokens have follows. */
const token =
  ({ of, least, most = 512 }: Token): Check =>
  (text, at, mark) => {
    if (at > 0 && isIn(wordy, text, at - 1)) return false
    const from = at + mark.length
    const length = run(of, text, { from, most: most + 1 })
    if (length < least || length > most) return false
    const rest = text.slice(from, from + length)
    return entropy(rest) >= leastBits(length) && !isPlaceholder(rest)
  }

const longestTitle = 40
const isPrivate = (title: string): boolean => {
  const end = title.indexOf('-----')
  return end > 0 && /PRIVATE KEY(?: BLOCK)?$/.test(title.slice(0, end))
}

const pem: Check = (text, at, mark) => isPrivate(text.slice(at + mark.length, at + mark.length + longestTitle))

/** Base64 of a PEM: as kubeconfigs and values of Helm charts carry it. */
const encodedPem: Check = (text, at) => {
  const decoded = Buffer.from(text.slice(at, at + 80), 'base64').toString('latin1')
  return isPrivate(decoded.slice('-----BEGIN '.length))
}

const longestHeader = 4096

/** Three parts of base64url, of which the first is a JSON object that names an algorithm. */
const jwt: Check = (text, at) => {
  if (at > 0 && isIn(base64url, text, at - 1)) return false
  const header = run(base64url, text, { from: at, most: longestHeader })
  const second = at + header + 1
  if (text[second - 1] !== '.' || !text.startsWith('eyJ', second)) return false
  const claims = run(base64url, text, { from: second, most: 65_536 })
  if (claims < 8 || text[second + claims] !== '.') return false
  const signed = run(base64url, text, { from: second + claims + 1, most: 16 })
  if (signed < 16) return false
  return Buffer.from(text.slice(at, at + header), 'base64url')
    .toString('latin1')
    .includes('"alg"')
}

const longestUrl = 512
const endsAuthority = new Set(['/', '?', '#', '"', "'", '`', ' ', '\t', '\n', '\r', ',', ';', '<', '>', '\\', ')', '|'])

/** `scheme://user:password@host`. */
const url: Check = (text, at, mark) => {
  if (!isIn(alphanumeric, text, at - 1)) return false
  const from = at + mark.length
  let colon = -1
  let sign = -1
  let referring = false
  for (let place = from; place < Math.min(text.length, from + longestUrl); place++) {
    const character = text[place] ?? ''
    if (character === '(') referring = true
    // The end of a reference such as $(PASSWORD) ends nothing else.
    if (endsAuthority.has(character) && !(character === ')' && referring)) break
    if (character === ':' && colon < 0) colon = place
    if (character === '@' && colon >= 0) sign = place
  }
  if (colon < 0 || sign <= colon + 1) return false
  const password = text.slice(colon + 1, sign)
  return !isPlaceholder(password) && !/^[$%<{[*]/.test(password) && !shown.has(password.toLowerCase())
}

/** As documents write it. */
const shown: ReadonlySet<string> = new Set(['password', 'pass', 'passwd', 'pwd', 'secret', 'token', 'pw', 'xxx'])

/** `AccountKey=` and 64 bytes in base64, `SharedAccessKey=` and 32. */
const azureKey: Check = (text, at, mark) => {
  const from = at + mark.length
  const length = run(base64, text, { from, most: 100 })
  return (length === 86 && text.startsWith('==', from + length)) || (length === 43 && text[from + length] === '=')
}

/** Three characters and a digit, `Q~`, and 31 to 34 more. */
const azureClient: Check = (text, at, mark) =>
  at >= 4 &&
  run(azureSecret, text, { from: at - 4, most: 4 }) === 4 &&
  run(azureSecret, text, { from: at + mark.length, most: 36 }) >= 31

/** AWS writes EXAMPLE at the end of the keys in its documents. */
const awsKey: Check = (text, at, mark) => {
  const from = at + mark.length
  return (
    !(at > 0 && isIn(wordy, text, at - 1)) &&
    run(upperDigits, text, { from, most: 17 }) === 16 &&
    !isIn(wordy, text, from + 16) &&
    !text.startsWith('EXAMPLE', from + 9)
  )
}

/** `"auth": "…"` of a Docker configuration. */
const dockerAuth: Check = (text, at, mark) => {
  let from = at + mark.length
  while (text[from] === ' ' || text[from] === ':' || text[from] === '"') from++
  const length = run(base64, text, { from, most: 2048 })
  return (
    length >= 8 &&
    Buffer.from(text.slice(from, from + length), 'base64')
      .toString('latin1')
      .includes(':')
  )
}

/** A value of its own behind `client-key-data:`. */
const keyData: Check = (text, at, mark) => {
  let from = at + mark.length
  while (text[from] === ' ' || text[from] === ':' || text[from] === '"') from++
  return run(base64, text, { from, most: 64 }) >= 40
}

/** Tokens in a kubeconfig may be of any form. */
const kubeToken: Check = text => {
  for (let at = text.indexOf('token'); at >= 0; at = text.indexOf('token', at + 5)) {
    let from = at + 5
    while (text[from] === ' ' || text[from] === ':' || text[from] === '"') from++
    if (from > at + 6 && run(dotted, text, { from, most: 16 }) >= 16) return true
  }
  return false
}

const whole = (of: Charset, length: number): Check => token({ of, least: length, most: length })

/** In this order where several fit: what says more comes first. */
const forms: readonly Form[] = [
  { marks: ['client-key-data'], is: 'a kubeconfig with a private key', check: keyData },
  { marks: ['current-context'], is: 'a kubeconfig with a token', check: kubeToken, once: true },
  { marks: ['-----BEGIN ', '---- BEGIN SSH2 '], is: 'a private key (PEM)', check: pem },
  { marks: ['LS0tLS1CRUdJTi'], is: 'a private key (PEM in base64)', check: encodedPem },
  { marks: ['PuTTY-User-Key-File-'], is: 'a private key (PuTTY)', check: () => true },
  { marks: ['AGE-SECRET-KEY-1'], is: 'an age identity', check: token({ of: upperDigits, least: 50, most: 64 }) },
  { marks: ['AKIA', 'ASIA', 'ABIA', 'ACCA'], is: 'an AWS access key', check: awsKey },
  { marks: ['AIza'], is: 'a Google API key', check: whole(base64url, 35) },
  { marks: ['GOCSPX-'], is: 'a Google client secret', check: whole(base64url, 28) },
  { marks: ['AccountKey=', 'SharedAccessKey='], is: 'an Azure connection string', check: azureKey },
  { marks: ['Q~'], is: 'an Azure client secret', check: azureClient },
  {
    marks: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    is: 'a GitHub token',
    check: token({ of: alphanumeric, least: 36, most: 255 }),
  },
  { marks: ['github_pat_'], is: 'a GitHub token', check: token({ of: wordy, least: 60, most: 255 }) },
  {
    marks: ['glpat-', 'gldt-', 'glrt-', 'glptt-', 'glcbt-', 'glsoat-', 'glft-', 'glimt-', 'glagent-', 'gloas-'],
    is: 'a GitLab token',
    check: token({ of: dotted, least: 20, most: 300 }),
  },
  {
    marks: ['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe-', 'xoxe.', 'xapp-'],
    is: 'a Slack token',
    check: token({ of: dotted, least: 20, most: 400 }),
  },
  { marks: ['hooks.slack.com/services/T'], is: 'a Slack webhook', check: token({ of: pathed, least: 30, most: 80 }) },
  { marks: ['npm_'], is: 'an npm token', check: whole(alphanumeric, 36) },
  {
    marks: ['sk_live_', 'rk_live_', 'sk_test_', 'rk_test_', 'sk_prod_', 'whsec_'],
    is: 'a Stripe key',
    check: token({ of: alphanumeric, least: 16, most: 255 }),
  },
  { marks: ['SG.'], is: 'a SendGrid key', check: whole(dotted, 66) },
  {
    marks: ['sk-ant-', 'sk-proj-', 'sk-svcacct-'],
    is: 'a key of a model provider',
    check: token({ of: base64url, least: 40 }),
  },
  { marks: ['hf_'], is: 'a Hugging Face token', check: whole(alphanumeric, 34) },
  { marks: ['hvs.', 'hvb.'], is: 'a Vault token', check: token({ of: base64url, least: 24 }) },
  { marks: ['dckr_pat_', 'dckr_oat_'], is: 'a Docker token', check: token({ of: base64url, least: 27, most: 40 }) },
  { marks: ['pypi-AgEIcHlwaS5vcmc'], is: 'a PyPI token', check: token({ of: base64url, least: 50 }) },
  { marks: ['dop_v1_', 'doo_v1_', 'dor_v1_'], is: 'a DigitalOcean token', check: whole(hexadecimal, 64) },
  { marks: ['shpat_', 'shpss_', 'shpca_'], is: 'a Shopify token', check: whole(alphanumeric, 32) },
  { marks: ['eyJ'], is: 'a JSON web token', check: jwt },
  { marks: ['"auth"'], is: 'credentials of a registry', check: dockerAuth },
  { marks: ['://'], is: 'a password in a URL', check: url },
]

interface Marked extends Form {
  readonly mark: string
  /** What says more comes first. */
  readonly rank: number
}

const size = 128
/** For each two characters that a mark begins with, those marks, longer ones first: none hides behind its own beginning. */
const byPair: readonly (readonly Marked[] | undefined)[] = (() => {
  const all = forms.flatMap((form, rank) => form.marks.map(mark => ({ ...form, mark, rank })))
  const pairs: Marked[][] = []
  for (const marked of all.toSorted((a, b) => b.mark.length - a.mark.length))
    (pairs[marked.mark.charCodeAt(0) * size + marked.mark.charCodeAt(1)] ??= []).push(marked)
  return Array.from({ length: size * size }, (_, at) => pairs[at])
})()
/** The same as bytes: one look for each character of what is no secret. */
const begins = Uint8Array.from(byPair, marked => (marked === undefined ? 0 : 1))

/** Places that are looked at in one text. */
const mostMarks = 5000

/** @returns what the text has in it, undefined for nothing that is known */
export function knownForm(text: string): string | undefined {
  let best: Marked | undefined
  let asked: Set<string> | undefined
  let marks = 0
  let before = text.charCodeAt(0)
  for (let at = 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const pair = before < size && code < size ? before * size + code : 0
    before = code
    if (begins[pair] !== 1) continue
    for (const form of byPair[pair] ?? []) {
      if (!text.startsWith(form.mark, at - 1)) continue
      if (best !== undefined && form.rank >= best.rank) break
      if (form.once === true && asked?.has(form.mark) === true) break
      if (form.once === true) (asked ??= new Set()).add(form.mark)
      if (++marks > mostMarks) return best?.is
      if (form.check(text, at - 1, form.mark)) best = form
      break
    }
  }
  if (best?.is === 'a private key (PEM)' && text.includes('"service_account"')) return 'a GCP service account key'
  return best?.is
}
