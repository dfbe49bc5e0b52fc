/** The libraries that an environment may have, and the usual collections of them. */
import type { Library } from './define.ts'
import { authorization } from './library/authorizer.ts'
import { bindings, twoVariables } from './library/comprehensions.ts'
import { encoders } from './library/encoders.ts'
import { formats } from './library/formats.ts'
import { kubernetesLists, lists } from './library/lists.ts'
import { math } from './library/math.ts'
import { networks } from './library/network.ts'
import { operators } from './library/operators.ts'
import { optionals } from './library/optionals.ts'
import { quantities } from './library/quantity.ts'
import { jsonPatch, regexes } from './library/regex.ts'
import { semvers } from './library/semver.ts'
import { sets } from './library/sets.ts'
import { standard } from './library/standard.ts'
import { kubernetesFormat, plainFormat, strings, stringReverse } from './library/strings.ts'
import { urls } from './library/urls.ts'
import { standardMacros } from './macros.ts'

const base: readonly Library[] = [{ macros: standardMacros, overloads: [] }, operators, standard]

const common: readonly Library[] = [
  ...base,
  optionals,
  strings,
  sets,
  twoVariables,
  lists,
  kubernetesLists,
  regexes,
  urls,
  quantities,
  networks,
  formats,
  semvers,
  authorization,
]

/** What upstream 1.36 offers in stored expressions. */
export const kubernetesLibraries: readonly Library[] = [...common, kubernetesFormat]

/** And for mutating policies. */
export const mutationLibraries: readonly Library[] = [...kubernetesLibraries, jsonPatch]

/** And for selectors of devices. */
export const selectorLibraries: readonly Library[] = [...kubernetesLibraries, bindings]

/** What the language has beyond that. */
export const everyLibrary: readonly Library[] = [
  ...common,
  jsonPatch,
  plainFormat,
  bindings,
  math,
  encoders,
  stringReverse,
]
