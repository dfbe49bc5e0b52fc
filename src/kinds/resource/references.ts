/** How parts of a claim name its requests, and what they hand to drivers. */
import type { DeviceClaim, OpaqueDeviceConfiguration } from '#kinds/facts/generated/types/resource_v1.ts'
import { checkDriverName } from '../core/volumeSources.ts'
import type { Place } from '../place.ts'
import { checkLabel, checkParameters, distinct, most } from './checks.ts'

/** Of a request, or of one of its alternatives: `request/alternative`. */
export type Names = ReadonlySet<string>

export const requestNames = ({ requests }: DeviceClaim): Names =>
  new Set(
    requests.flatMap(({ name, firstAvailable = [] }) => [name, ...firstAvailable.map(one => `${name}/${one.name}`)]),
  )

export function checkReference(place: Place, name: string, names: Names): void {
  const parts = name.split('/')
  if (parts.length <= 2) for (const part of parts) checkLabel(place, part)
  if (!names.has(name))
    place.invalid(
      name,
      "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
    )
}

export const checkReferences = (place: Place, list: readonly string[] | undefined, names: Names): void =>
  distinct(place, { list, most: most.requests, key: name => name }, (name, at) => checkReference(at, name, names))

export function checkOpaque(place: Place, opaque: OpaqueDeviceConfiguration | undefined): void {
  const at = place.at('opaque')
  if (opaque === undefined) return at.required()
  checkDriverName(at.at('driver'), opaque.driver)
  return checkParameters(at.at('parameters'), opaque.parameters)
}
