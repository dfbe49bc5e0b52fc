/** A request as it came in: what of its headers goes on record, and what must not. */
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

export interface Call {
  readonly id: string
  /** With the query, tokens blotted out. */
  readonly uri: string
  readonly agent: string
  readonly sourceIPs: () => readonly string[]
  /** What was tried to get in, for a request that did not. */
  readonly attempted: () => string
}

const longestId = 64
const longestAgent = 1024
const printable = /^[\x21-\x7e]+$/

/** The client's own id, where it can be one; else a new one. */
export function auditId(asked: string | readonly string[] | undefined): string {
  const id = typeof asked === 'string' ? asked.slice(0, longestId) : ''
  return printable.test(id) ? id : randomUUID()
}

const secretParameter = /([?&](?:access_token|id_token|refresh_token|token|client_secret|password)=)[^&#]*/gi

/** Tokens in a query are a mistake of the client's; the log is no place to keep them. */
export const blotted = (uri: string): string => (uri.includes('=') ? uri.replace(secretParameter, '$1REDACTED') : uri)

const clip = (agent: string): string =>
  agent.length > longestAgent ? `${agent.slice(0, longestAgent)}...TRUNCATED` : agent

const mostForwarded = 16

/** As upstream reads them: who is forwarded for, by their own word, and whoever is at the other end. */
export function sourceIPs(headers: IncomingHttpHeaders, remote: string | undefined): readonly string[] {
  const forwarded = String(headers['x-forwarded-for'] ?? '')
  const real = String(headers['x-real-ip'] ?? '').trim()
  const found = forwarded === '' ? [] : forwarded.split(',', mostForwarded).map(one => one.trim())
  const known = found.filter(one => isIP(one) !== 0)
  if (isIP(real) !== 0 && !known.includes(real)) known.push(real)
  const last = (remote ?? '').replace(/^::ffff:(?=\d+\.)/, '')
  if (isIP(last) !== 0 && known.at(-1) !== last) known.push(last)
  return known
}

function attempted(headers: IncomingHttpHeaders, certificate: boolean): string {
  const [scheme = '', ...rest] = (headers.authorization ?? '').trim().split(/ +/)
  const tried = [
    ...(rest.length > 0 && ['basic', 'bearer'].includes(scheme.toLowerCase()) ? [scheme.toLowerCase()] : []),
    ...(certificate ? ['x509'] : []),
  ]
  return tried.length === 0
    ? 'Authentication failed, no credentials provided'
    : `Authentication failed, attempted: ${tried.join(', ')}`
}

export interface Arrived {
  readonly headers: IncomingHttpHeaders
  readonly url: string | undefined
  readonly remote: string | undefined
  /** Whether a certificate was shown, good or not. */
  readonly certificate: () => boolean
}

export const callOf = ({ headers, url, remote, certificate }: Arrived): Call => ({
  id: auditId(headers['audit-id']),
  uri: blotted(url ?? '/'),
  agent: clip(headers['user-agent'] ?? ''),
  sourceIPs: () => sourceIPs(headers, remote),
  attempted: () => attempted(headers, certificate()),
})
