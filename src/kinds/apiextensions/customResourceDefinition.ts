import type { Draft } from '#api/metadata.ts'
import type { WriteContext } from '#api/kind.ts'
import { isKnownFormat } from '#codec/values/formats.ts'
import { defineKind } from '../define.ts'
import { unknownFormats, validateDefinition } from './validate.ts'
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

/** Held until all its objects are gone. */
export const cleanup = 'customresourcecleanup.apiextensions.k8s.io'

function terminating(object: Draft<Object>): void {
  const { finalizers = [], deletionTimestamp } = object.metadata
  if (!finalizers.includes(cleanup)) object.metadata.finalizers = [...finalizers, cleanup]
  const { conditions, ...rest } = object.status ?? owned(none)
  const pending = {
    type: 'Terminating',
    status: 'True',
    ...(deletionTimestamp === undefined ? {} : { lastTransitionTime: deletionTimestamp }),
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  }
  object.status = { ...rest, conditions: [...conditions.filter(one => one.type !== pending.type), pending] }
}

function warnings({ spec }: Object, { old, subresource }: WriteContext<Object>): readonly string[] {
  if (subresource !== '') return []
  const before = old === undefined ? new Set() : unknownFormats(old.spec, isKnownFormat)
  return [...unknownFormats(spec, isKnownFormat)]
    .filter(format => !before.has(format))
    .map(format => `unrecognized format ${JSON.stringify(format)}`)
}

export const CustomResourceDefinition = defineKind(customResourceDefinitions, {
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  status: true,
  counted: true,
  defaults,
  validate: validateDefinition,
  warnings,
  terminating,
  prepare: (object, { subresource }) => {
    if (subresource === '') prepare(object)
  },
})
