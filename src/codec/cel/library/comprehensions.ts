/** Loops over two variables, and names for values. */
import { fn, map, varA, varB } from '../define.ts'
import type { Library } from '../define.ts'
import { bindMacro, twoVariableMacros } from '../macros.ts'
import { mapType } from '../types.ts'
import { noSuchOverload } from '../values.ts'

const grown = mapType(varA.type, varB.type)

/** Inserting is done by the evaluator, in place; here are its types. */
export const twoVariables: Library = {
  macros: twoVariableMacros,
  overloads: [
    fn('cel.@mapInsert', [map(), varA, varB], { gives: grown, run: noSuchOverload }),
    fn('cel.@mapInsert', [map(), map()], { gives: grown, run: noSuchOverload }),
  ],
}

export const bindings: Library = { macros: [bindMacro], overloads: [] }
