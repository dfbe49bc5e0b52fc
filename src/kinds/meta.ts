/** Checks of labels and selectors inside specs. */
import { labelValueErrors, qualifiedName } from '#api/names.ts'
import type { LabelSelector } from '#kinds/facts/generated/types/meta_v1.ts'
import type { Place } from './place.ts'

type Labels = Readonly<Record<string, string>>

export function checkLabels(place: Place, labels: Labels | undefined): void {
  if (labels === undefined) return
  for (const key of Object.keys(labels)) {
    place.format(key, qualifiedName)
    place.format(labels[key] ?? '', labelValueErrors)
  }
}

const annotationLimit = 256 * 1024

export function checkAnnotations(place: Place, annotations: Labels | undefined): void {
  if (annotations === undefined) return
  let size = 0
  for (const key of Object.keys(annotations)) {
    for (const problem of qualifiedName(key.toLowerCase())) place.invalid(key, problem)
    size += Buffer.byteLength(key) + Buffer.byteLength(annotations[key] ?? '')
  }
  if (size > annotationLimit) place.tooLong(annotationLimit)
}

type Requirement = NonNullable<LabelSelector['matchExpressions']>[number]

export function checkRequirement(place: Place, { key, operator, values = [] }: Requirement): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) place.at('values').required("must be specified when `operator` is 'In' or 'NotIn'")
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      place.at('values').forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
  } else place.at('operator').invalid(operator, 'not a valid selector operator')
  place.at('key').format(key, qualifiedName)
  place.at('values').each(values, (value, at) => at.format(value, labelValueErrors))
}

export function checkSelector(place: Place, selector: LabelSelector | undefined): void {
  if (selector === undefined) return
  checkLabels(place.at('matchLabels'), selector.matchLabels)
  place.at('matchExpressions').each(selector.matchExpressions, (one, at) => checkRequirement(at, one))
}

export const isEmptySelector = (selector: LabelSelector): boolean =>
  Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0

function meets({ key, operator, values = [] }: Requirement, labels: Labels): boolean {
  const has = Object.hasOwn(labels, key)
  if (operator === 'Exists') return has
  if (operator === 'DoesNotExist') return !has
  const among = has && values.includes(labels[key] ?? '')
  return operator === 'In' ? among : !among
}

export const matches = (selector: LabelSelector, labels: Labels = {}): boolean =>
  Object.entries(selector.matchLabels ?? {}).every(
    ([key, value]) => Object.hasOwn(labels, key) && labels[key] === value,
  ) && (selector.matchExpressions ?? []).every(one => meets(one, labels))
