/** Sets of completion indexes, as `1,3-5,7`. */

/** Anything that is no index below `completions` is left out. */
export function parseIndexes(text: string | undefined, completions: number): ReadonlySet<number> {
  const indexes = new Set<number>()
  for (const part of (text ?? '').split(',')) {
    const found = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part)
    if (found === null) continue
    const last = Math.min(completions - 1, Number(found[2] ?? found[1]))
    for (let index = Number(found[1]); index <= last; index++) indexes.add(index)
  }
  return indexes
}

export function formatIndexes(indexes: Iterable<number>): string {
  const parts: string[] = []
  const sorted = [...indexes].sort((a, b) => a - b)
  for (let at = 0; at < sorted.length; at++) {
    const first = sorted[at] ?? 0
    let last = first
    while (sorted[at + 1] === last + 1) last = sorted[++at] ?? last
    parts.push(last === first ? `${first}` : last === first + 1 ? `${first},${last}` : `${first}-${last}`)
  }
  return parts.join(',')
}
