/** Pods: new ones, changed ones, and what is reported of them. */
import type { WriteContext } from '#api/kind.ts'
import type { FieldError } from '#api/validation.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { Place } from '../../../place.ts'
import { checkResize } from '../resize.ts'
import { checkImageText } from './containers.ts'
import { checkPodSpec } from './spec.ts'
import { checkPodStatus } from './status.ts'
import { checkPodAnnotations } from './template.ts'
import { checkAnnotationUpdate, checkEphemeralUpdate, checkPodUpdate } from './update.ts'

const mirror = 'kubernetes.io/config.mirror'

function checkTokens(place: Place, pod: Pod): void {
  if (pod.spec.serviceAccountName || pod.spec.volumes === undefined) return
  place.at('volumes').each(pod.spec.volumes, ({ projected }, volume) => {
    volume.at('projected.sources').each(projected?.sources, (source, at) => {
      if (source.serviceAccountToken !== undefined)
        at.at('serviceAccountToken').forbidden('must not be specified when serviceAccountName is not set')
    })
  })
}

function checkWhole(root: Place, place: Place, pod: Pod): void {
  const annotations = root.at('metadata.annotations')
  const mirrored = pod.metadata.annotations?.[mirror]
  if (mirrored !== undefined && !pod.spec.nodeName)
    annotations.key(mirror).invalid(mirrored, 'must set spec.nodeName if mirror pod annotation is set')
  checkPodAnnotations(annotations, pod.metadata.annotations)
  checkPodSpec(place, pod.spec, pod.metadata)
  checkTokens(place, pod)
  place.at('containers').each(pod.spec.containers, (one, at) => checkImageText(at, one))
  place.at('initContainers').each(pod.spec.initContainers, (one, at) => checkImageText(at, one))
}

function checkCreate(place: Place, { spec }: Pod): void {
  if ((spec.ephemeralContainers?.length ?? 0) > 0) place.at('ephemeralContainers').forbidden('cannot be set on create')
  if (spec.nodeName && (spec.schedulingGates?.length ?? 0) > 0)
    place.at('nodeName').forbidden('cannot be set until all schedulingGates have been cleared')
}

/** Writes of these subresources are checked where they are made. */
const elsewhere: ReadonlySet<string> = new Set(['binding', 'eviction'])

export function validate(pod: Pod, { old, subresource }: WriteContext<Pod>): readonly FieldError[] {
  const root = new Place('')
  const place = root.at('spec')
  if (elsewhere.has(subresource)) return []
  if (old === undefined) {
    checkWhole(root, place, pod)
    checkCreate(place, pod)
  } else if (subresource === 'status') {
    checkAnnotationUpdate(root.at('metadata.annotations'), pod, old)
    checkPodStatus(root.at('status'), pod, old)
  } else {
    checkWhole(root, place, pod)
    checkAnnotationUpdate(root.at('metadata.annotations'), pod, old)
    if (subresource === 'resize') checkResize(place, pod, old)
    else if (subresource === 'ephemeralcontainers')
      checkEphemeralUpdate(place.at('ephemeralContainers'), pod.spec, old.spec)
    else checkPodUpdate(place, pod.spec, old.spec)
  }
  return root.errors
}
