/** Base64. Not among what Kubernetes offers. */
import { bytes, fn, text } from '../define.ts'
import type { Library } from '../define.ts'
import { bytesType, stringType } from '../types.ts'
import { CelError } from '../values.ts'
import type { Result } from '../values.ts'

/** With or without padding. Undefined for what is not base64. */
export function decodeBase64(value: string): Uint8Array | undefined {
  const body = value.replace(/={1,2}$/, '')
  if (!/^[A-Za-z0-9+/]*$/.test(body) || body.length % 4 === 1) return undefined
  if (body !== value && value.length % 4 !== 0) return undefined
  return new Uint8Array(Buffer.from(body, 'base64'))
}

const decode = (value: string): Result => decodeBase64(value) ?? new CelError('illegal base64 data')

export const encoders: Library = {
  overloads: [
    fn('base64.encode', [bytes], { gives: stringType, run: value => Buffer.from(value).toString('base64') }),
    fn('base64.decode', [text], { gives: bytesType, run: decode }),
  ],
}
