/** Changes bytes as no client would: flips, cuts, repeats, splices with others of the corpus, words of the format. */
import type { Random } from './random.ts'

export interface Material {
  readonly random: Random
  readonly corpus: readonly Buffer[]
  readonly words: readonly (string | Buffer)[]
}

type Mutation = (input: Buffer, material: Material) => Buffer

/** Larger inputs say nothing that smaller ones do not, and slow everything down. */
export const mostBytes = 64 * 1024

const around = (input: Buffer, at: number, { drop = 0, put }: { drop?: number; put: Uint8Array }): Buffer =>
  Buffer.concat([input.subarray(0, at), put, input.subarray(at + drop)])

const flip: Mutation = (input, { random }) => {
  const changed = Buffer.from(input)
  if (changed.length > 0) {
    const at = random.below(changed.length)
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8))
  }
  return changed
}

const odd = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x20, 0x22, 0x5c, 0x7b, 0x5b, 0x2a, 0x2d]
const set: Mutation = (input, { random }) => {
  const changed = Buffer.from(input)
  if (changed.length > 0) changed[random.below(changed.length)] = random.oneIn(2) ? random.pick(odd) : random.below(256)
  return changed
}

const cut: Mutation = (input, { random }) => input.subarray(0, random.below(input.length + 1))

const remove: Mutation = (input, { random }) => {
  const at = random.below(input.length)
  return around(input, at, { drop: 1 + random.below(random.oneIn(3) ? 64 : 4), put: Buffer.alloc(0) })
}

const repeat: Mutation = (input, { random }) => {
  const at = random.below(input.length)
  const part = input.subarray(at, at + 1 + random.below(random.oneIn(4) ? 64 : 6))
  const times = 1 + random.below(random.oneIn(20) ? 2000 : 8)
  return around(input, at, { put: Buffer.concat(Array.from({ length: times }, () => part)) })
}

const word: Mutation = (input, { random, words }) => {
  if (words.length === 0) return input
  const put = Buffer.from(random.pick(words))
  return around(input, random.below(input.length + 1), { drop: random.oneIn(2) ? put.length : 0, put })
}

const splice: Mutation = (input, { random, corpus }) => {
  const other = random.pick(corpus)
  const from = random.below(other.length)
  const put = other.subarray(from, from + 1 + random.below(other.length - from))
  return around(input, random.below(input.length + 1), { drop: random.below(put.length + 1), put })
}

const digits = ['0', '-1', '9223372036854775807', '9223372036854775808', '-9223372036854775808', '1e309', '4294967296']
const number: Mutation = (input, { random }) => {
  const text = input.toString('latin1')
  const places = [...text.slice(0, 4096).matchAll(/\d+/g)]
  if (places.length === 0) return input
  const [found, place] = [random.pick(places), Buffer.from(random.pick(digits))]
  return around(input, found.index, { drop: found[0].length, put: place })
}

const all: readonly Mutation[] = [flip, set, cut, remove, repeat, word, word, splice, splice, number]

/** One to four changes after each other. */
export function mutateBytes(input: Buffer, material: Material): Buffer {
  let changed = input
  for (let left = material.random.oneIn(2) ? 1 : 1 + material.random.below(4); left > 0; left--)
    changed = material.random.pick(all)(changed, material)
  return changed.subarray(0, mostBytes)
}
