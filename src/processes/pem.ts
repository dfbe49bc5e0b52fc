/** A certificate and its key as they lie in one file, the key last. */
import type { KeyPair } from '#pki/issue.ts'

export function splitPem(text: string): KeyPair {
  const at = text.indexOf('-----BEGIN PRIVATE KEY-----')
  return { cert: text.slice(0, at), key: text.slice(at) }
}
