/** Whether a log is as it was written: every record there, in its order, unchanged, up to what was signed. */
import { type KeyObject, createPublicKey } from 'node:crypto'
import { type Link, follows, genesis, linkIn } from './chain.ts'
import { FileError, linesOf, rotatedFiles } from './files.ts'
import { type ChainFiles, type ChainPlace, type Head, fingerprint, loadKey, readHeads, readPlace } from './heads.ts'

/** What is wrong first. `order`: a record stands where another belongs; `cut`: the end is missing. */
export interface Problem {
  readonly kind: 'heads' | 'gap' | 'changed' | 'order' | 'cut' | 'unreadable'
  /** `FILE:LINE`, or a file. */
  readonly place: string
  readonly message: string
}

export interface Verdict {
  readonly chain: string
  readonly path: string
  readonly problem?: Problem
  /** Records that were read, up to the problem. */
  readonly records: number
  /** Number of the last good one, and of the last that a head vouches for. */
  readonly last: number
  readonly signed: number
  /** Of the key that signs the heads. */
  readonly key: string
  /** What is no forgery, but worth knowing. */
  readonly notes: readonly string[]
}

class Found extends Error {
  readonly problem: Problem
  constructor(kind: Problem['kind'], place: string, message: string) {
    super(message)
    this.problem = { kind, place, message }
  }
}

interface Walk {
  readonly heads: readonly Head[]
  readonly notes: string[]
  last: Link
  records: number
}

/** @param pinned PEM of a public key that was kept elsewhere: the key beside the log may have been changed with it */
export async function verifyChain(files: ChainFiles, pinned?: KeyObject): Promise<Verdict | undefined> {
  const place = readPlace(files)
  if (place === undefined) return undefined
  const first = await attempt(files, place, pinned)
  // Files change their names while a server writes: what is wrong is so when it is looked at again.
  return first.problem === undefined ? first : attempt(files, place, pinned)
}

async function attempt(files: ChainFiles, place: ChainPlace, pinned: KeyObject | undefined): Promise<Verdict> {
  const walk: Walk = { heads: [], notes: [], last: genesis(place.id), records: 0 }
  const result = (key: string, heads: readonly Head[], problem?: Problem): Verdict => ({
    chain: place.id,
    path: place.path,
    ...(problem === undefined ? {} : { problem }),
    records: walk.records,
    last: walk.last.sequence,
    signed: Math.max(0, ...heads.map(head => head.sequence)),
    key,
    notes: walk.notes,
  })
  let key: KeyObject
  try {
    key = pinned ?? createPublicKey(loadKey(files))
  } catch {
    return result('', [], { kind: 'heads', place: files.key, message: 'the key of the signed heads cannot be read' })
  }
  const { heads, problem } = readHeads(files, key)
  const wrong = problem === undefined ? strangeHead(heads, files, place) : problem
  if (wrong !== undefined) return result(fingerprint(key), heads, { kind: 'heads', place: files.heads, message: wrong })
  try {
    await readAll({ ...place, heads }, walk)
    return result(fingerprint(key), heads)
  } catch (error) {
    if (error instanceof Found) return result(fingerprint(key), heads, error.problem)
    if (!(error instanceof FileError)) throw error
    return result(fingerprint(key), heads, { kind: 'unreadable', place: place.path, message: error.message })
  }
}

function strangeHead(heads: readonly Head[], files: ChainFiles, place: ChainPlace): string | undefined {
  if (heads.length === 0) return `${files.heads} holds no signed head: it was removed or emptied`
  return heads.some(head => head.chain !== place.id) ? `${files.heads} holds heads of another chain` : undefined
}

interface Chain extends ChainPlace {
  readonly heads: readonly Head[]
}

