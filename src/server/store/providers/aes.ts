/** aesgcm and aescbc, as upstream's API server stores them. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Provider } from './provider.ts'

const nonceBytes = 12
const tagBytes = 16
const block = 16

/** Nonce, ciphertext, tag: Go's cipher.AEAD with the nonce in front. @param key of 16, 24 or 32 bytes */
export function gcmSeal(key: Uint8Array, plain: Uint8Array, aad: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(gcm(key), key, nonce)
  cipher.setAAD(aad)
  const body = cipher.update(plain)
  cipher.final()
  return Buffer.concat([nonce, body, cipher.getAuthTag()])
}

export function gcmOpen(key: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer | undefined {
  if (sealed.length < nonceBytes + tagBytes) return undefined
  const end = sealed.length - tagBytes
  const decipher = createDecipheriv(gcm(key), key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(aad)
  decipher.setAuthTag(sealed.subarray(end))
  const plain = decipher.update(sealed.subarray(nonceBytes, end))
  try {
    decipher.final()
    return plain
  } catch {
    return undefined
  }
}

const bits = (key: Uint8Array): 128 | 192 | 256 => (key.length === 16 ? 128 : key.length === 24 ? 192 : 256)
const gcm = (key: Uint8Array) => `aes-${bits(key)}-gcm` as const

export const aesGcm = (name: string, key: Uint8Array): Provider => {
  const prefix = Buffer.from(`k8s:enc:aesgcm:v1:${name}:`)
  return {
    prefix,
    title: prefix.toString('latin1'),
    seal: (plain, aad) => Buffer.concat([prefix, gcmSeal(key, plain, aad)]),
    open: (body, aad) => gcmOpen(key, body, aad),
    stale: () => false,
  }
}

/** Nothing in it proves that a value is whole: what is sealed must do so itself. */
export const aesCbc = (name: string, key: Uint8Array): Provider => {
  const prefix = Buffer.from(`k8s:enc:aescbc:v1:${name}:`)
  const algorithm = `aes-${bits(key)}-cbc`
  return {
    prefix,
    title: prefix.toString('latin1'),
    seal: plain => {
      const iv = randomBytes(block)
      const cipher = createCipheriv(algorithm, key, iv)
      return Buffer.concat([prefix, iv, cipher.update(plain), cipher.final()])
    },
    open: body => {
      if (body.length < 2 * block || body.length % block !== 0) return undefined
      const decipher = createDecipheriv(algorithm, key, body.subarray(0, block))
      const plain = decipher.update(body.subarray(block))
      try {
        return Buffer.concat([plain, decipher.final()])
      } catch {
        return undefined
      }
    },
    stale: () => false,
  }
}
