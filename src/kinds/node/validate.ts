import type { WriteContext } from '#api/kind.ts'
import { dns1123Label } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type { RuntimeClass } from '#kinds/facts/generated/types/node_v1.ts'
import { checkFixed } from '../apps/checks.ts'
import { checkResources } from '../core/pod/validate/resources.ts'
import { checkTolerations } from '../core/pod/validate/scheduling.ts'
import { checkLabels } from '../meta.ts'
import { Place } from '../place.ts'

export function validateRuntimeClass(
  { handler, overhead, scheduling }: RuntimeClass,
  { old }: WriteContext<RuntimeClass>,
): readonly FieldError[] {
  const root = new Place('')
  if (old !== undefined) {
    checkFixed(root.at('handler'), handler, old.handler)
    return root.errors
  }
  root.at('handler').named(handler, dns1123Label)
  const { podFixed: limits } = overhead ?? {}
  if (limits !== undefined) checkResources(root.at('overhead'), { limits }, new Set())
  checkLabels(root.at('scheduling.nodeSelector'), scheduling?.nodeSelector)
  const { tolerations = [] } = scheduling ?? {}
  const list = root.at('scheduling.tolerations')
  checkTolerations(list, tolerations)
  const seen = new Set<string>()
  list.each(tolerations, (toleration, at) => {
    const { key = '', operator = '', value = '', effect = '' } = toleration
    const id = JSON.stringify([key, operator, value, effect])
    if (seen.has(id)) at.duplicate(toleration)
    seen.add(id)
  })
  return root.errors
}
