/** Expressions that select devices. */
import { compile } from '#codec/cel/compile.ts'
import { Environment } from '#codec/cel/environment.ts'
import { kubernetesLibraries } from '#codec/cel/libraries.ts'
import { quantityType } from '#codec/cel/library/quantity.ts'
import { boolType, dynType, formatType, mapType, objectType, stringType } from '#codec/cel/types.ts'
import type { CelType } from '#codec/cel/types.ts'
import type { DeviceSelector } from '#kinds/facts/generated/types/resource_v1.ts'
import type { Place } from '../place.ts'
import { limited, most } from './checks.ts'

const mostCost = 1_000_000

const deviceType = objectType(
  'kubernetes.DRADevice',
  new Map<string, CelType>([
    ['driver', stringType],
    ['attributes', mapType(stringType, mapType(stringType, dynType))],
    ['capacity', mapType(stringType, mapType(stringType, quantityType))],
    ['allowMultipleAllocations', boolType],
  ]),
)

let made: Environment | undefined
const environment = (): Environment =>
  (made ??= new Environment({ libraries: kubernetesLibraries, variables: new Map([['device', deviceType]]) }))

function checkExpression(place: Place, expression: string): void {
  if (Buffer.byteLength(expression) > most.expression) return place.tooLong(most.expression)
  const compiled = compile(expression, environment())
  if (!compiled.ok) place.invalid(expression, `compilation failed: ${compiled.text}`)
  else if (compiled.type !== boolType && compiled.type !== dynType)
    place.invalid(expression, `must evaluate to bool or the unknown type, not ${formatType(compiled.type)}`)
  else if (compiled.cost().min > mostCost) place.forbidden('too complex, exceeds cost limit')
  return undefined
}

export const checkSelectors = (place: Place, list: readonly DeviceSelector[] | undefined): void =>
  limited(place, { list, most: most.selectors }, ({ cel }, at) => {
    if (cel === undefined) at.at('cel').required()
    else checkExpression(at.at('cel.expression'), cel.expression)
  })
