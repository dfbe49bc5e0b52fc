import type { Draft } from '#api/metadata.ts'
import { defineKind } from '../define.ts'
import { validateDefinition } from './validate.ts'
import { fill, owned, put, within } from '../fill.ts'
import { customResourceDefinitions } from '#kinds/facts/generated/refs.ts'
import type {
  CustomResourceDefinition as Object,
  CustomResourceDefinitionNames as Names,
  CustomResourceDefinitionSpec as Spec,
  CustomResourceDefinitionStatus as Status,
} from '#kinds/facts/generated/types/apiextensions_v1.ts'

function names(given: Names): Names {
  const singular = given.singular || !given.kind ? given : put(given, 'singular', given.kind.toLowerCase())
  return given.kind && !singular.listKind ? put(singular, 'listKind', `${given.kind}List`) : singular
}

const conversion = (given: NonNullable<Spec['conversion']>): NonNullable<Spec['conversion']> =>
  within(given, 'webhook', webhook =>
    within(webhook, 'clientConfig', config => within(config, 'service', service => fill(service, { port: 443 }))),
  )

const none: Status = { conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions: [] }

const stored = (spec: Spec): string[] => (spec.versions ?? []).filter(one => one.storage).map(one => one.name)

function defaults(object: Draft<Object>): void {
  const noNames: Names = { plural: '', kind: '' }
  const filled = fill<Spec>(object.spec ?? {}, { conversion: { strategy: 'None' }, names: noNames })
  const spec = within(within(filled, 'names', names), 'conversion', conversion)
  object.spec = owned(spec)
  const status = fill<Status>(object.status ?? none, none)
  const [first] = status.storedVersions.length === 0 ? stored(spec) : []
  object.status = owned(first === undefined ? status : { ...status, storedVersions: [first] })
}

/** A version that objects are stored in from now on is one of those that they may be found in. */
function prepare(object: Draft<Object>): void {
  const { storedVersions = [] } = object.status ?? {}
  const added = stored(object.spec).filter(version => !storedVersions.includes(version))
  if (added.length > 0)
    object.status = { ...owned(none), ...object.status, storedVersions: [...storedVersions, ...added] }
}

export const CustomResourceDefinition = defineKind(customResourceDefinitions, {
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  status: true,
  counted: true,
  defaults,
  validate: validateDefinition,
  prepare: (object, { subresource }) => {
    if (subresource === '') prepare(object)
  },
})
