/**
 * What all rows that are current add up to: 128 bits, the exclusive or of a secret mark of each. Kept under seal with every
 * batch, so that a row that was taken away, or put back from history, is noticed, at the cost of one block of AES a row.
 *
 * A mark is AES-256 of the row's number under a key of its own. Row numbers are never given twice, nobody without the key sees
 * a mark or a sum, so any other set of rows has another sum but for one chance in 2^128.
 */
import { createCipheriv, type Cipheriv } from 'node:crypto'

const block = 16

export class Marks {
  readonly #ecb: Cipheriv

  constructor(key: Uint8Array) {
    this.#ecb = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
  }

  /** The sum with these rows put in where they were not, and taken out where they were. */
  changed(sum: Uint8Array, rows: readonly number[]): Buffer {
    const into = Buffer.from(sum)
    const blocks = Buffer.alloc(rows.length * block)
    for (const [i, row] of rows.entries()) blocks.writeDoubleBE(row, i * block)
    for (const [i, byte] of this.#ecb.update(blocks).entries()) into[i % block] = (into[i % block] ?? 0) ^ byte
    return into
  }
}

export const emptySum = (): Buffer => Buffer.alloc(block)
