/** Continue tokens: where the next page of a list starts, and at which revision. Opaque to clients, upstream's shape inside. */
import { badRequest } from '#api/status.ts'

export interface Continue {
  /** -1: an inconsistent continuation at the newest revision. */
  readonly revision: number
  /** Pages go on after this key, which is relative to the list's prefix. */
  readonly after: string
}

const limit = 4096

export const encodeContinue = ({ revision, after }: Continue): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: `${after}\0` })).toString('base64url')

/** @throws StatusError BadRequest for anything that we did not make. */
export function decodeContinue(token: string): Continue {
  const refuse = (why: string): never => {
    throw badRequest(`continue key is not valid: ${why}`)
  }
  if (token.length > limit) return refuse('too long')
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {
    return refuse('illegal base64 or JSON data')
  }
  if (typeof parsed !== 'object' || parsed === null) return refuse('not an object')
  const { v, rv, start } = parsed as { v?: unknown; rv?: unknown; start?: unknown }
  if (v !== 'meta.k8s.io/v1') return refuse('server does not recognize this encoded version')
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0)
    return refuse('incorrect encoded start resourceVersion')
  if (typeof start !== 'string' || !start.endsWith('\0')) return refuse('encoded start key empty')
  return { revision: rv, after: start.slice(0, -1) }
}
