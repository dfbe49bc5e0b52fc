/** Expressions that select devices. */
import { compile } from '#codec/cel/compile.ts'
import { Environment } from '#codec/cel/environment.ts'
import { selectorLibraries } from '#codec/cel/libraries.ts'
import { quantityType } from '#codec/cel/library/quantity.ts'
import { boolType, dynType, formatType, mapType, objectType, stringType } from '#codec/cel/types.ts'
import type { CelType } from '#codec/cel/types.ts'
import type { DeviceSelector } from '#kinds/facts/generated/types/resource_v1.ts'
import type { Place } from '../place.ts'
import { limited, most } from './checks.ts'

const mostCost = 1_000_000

/** Longest names and values of a device, and how many attributes and capacities it has: what a selector may cost goes by them. */
const longest = { domain: 63, identifier: 32, driver: 63, value: 64 } as const
const mostEntries = 32

const bounded = (type: CelType, size: number): CelType => ({ ...type, most: size })
const byName = (value: CelType, named = false): CelType => ({
  kind: 'map',
  key: bounded(stringType, longest.identifier),
  value,
  named,
  most: mostEntries,
})
const byDomain = (value: CelType): CelType => bounded(mapType(bounded(stringType, longest.domain), value), mostEntries)

const deviceType = objectType(
  'kubernetes.DRADevice',
  new Map<string, CelType>([
    ['driver', bounded(stringType, longest.driver)],
    ['attributes', byDomain(byName(bounded(dynType, longest.value), true))],
    ['capacity', byDomain(byName(bounded(quantityType, 0)))],
    ['allowMultipleAllocations', bounded(boolType, 1)],
  ]),
)

let made: Environment | undefined
/** Exported for the test of what selectors cost. */
export const environment = (): Environment =>
  (made ??= new Environment({ libraries: selectorLibraries, variables: new Map([['device', deviceType]]) }))

function checkExpression(place: Place, expression: string): void {
  if (Buffer.byteLength(expression) > most.expression) return place.tooLong(most.expression)
  const compiled = compile(expression, environment())
  if (!compiled.ok) place.invalid(expression, `compilation failed: ${compiled.text}`)
  else if (compiled.type !== boolType && compiled.type !== dynType)
    place.invalid(expression, `must evaluate to bool or the unknown type, not ${formatType(compiled.type)}`)
  else if (compiled.cost().max > mostCost) place.forbidden('too complex, exceeds cost limit')
  return undefined
}

export const checkSelectors = (place: Place, list: readonly DeviceSelector[] | undefined): void =>
  limited(place, { list, most: most.selectors }, ({ cel }, at) => {
    if (cel === undefined) at.at('cel').required()
    else checkExpression(at.at('cel.expression'), cel.expression)
  })
