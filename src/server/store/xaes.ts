/**
 * XAES-256-GCM (C2SP): AES-256-GCM whose key is derived for each message from the first half of a 192-bit nonce. So long a
 * nonce may be drawn at random for as many messages as anybody will ever write, and the derivation (NIST SP 800-108 in
 * counter mode with CMAC) costs two blocks of AES.
 */
import { createCipheriv, createDecipheriv, randomFillSync, type Cipheriv } from 'node:crypto'

export const keyBytes = 32
export const nonceBytes = 24
export const tagBytes = 16
const half = nonceBytes / 2
const block = 16

/** Multiplies by x in the field of CMAC. */
function doubled(from: Uint8Array): Buffer {
  const into = Buffer.alloc(block)
  let carry = 0
  for (let i = block - 1; i >= 0; i--) {
    const byte = from[i] ?? 0
    into[i] = ((byte << 1) & 0xff) | carry
    carry = byte >>> 7
  }
  if (carry === 1) into[block - 1] = (into[block - 1] ?? 0) ^ 0x87
  return into
}

/** Random bytes drawn by the page, each given out once: a draw costs more than the bytes. */
const page = Buffer.alloc(nonceBytes * 256)
let given = page.length

/** A view that is good until it has been copied. */
function fresh(): Buffer {
  if (given === page.length) {
    randomFillSync(page)
    given = 0
  }
  given += nonceBytes
  return page.subarray(given - nonceBytes, given)
}

export class Xaes {
  readonly #ecb: Cipheriv
  /** The two blocks that are encrypted, with CMAC's subkey in them and without the nonce. */
  readonly #mask: Buffer
  readonly #blocks = Buffer.alloc(2 * block)

  /** @param key of 32 bytes */
  constructor(key: Uint8Array) {
    this.#ecb = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
    const subkey = doubled(this.#ecb.update(Buffer.alloc(block)))
    this.#mask = Buffer.concat([subkey, subkey])
    for (const [at, value] of [
      [1, 1],
      [2, 0x58],
      [block + 1, 2],
      [block + 2, 0x58],
    ] as const)
      this.#mask[at] = (this.#mask[at] ?? 0) ^ value
  }

  /** Nonce, ciphertext and tag after `before`, in one buffer. @param nonce drawn unless given */
  seal(
    plain: Uint8Array,
    aad: Uint8Array,
    { before, nonce = fresh() }: { before: Uint8Array; nonce?: Uint8Array },
  ): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.#derive(nonce), nonce.subarray(half))
    cipher.setAAD(aad)
    const sealed = Buffer.allocUnsafe(before.length + nonceBytes + plain.length + tagBytes)
    sealed.set(before, 0)
    sealed.set(nonce, before.length)
    // GCM is a stream: all of the text is out before `final`, which only makes the tag.
    sealed.set(cipher.update(plain), before.length + nonceBytes)
    cipher.final()
    sealed.set(cipher.getAuthTag(), sealed.length - tagBytes)
    return sealed
  }

  /** @param sealed nonce, ciphertext, tag. @returns undefined where it is not what was sealed */
  open(sealed: Uint8Array, aad: Uint8Array): Buffer | undefined {
    if (sealed.length < nonceBytes + tagBytes) return undefined
    const nonce = sealed.subarray(0, nonceBytes)
    const decipher = createDecipheriv('aes-256-gcm', this.#derive(nonce), nonce.subarray(half), {
      authTagLength: tagBytes,
    })
    decipher.setAAD(aad)
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
    const plain = decipher.update(sealed.subarray(nonceBytes, sealed.length - tagBytes))
    try {
      decipher.final()
      return plain
    } catch {
      return undefined
    }
  }

  #derive(nonce: Uint8Array): Buffer {
    const blocks = this.#blocks
    blocks.set(this.#mask)
    for (let i = 0; i < half; i++) {
      const byte = nonce[i] ?? 0
      blocks[4 + i] = (blocks[4 + i] ?? 0) ^ byte
      blocks[block + 4 + i] = (blocks[block + 4 + i] ?? 0) ^ byte
    }
    return this.#ecb.update(blocks)
  }
}
