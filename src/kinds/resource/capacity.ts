/** How much of a capacity one request may take. */
import {
  type Quantity,
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  wholeUnits,
} from '#base/quantity.ts'
import type { CapacityRequestPolicy, CapacityRequestPolicyRange } from '#kinds/facts/generated/types/resource_v1.ts'
import type { Place } from '../place.ts'
import { distinct } from './checks.ts'

const mostOptions = 10

const more = (left: Quantity, right: Quantity): boolean => compareQuantities(left, right) > 0

function checkValues(
  place: Place,
  { options, most, usual }: { readonly options: readonly string[]; readonly most: string; readonly usual: string },
): void {
  const amounts = options.map(parseQuantity)
  amounts.forEach((amount, at) => {
    const before = amounts[at - 1]
    if (before !== undefined && more(before, amount))
      place.item(at).invalid(options[at], 'values must be sorted in ascending order')
  })
  const list = { list: options, most: mostOptions, key: (text: string) => String(wholeUnits(parseQuantity(text))) }
  distinct(place, list, (option, at) => {
    if (more(parseQuantity(option), parseQuantity(most)))
      at.invalid(option, `option is larger than capacity value: ${most}`)
  })
  if (!amounts.some(amount => compareQuantities(amount, parseQuantity(usual)) === 0))
    place.invalid(usual, 'default value is not valid according to the requestPolicy')
}

interface Bounds {
  readonly range: CapacityRequestPolicyRange
  readonly most: string
  readonly usual: string
}

function checkMax(place: Place, { range, most, usual }: Bounds, least: Quantity): void {
  const { max, min } = range
  if (max === undefined) return
  const upper = parseQuantity(max)
  if (more(least, upper)) place.invalid(min, `min is larger than max: ${max}`)
  if (more(upper, parseQuantity(most))) place.invalid(max, `max is larger than capacity value: ${most}`)
  if (more(parseQuantity(usual), upper)) place.invalid(usual, `default is more than max: ${max}`)
}

function checkStep(place: Place, { range, most, usual }: Bounds, least: Quantity): void {
  const { step, max, min } = range
  if (step === undefined) return
  const first = addQuantities(least, parseQuantity(step))
  if (more(first, parseQuantity(most)))
    place.invalid(step, `one step ${formatQuantity(first)} is larger than capacity value: ${most}`)
  const by = wholeUnits(parseQuantity(step))
  for (const value of [usual, ...(max === undefined ? [] : [max])])
    // Upstream divides by a step of nothing, and falls over.
    if (by === 0n || (wholeUnits(parseQuantity(value)) - wholeUnits(least)) % by !== 0n)
      place.invalid(value, `value is not a multiple of a given step (${step}) from (${min})`)
}

function checkRange(place: Place, bounds: Bounds): void {
  const { min } = bounds.range
  if (min === undefined) return place.at('min').required('required when validRange is defined')
  const least = parseQuantity(min)
  if (more(least, parseQuantity(bounds.most)))
    place.at('min').invalid(min, `min is larger than capacity value: ${bounds.most}`)
  if (more(least, parseQuantity(bounds.usual)))
    place.at('min').invalid(bounds.usual, `default is less than min: ${min}`)
  checkMax(place.at('max'), bounds, least)
  return checkStep(place.at('step'), bounds, least)
}

/** @param most all that there is. */
export function checkPolicy(place: Place, most: string, policy: CapacityRequestPolicy): void {
  const { default: usual, validValues: options = [], validRange: range } = policy
  if (options.length > 0 && range !== undefined)
    return place.forbidden(
      'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time',
    )
  if (options.length === 0 && range === undefined) return undefined
  if (usual === undefined)
    return place
      .at('default')
      .required(`required when ${range === undefined ? 'validValues' : 'validRange'} is defined`)
  return range === undefined
    ? checkValues(place.at('validValues'), { options, most, usual })
    : checkRange(place.at('validRange'), { range, most, usual })
}
