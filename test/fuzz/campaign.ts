/** Changes inputs of the corpus again and again, and gathers what goes wrong. */
import { readCorpus } from './corpus.ts'
import { judge } from './judge.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { mutateJson } from './mutate-json.ts'
import { makeRandom, type Random } from './random.ts'
import type { Target } from './target.ts'

export interface Finding {
  readonly input: Buffer
  readonly wrong: string
}

export interface Report {
  readonly runs: number
  readonly findings: readonly Finding[]
  /** Milliseconds of CPU of the slowest input. */
  readonly slowest: number
}

export interface Campaign {
  readonly seed: number
  /** Asked before each round. */
  readonly goesOn: (runs: number) => boolean
  /** Called before each input is tried. */
  readonly trying?: (input: Buffer) => void
}

/** Inputs that are kept beside the corpus to go on from. */
const grown = 100
/** After so many the rest can wait. */
const mostFindings = 20

const big = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? JSON.rawJSON(String(value)) : value)

/** @returns undefined where the input is no JSON, or has no JSON any more. */
function asJson(input: Buffer, random: Random, words: readonly string[]): Buffer | undefined {
  try {
    const text = JSON.stringify(mutateJson(JSON.parse(input.toString()), random, words), big)
    return text === undefined ? undefined : Buffer.from(text)
  } catch {
    return undefined
  }
}

export async function fuzz(target: Target, campaign: Campaign): Promise<Report> {
  const random = makeRandom(campaign.seed)
  const corpus = readCorpus(target.name)
  const texts = target.words.filter(word => typeof word === 'string')
  const findings: Finding[] = []
  const seen = new Set<string>()
  let slowest = 0
  const attempt = async (input: Buffer): Promise<void> => {
    campaign.trying?.(input)
    const { wrong, spent } = await judge(target, input)
    slowest = Math.max(slowest, spent)
    const sort = wrong?.replaceAll(/\d+/g, '').split('\n').slice(0, 4).join('\n')
    if (wrong === undefined || sort === undefined || seen.has(sort)) return
    seen.add(sort)
    findings.push({ input, wrong })
  }
  for (const input of corpus) await attempt(input)
  // Some go on from what the last ones have become, so that changes add up.
  const pool = [...corpus]
  let runs = corpus.length
  for (; campaign.goesOn(runs) && findings.length < mostFindings; runs++) {
    const start = random.pick(random.oneIn(2) ? corpus : pool)
    const json = target.json === true && !random.oneIn(8) ? asJson(start, random, texts) : undefined
    const input = json ?? mutateBytes(start, { random, corpus: pool, words: target.words })
    if (random.oneIn(4) && input.length < 8192)
      pool[pool.length < corpus.length + grown ? pool.length : corpus.length + random.below(grown)] = input
    await attempt(input)
  }
  return { runs, findings, slowest }
}
