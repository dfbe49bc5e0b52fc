/** Templates of pods, and the annotations that pods and templates may have. */
import type { ObjectMeta } from '#api/metadata.ts'
import type { PodTemplateSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { checkAnnotations, checkLabels } from '../../../meta.ts'
import type { Place } from '../../../place.ts'
import { checkPodSpec } from './spec.ts'

const deletionCost = 'controller.kubernetes.io/pod-deletion-cost'
const integer = /^-?(?:0|[1-9]\d{0,9})$/

export function checkPodAnnotations(place: Place, annotations: ObjectMeta['annotations']): void {
  const cost = annotations?.[deletionCost]
  if (cost !== undefined && (!integer.test(cost) || Math.abs(Number(cost)) >= 2 ** 31))
    place.key(deletionCost).invalid(cost, 'must be a 32bit integer')
}

const noMetadata: ObjectMeta = {}

export function checkTemplate(place: Place, template: PodTemplateSpec): void {
  const { metadata = noMetadata, spec } = template
  checkLabels(place.at('labels'), metadata.labels)
  checkAnnotations(place.at('annotations'), metadata.annotations)
  checkPodAnnotations(place.at('annotations'), metadata.annotations)
  checkPodSpec(place.at('spec'), spec, undefined)
  if ((spec.ephemeralContainers?.length ?? 0) > 0)
    place.at('spec.ephemeralContainers').forbidden('ephemeral containers not allowed in pod template')
}
