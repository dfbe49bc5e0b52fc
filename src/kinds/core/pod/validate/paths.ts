/** Paths of files inside containers and volumes. */
import type { KeyToPath } from '#kinds/facts/generated/types/core_v1.ts'
import type { Place } from '../../../place.ts'

export const hasBackstep = (path: string): boolean => path.includes('..') && path.split('/').includes('..')

export function checkNoBacksteps(place: Place, path: string): void {
  if (hasBackstep(path)) place.invalid(path, "must not contain '..'")
}

export function checkDescending(place: Place, path: string): void {
  if (path.startsWith('/')) place.invalid(path, 'must be a relative path')
  checkNoBacksteps(place, path)
}

/** Names that begin with two dots are the kubelet's own. */
export function checkUnreserved(place: Place, path: string): void {
  checkDescending(place, path)
  if (path.startsWith('..') && !path.startsWith('../')) place.invalid(path, "must not start with '..'")
}

export function checkMode(place: Place, mode: number | undefined): void {
  if (mode !== undefined && (mode < 0 || mode > 0o777))
    place.invalid(mode, 'must be a number between 0 and 0777 (octal), both inclusive')
}

export function checkItem(place: Place, { key, path, mode }: KeyToPath): void {
  if (!key) place.at('key').required()
  if (!path) place.at('path').required()
  checkUnreserved(place.at('path'), path ?? '')
  checkMode(place.at('mode'), mode)
}

export function checkDescendingOrAbsolute(place: Place, path: string | undefined): void {
  if (!path) place.required()
  else checkNoBacksteps(place, path)
}
