/** What of a resource a list or a watch is about: namespace, name, label and field selectors. */
import type { Served } from '#api/kind.ts'
import { selectableOf } from '#api/served.ts'
import type { KObject } from '#api/metadata.ts'
import { badRequest } from '#api/status.ts'
import { type FieldRequirement, matches, parseFieldSelector, parseLabelSelector } from '#api/selector.ts'

export interface Filter {
  /** Key prefix, `namespace/` or empty. */
  readonly prefix: string
  /** The one key asked for, when a field selector names it. */
  readonly only: string | undefined
  /** Undefined: everything under the prefix. */
  readonly accepts: ((object: KObject) => boolean) | undefined
  /** To be awaited, where it gives a promise, for objects that `accepts` is to judge: their fields are another version's. */
  readonly prepare?: (objects: readonly KObject[]) => Promise<unknown> | undefined
}

export interface FilterInput {
  readonly served: Served
  readonly namespace: string
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  readonly name?: string | undefined
}

function reader(served: Served, field: string): (object: KObject) => string {
  const { kind } = served
  if (field === 'metadata.name') return object => object.metadata.name ?? ''
  if (field === 'metadata.namespace' && kind.scope === 'Namespaced') return object => object.metadata.namespace ?? ''
  const fields = selectableOf(served)
  const of = fields !== undefined && Object.hasOwn(fields, field) ? fields[field] : undefined
  if (of === undefined)
    throw badRequest(
      kind.custom || fields === undefined
        ? `field label not supported: ${field}`
        : `Unable to find "${[kind.group, kind.hub].filter(Boolean).join('/')}, Resource=${kind.plural}" that match label selector "", field selector "${field}": field label not supported: ${field}`,
    )
  return of
}

/** How objects are made ready whose fields are asked for in a version that a webhook makes of them. */
function preparing({ kind, version }: Served): NonNullable<Filter['prepare']> {
  return objects =>
    kind.convert === undefined || objects.every(object => version.converted?.(object) !== undefined)
      ? undefined
      : kind.convert(objects, version.name)
}

/** @throws StatusError BadRequest for selectors that cannot be read or are not supported. */
export function makeFilter(input: FilterInput): Filter {
  const labels = input.labelSelector === undefined ? [] : parseLabelSelector(input.labelSelector)
  const wanted: readonly FieldRequirement[] = [
    ...(input.fieldSelector === undefined ? [] : parseFieldSelector(input.fieldSelector)),
    ...(input.name === undefined ? [] : [{ field: 'metadata.name', value: input.name, equal: true }]),
  ]
  const fields = wanted.map(one => ({ ...one, of: reader(input.served, one.field) }))
  const { kind } = input.served
  const namespace = kind.scope === 'Namespaced' ? input.namespace : ''
  const prefix = namespace === '' ? '' : `${namespace}/`
  const named = wanted.find(one => one.field === 'metadata.name' && one.equal)?.value
  const only = named === undefined || (namespace === '' && kind.scope === 'Namespaced') ? undefined : prefix + named
  if (labels.length === 0 && fields.length === 0) return { prefix, only: undefined, accepts: undefined }
  const { converted } = input.served.version
  const foreign = converted !== undefined && wanted.some(one => !one.field.startsWith('metadata.'))
  const shown = (object: KObject): KObject | undefined => (foreign ? converted(object) : object)
  return {
    prefix,
    only,
    ...(foreign ? { prepare: preparing(input.served) } : {}),
    accepts: object => {
      if (!matches(labels, object.metadata.labels)) return false
      const own = shown(object)
      return own !== undefined && fields.every(field => (field.of(own) === field.value) === field.equal)
    },
  }
}
