/** secretbox: XSalsa20 and Poly1305 (NaCl), as upstream's API server stores it. node:crypto does not have it. */
import { randomBytes } from 'node:crypto'
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import type { Provider } from './provider.ts'

const nonceBytes = 24
const tagBytes = 16

/** @param key of 32 bytes */
export const secretbox = (name: string, key: Uint8Array): Provider => {
  const prefix = Buffer.from(`k8s:enc:secretbox:v1:${name}:`)
  return {
    prefix,
    title: prefix.toString('latin1'),
    seal: plain => {
      const nonce = randomBytes(nonceBytes)
      return Buffer.concat([prefix, nonce, xsalsa20poly1305(key, nonce).encrypt(plain)])
    },
    open: body => {
      if (body.length < nonceBytes + tagBytes) return undefined
      try {
        return xsalsa20poly1305(key, body.subarray(0, nonceBytes)).decrypt(body.subarray(nonceBytes))
      } catch {
        return undefined
      }
    },
    stale: () => false,
  }
}