async function readAll(chain: Chain, walk: Walk): Promise<void> {
  const signed = new Map(chain.heads.map(head => [head.sequence, head.hash]))
  const paths = [...chain.before, chain.path].flatMap(path => [...rotatedFiles(path).map(file => file.path), path])
  let begun = false
  for (const path of paths)
    for await (const { text, number, torn } of linesOf(path)) {
      const at = `${path}:${number}`
      if (torn && path === chain.path) {
        walk.notes.push(`${at} is not complete: the server ended, or is writing, in the middle of it`)
        continue
      }
      const read = linkIn(text)
      if (read === undefined)
        throw new Found('changed', at, 'this line is no record of the chain: it was changed or put in')
      if (!begun) walk.last = beginning(chain, read.sequence, walk)
      begun = true
      if (!follows(walk.last, read)) await explain(paths, { at, path, number }, { read, last: walk.last })
      const vouched = signed.get(read.sequence)
      if (vouched !== undefined && vouched !== read.hash)
        throw new Found(
          'changed',
          at,
          `record ${read.sequence} is not the one that was signed: the log was written anew`,
        )
      walk.last = { sequence: read.sequence, hash: read.hash }
      walk.records++
      noteLost(text, at, walk)
    }
  finish(chain, walk, begun)
}

/** What stands before the first record that is there. */
function beginning({ heads, id, path }: Chain, first: number, { notes }: Walk): Link {
  const removal = heads.findLast(head => head.occasion === 'removal')
  if (first <= 1) return genesis(id)
  const before = heads.find(head => head.sequence === first - 1)
  if (removal === undefined || before === undefined || before.sequence > removal.sequence)
    throw new Found(
      'gap',
      path,
      `records ${(removal?.sequence ?? 0) + 1} to ${first - 1} are missing: nothing says that they were to be removed`,
    )
  notes.push(`records up to ${before.sequence} were removed as old, as ${removal.time} signed`)
  return before
}

interface Place {
  readonly at: string
  readonly path: string
  readonly number: number
}

async function explain(
  paths: readonly string[],
  place: Place,
  { read, last }: { readonly read: Link; readonly last: Link },
): Promise<never> {
  const wanted = last.sequence + 1
  const { at } = place
  if (read.sequence === wanted)
    throw new Found('changed', at, `record ${wanted} was changed, or another was put in its place`)
  if (read.sequence < wanted)
    throw new Found(
      'order',
      at,
      `record ${read.sequence} stands where record ${wanted} belongs: it is here again, or was moved`,
    )
  if (await isLater(paths, place, wanted))
    throw new Found('order', at, `record ${read.sequence} stands where record ${wanted} belongs, which comes later`)
  const which = wanted === read.sequence - 1 ? `record ${wanted} is` : `records ${wanted} to ${read.sequence - 1} are`
  throw new Found('gap', at, `${which} missing before record ${read.sequence}`)
}

async function isLater(paths: readonly string[], { path, number }: Place, sequence: number): Promise<boolean> {
  for (const later of paths.slice(paths.indexOf(path)))
    for await (const line of linesOf(later))
      if ((later !== path || line.number > number) && linkIn(line.text)?.sequence === sequence) return true
  return false
}

const lostPattern =
  /"audit\.bulwark\.dev\/lost":"(\d{1,15})","audit\.bulwark\.dev\/sequence":"\d+","[^"]+":"[0-9a-f]{64}"\}\}$/

function noteLost(text: string, at: string, { notes }: Walk): void {
  const [, lost] = lostPattern.exec(text.slice(-300)) ?? []
  if (lost !== undefined) notes.push(`before ${at} ${lost} events could not be written`)
}

function finish({ path, heads }: Chain, walk: Walk, begun: boolean): void {
  const removal = heads.findLast(head => head.occasion === 'removal')
  if (!begun && removal !== undefined) walk.last = removal
  const signed = heads.reduce((most, head) => Math.max(most, head.sequence), 0)
  if (walk.last.sequence < signed)
    throw new Found(
      'cut',
      path,
      `records ${walk.last.sequence + 1} to ${signed} are missing at the end: head ${signed} was signed when they were there`,
    )
  if (walk.last.sequence > signed)
    walk.notes.push(`records ${signed + 1} to ${walk.last.sequence} are chained, but not signed yet`)
}
