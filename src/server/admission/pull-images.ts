/** AlwaysPullImages: nobody runs an image that they could not pull, only because it lies on the node. */
import type { Container, Pod, PodSpec } from '#kinds/facts/generated/types/core_v1.ts'
import type { Draft } from '#api/metadata.ts'
import { FieldError } from '#api/validation.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Step, deny, draftOf, isResource, oldOf } from './step.ts'

const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const

const containersOf = (
  spec: Draft<PodSpec> | undefined,
): readonly { readonly path: string; readonly one: Draft<Container> }[] =>
  lists.flatMap(list => (spec?.[list] ?? []).map((one, at) => ({ path: `spec.${list}[${at}]`, one })))

/** Updates that bring no image are left alone: they could not be made right. */
function handles(request: AdmissionRequest): boolean {
  if (request.subresource !== '' || !isResource(request, '', 'pods')) return false
  if (request.operation === 'CREATE') return true
  if (request.operation !== 'UPDATE') return false
  const had = new Set(containersOf(oldOf<Pod>(request).spec as Draft<PodSpec>).map(({ one }) => one.image))
  return containersOf(draftOf<Pod>(request).spec).some(({ one }) => !had.has(one.image))
}

const refused = (path: string, value: unknown): string =>
  new FieldError('FieldValueNotSupported', path, { value, detail: 'supported values: "Always"' }).message()

export const alwaysPullImages: Step = {
  name: 'AlwaysPullImages',
  handles,
  change: request => {
    const { spec } = draftOf<Pod>(request)
    for (const { one } of containersOf(spec)) one.imagePullPolicy = 'Always'
    for (const { image } of spec?.volumes ?? []) if (image !== undefined) image.pullPolicy = 'Always'
  },
  judge: request => {
    const { spec } = draftOf<Pod>(request)
    for (const { path, one } of containersOf(spec))
      if (one.imagePullPolicy !== 'Always') deny(request, refused(`${path}.imagePullPolicy`, one.imagePullPolicy ?? ''))
    for (const [at, { image }] of (spec?.volumes ?? []).entries())
      if (image !== undefined && image.pullPolicy !== 'Always')
        deny(request, refused(`spec.volumes[${at}].image.pullPolicy`, image.pullPolicy ?? ''))
  },
}
