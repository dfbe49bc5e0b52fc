/** SecretVersions: what a Secret held before becomes a version of it. */
import type { Secret } from '#kinds/facts/generated/types/core_v1.ts'
import { uncharged } from '#server/registry/admitting.ts'
import { type Step, draftOf, isResource, oldOf } from '../step.ts'
import { type HistoryParts, replaced } from './history.ts'
import { keepAnnotation, keepIn, mostKept } from './settings.ts'

export const secretVersionsStep = (parts: HistoryParts): Step => ({
  name: 'SecretVersions',
  handles: request =>
    request.operation !== 'DELETE' && request.subresource === '' && isResource(request, '', 'secrets'),
  judge: request => {
    const asked = request.object?.metadata.annotations?.[keepAnnotation]
    if (asked !== undefined && keepIn(asked) === undefined)
      request.warn(
        `metadata.annotations[${keepAnnotation}]: must be a whole number from 0 to ${mostKept}; it is not heeded`,
      )
  },
  charge: request => {
    if (request.old === undefined || request.object === undefined) return uncharged
    const change = {
      old: oldOf<Secret>(request),
      next: draftOf<Secret>(request) as Secret,
      by: request.permit.user.name,
    }
    const operations = replaced(parts, change)
    return operations.length === 0 ? uncharged : { operations, settle: () => undefined }
  },
})
