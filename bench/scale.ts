/** How much is measured. `BENCH_BRIEF=1` shows that every suite works; its figures mean nothing. */
const brief = process.env['BENCH_BRIEF'] === '1'

export const scale = {
  /** Of each load. */
  seconds: brief ? 1 : Number(process.env['BENCH_SECONDS'] ?? '10'),
  /** In how many parts ours and the floor are loaded in turn. */
  turns: brief ? 1 : 5,
  listedPods: brief ? 500 : 25_000,
  keptPods: brief ? 500 : 10_000,
  starts: brief ? 1 : 5,
  idleSeconds: brief ? 1 : 60,
  podRounds: brief ? 2 : 12,
  crowd: brief ? 4 : 40,
  watchers: brief ? 50 : 1000,
  definitions: brief ? 5 : 200,
} as const
