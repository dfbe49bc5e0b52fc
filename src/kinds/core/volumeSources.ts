/** What sources of volumes have in common, in pods, claims and volumes of their own. */
import { dns1123Subdomain } from '#api/names.ts'
import type { Place } from '../place.ts'

const longestDriver = 63

export function checkDriverName(place: Place, driver: string | undefined): void {
  if (!driver) return place.required()
  if (driver.length > longestDriver) place.tooLong(longestDriver)
  for (const problem of dns1123Subdomain(driver.toLowerCase())) place.invalid(driver, problem)
  return undefined
}
