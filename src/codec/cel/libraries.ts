/** The libraries that an environment may have, and the usual collections of them. */
import type { Library } from './define.ts'
import { bindings, twoVariables } from './library/comprehensions.ts'
import { encoders } from './library/encoders.ts'
import { math } from './library/math.ts'
import { operators } from './library/operators.ts'
import { optionals } from './library/optionals.ts'
import { sets } from './library/sets.ts'
import { standard } from './library/standard.ts'
import { strings, stringReverse } from './library/strings.ts'
import { standardMacros } from './macros.ts'

const base: readonly Library[] = [{ macros: standardMacros, overloads: [] }, operators, standard]

/** What upstream 1.36 offers in stored expressions. */
export const kubernetesLibraries: readonly Library[] = [...base, optionals, strings, sets, twoVariables]

/** What the language has beyond that. */
export const everyLibrary: readonly Library[] = [...kubernetesLibraries, bindings, math, encoders, stringReverse]
