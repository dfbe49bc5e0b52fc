/** Kubernetes' `find` and `findAll`, and the escape of JSON patch. */
import { matching, matchingEstimate, reads, sizeOf } from '../cost.ts'
import { fn, int, method, text } from '../define.ts'
import type { Library, Overload } from '../define.ts'
import { compilePattern, searcher } from '../regex.ts'
import { listType, stringType } from '../types.ts'
import { CelError, CelList, isError } from '../values.ts'
import type { Result } from '../values.ts'
import { spend } from '../work.ts'

function find(subject: string, pattern: string): Result {
  const compiled = compilePattern(pattern)
  if (isError(compiled)) return new CelError(`Illegal regex: ${compiled.message}`)
  const matcher = searcher(compiled, subject)
  return matcher.find() ? (matcher.group() ?? '') : ''
}

/** A negative `most` means all of them. */
function findAll(subject: string, pattern: string, most: bigint): Result {
  const compiled = compilePattern(pattern)
  if (isError(compiled)) return new CelError(`Illegal regex: ${compiled.message}`)
  const found: string[] = []
  const matcher = searcher(compiled, subject)
  let end = -1
  while ((most < 0n || BigInt(found.length) < most) && matcher.find()) {
    spend(1)
    // An empty match right behind another one does not count, as in Go.
    if (matcher.end() !== matcher.start() || matcher.start() !== end) found.push(matcher.group() ?? '')
    end = matcher.end()
  }
  return CelList.of(found)
}

const searching: Required<Pick<Overload, 'cost' | 'estimate'>> = {
  cost: ([subject = null, pattern = null]) => matching(sizeOf(subject), sizeOf(pattern)),
  estimate: sizes => ({
    cost: matchingEstimate(sizes.of(0), sizes.of(1)),
    size: { min: 0, max: sizes.of(0).max },
  }),
}

export const regexes: Library = {
  overloads: [
    method('find', [text, text], { gives: stringType, run: find, ...searching }),
    method('findAll', [text, text], {
      gives: listType(stringType),
      run: (subject, pattern) => findAll(subject, pattern, -1n),
      ...searching,
    }),
    method('findAll', [text, text, int], { gives: listType(stringType), run: findAll, ...searching }),
  ],
}

export const jsonPatch: Library = {
  overloads: [
    fn('jsonpatch.escapeKey', [text], {
      gives: stringType,
      run: key => key.replaceAll('~', '~0').replaceAll('/', '~1'),
      ...reads(0, { sized: true }),
    }),
  ],
}
