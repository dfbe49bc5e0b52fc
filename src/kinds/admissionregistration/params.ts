/** How policies and their bindings show what they take parameters from. */
import { selectorText } from '../columns.ts'
import type { ParamKind, ParamRef } from '#kinds/facts/generated/types/admissionregistration_v1.ts'

export const paramKind = (kind: ParamKind | undefined): string =>
  kind === undefined ? '<unset>' : `${kind.apiVersion ?? ''}/${kind.kind ?? ''}`

export function paramRef(ref: ParamRef | undefined): string {
  if (ref?.name) return `${ref.namespace || '*'}/${ref.name}`
  return ref?.selector === undefined ? '<unset>' : selectorText(ref.selector)
}
