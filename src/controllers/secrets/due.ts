/** When a Secret expires and when it is to be replaced, by its annotations and its certificate. */
import { X509Certificate } from 'node:crypto'
import type { Secret } from '#kinds/facts/generated/types/core_v1.ts'

export const expiresAnnotation = 'bulwark.dev/expires-at'
export const rotateAnnotation = 'bulwark.dev/rotate-every'
/** For Secrets whose changes are made elsewhere: when that was. */
export const rotatedAnnotation = 'bulwark.dev/rotated-at'

export interface Due {
  /** Milliseconds since the epoch, all of them. */
  readonly expires?: number
  readonly expirySource?: 'Annotation' | 'Certificate'
  /** From when on people are told that it will expire. */
  readonly soon?: number
  readonly rotation?: number
  /** Annotations, or the certificate, that say nothing that could be understood. */
  readonly unreadable: readonly string[]
}

const day = 24 * 3600 * 1000
/** So long before the end people are told; of what lasts less than three times as long, in its last third. */
const notice = 30 * day

const dateForm = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}))?$/

/** RFC 3339, or a day in UTC. @returns NaN for what is none */
const timeOf = (text: string): number => (dateForm.test(text) ? Date.parse(text) : Number.NaN)

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: day, w: 7 * day }

/** `90d`. @returns NaN for what is none */
function spanOf(text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,5})([mhdw])$/.exec(text) ?? []
  return count === undefined ? Number.NaN : Number(count) * (units[unit] ?? Number.NaN)
}

const longestCertificate = 64 * 1024

/** @returns undefined for what is no certificate; nothing of it is ever shown. */
function certificateOf(secret: Secret): { readonly from: number; readonly to: number } | undefined {
  const encoded = secret.data?.['tls.crt'] ?? ''
  if (encoded === '' || encoded.length > longestCertificate) return undefined
  try {
    const { validFrom, validTo } = new X509Certificate(Buffer.from(encoded, 'base64'))
    const [from, to] = [Date.parse(validFrom), Date.parse(validTo)]
    return Number.isNaN(from) || Number.isNaN(to) ? undefined : { from, to }
  } catch {
    return undefined
  }
}

const soonOf = (from: number, to: number): number => to - Math.min(notice, Math.max(0, to - from) / 3)

/** @param changed when its contents last changed, milliseconds since the epoch */
export function dueOf(secret: Secret, changed: number): Due {
  const annotations = secret.metadata.annotations ?? {}
  const unreadable: string[] = []
  const read = (name: string, parse: (text: string) => number): number | undefined => {
    const text = annotations[name]
    if (text === undefined) return undefined
    const value = parse(text.trim())
    if (!Number.isNaN(value)) return value
    unreadable.push(`the annotation ${name}`)
    return undefined
  }
  const said = read(expiresAnnotation, timeOf)
  const every = read(rotateAnnotation, spanOf)
  const rotated = read(rotatedAnnotation, timeOf)
  const tls = secret.type === 'kubernetes.io/tls'
  const certificate = tls ? certificateOf(secret) : undefined
  if (tls && certificate === undefined) unreadable.push('the certificate in tls.crt')
  const created = Date.parse(secret.metadata.creationTimestamp ?? '')
  const from = Number.isNaN(created) ? changed : created
  const bySaid = said === undefined ? undefined : { to: said, from, source: 'Annotation' as const }
  const byCertificate =
    certificate === undefined
      ? undefined
      : { to: certificate.to, from: certificate.from, source: 'Certificate' as const }
  // Whichever ends first.
  const end = [bySaid, byCertificate].filter(one => one !== undefined).sort((a, b) => a.to - b.to)[0]
  return {
    ...(end === undefined ? {} : { expires: end.to, expirySource: end.source, soon: soonOf(end.from, end.to) }),
    ...(every === undefined ? {} : { rotation: Math.max(changed, rotated ?? changed) + every }),
    unreadable,
  }
}

/** Whether there is anything to be told of it. */
export const isWatched = (secret: Secret): boolean => {
  const annotations = secret.metadata.annotations
  return (
    secret.type === 'kubernetes.io/tls' ||
    annotations?.[expiresAnnotation] !== undefined ||
    annotations?.[rotateAnnotation] !== undefined
  )
}
