/** A definition as the kind that it defines: the same kind of value as a built-in one. */
import type { Pause } from '#base/breaks.ts'
import { stringifyJson } from '#codec/json.ts'
import type { Kind, KindVersion, ScalePaths } from '#api/kind.ts'
import { type Draft, type KObject, apiVersionOf } from '#api/metadata.ts'
import type { Field, Schema } from '#api/schema.ts'
import { applyDefaults } from '#codec/defaults.ts'
import { dropNulls } from '#codec/nulls.ts'
import { pruneUnknown } from '#codec/prune.ts'
import { typeSchema } from '#kinds/facts/read.ts'
import type {
  CustomResourceDefinition as Definition,
  CustomResourceDefinitionVersion as Version,
} from '#kinds/facts/generated/types/apiextensions_v1.ts'
import type { Props } from '../apiextensions/schemas.ts'
import { columnsFrom } from './columns.ts'
import { type Converter, Converting } from './converting.ts'
import { follow, parsePath } from './jsonPath.ts'
import { Told, type Versions, anything, converted, patient, validator } from './judging.ts'
import { openapiOf } from './openapi.ts'
import { structureOf } from './structure.ts'
import { customWarnings } from './validate.ts'

const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']

const propsOf = (version: Version): Props => version.schema?.openAPIV3Schema ?? anything

const everyObject: readonly Field[] = [
  { name: 'apiVersion', schema: { type: 'string' } },
  { name: 'kind', schema: { type: 'string' } },
  { name: 'metadata', schema: typeSchema('meta_v1.ObjectMeta') },
]

/** With what every object has, whatever the definition says of it. @param keeps unknown fields, as older definitions ask for. */
function rootOf(props: Props, keeps: boolean): Schema {
  const own = structureOf(props)
  const fields = new Map([...(own.fields ?? []), ...everyObject.map((field): [string, Field] => [field.name, field])])
  return {
    type: 'object',
    fields,
    ...(own.mapType === undefined ? {} : { mapType: own.mapType }),
    ...(keeps || own.preserveUnknown === true ? { preserveUnknown: true } : {}),
  }
}

function scaleFrom({ subresources }: Version): ScalePaths | null {
  const scale = subresources?.scale
  if (scale === undefined) return null
  const { specReplicasPath, statusReplicasPath, labelSelectorPath = '' } = scale
  return {
    specReplicas: specReplicasPath,
    statusReplicas: statusReplicasPath,
    ...(labelSelectorPath === '' ? {} : { selector: labelSelectorPath }),
  }
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined || value === null ? '' : stringifyJson(value)

const selectableFrom = ({ selectableFields = [] }: Version): Record<string, (object: KObject) => string> =>
  Object.fromEntries(
    selectableFields.map(({ jsonPath }) => {
      const path = parsePath(jsonPath) ?? []
      return [jsonPath.replace(/^\./, ''), (object: KObject) => shown(follow(path, object)[0])]
    }),
  )

/** Fields in the order in which objects are kept, said to be of another version. */
function inVersion(draft: Draft<KObject>, apiVersion: string, schema: Schema): Draft<KObject> {
  if (draft.apiVersion === apiVersion) return draft
  draft.apiVersion = apiVersion
  pruneUnknown(schema, draft)
  return draft
}

function deprecation(definition: Definition, { name, deprecated, deprecationWarning }: Version): string | undefined {
  if (deprecated !== true) return undefined
  const { group, names } = definition.spec
  return deprecationWarning ?? `${group}/${name} ${names.kind} is deprecated`
}

interface Hub {
  readonly hub: Version
  /** Where a webhook converts; made after the versions that it converts to. */
  readonly converting: (() => Converting | undefined) | undefined
}

function versionFrom(definition: Definition, version: Version, { hub, converting }: Hub): KindVersion {
  const { group, preserveUnknownFields: keeps = false } = definition.spec
  const props = propsOf(version)
  let root: Schema | undefined
  let hubRoot: Schema | undefined
  const schema = (): Schema => (root ??= rootOf(props, keeps))
  const hubSchema = (): Schema => (hubRoot ??= rootOf(propsOf(hub), keeps))
  const own = apiVersionOf({ group, version: version.name })
  const stored = apiVersionOf({ group, version: hub.name })
  const deprecated = deprecation(definition, version)
  return {
    name: version.name,
    schema,
    openapi: () => openapiOf(props),
    ...(converting === undefined ? {} : { converted: object => converting()?.find(object, version.name) }),
    ...(version === hub || converting !== undefined
      ? {}
      : {
          toHub: draft => inVersion(draft, stored, hubSchema()),
          fromHub: draft => inVersion(draft, own, schema()),
        }),
    ...(deprecated === undefined ? {} : { deprecated }),
    status: version.subresources?.status !== undefined,
    scale: scaleFrom(version),
    columns: columnsFrom(version.additionalPrinterColumns),
    selectableFields: selectableFrom(version),
  }
}

/** v2 before v1 before v1beta1, as discovery orders them. */
const rank = (name: string): readonly number[] => {
  const found = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(name)
  if (found === null) return [-1, 0, 0]
  const [, major, stage, minor] = found
  return [stage === undefined ? 2 : stage === 'beta' ? 1 : 0, Number(major), Number(minor ?? 0)]
}

function preferred(left: Version, right: Version): number {
  const [a, b] = [rank(left.name), rank(right.name)]
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return (b[at] ?? 0) - (a[at] ?? 0)
  return left.name < right.name ? -1 : 1
}

function versionsOf(definition: Definition, converter: Converter | undefined): Versions | undefined {
  const all = definition.spec.versions ?? []
  const hub = all.find(version => version.storage)
  if (hub === undefined) return undefined
  let converting: Converting | undefined
  const how: Hub = { hub, converting: converter === undefined ? undefined : () => converting }
  const made = new Map(all.map(version => [version.name, versionFrom(definition, version, how)]))
  if (converter !== undefined) {
    const { group, names } = definition.spec
    const schemas = new Map(Array.from(made, ([name, version]) => [name, version.schema]))
    converting = new Converting({ group, kind: names.kind, schemas, converter })
  }
  const served = all.filter(version => version.served).toSorted(preferred)
  const stored = made.get(hub.name)
  if (stored === undefined || served.length === 0) return undefined
  return {
    served: served.flatMap(version => made.get(version.name) ?? []),
    hub: stored,
    props: new Map(all.map(version => [version.name, propsOf(version)])),
    converting,
  }
}

export interface Life {
  /** Different from that of every other kind that was ever made of this definition. */
  readonly generation: number
  /** Whether the definition is being deleted by now. */
  readonly retiring: () => boolean
  /** Where the definition names a webhook. */
  readonly converter?: Converter | undefined
  /** Lets others in while rules are evaluated; absent: nobody is. */
  readonly pause?: Pause | undefined
}

const everAtOnce: Pause = async () => {}

/** @returns undefined for a definition that serves nothing. */
export function customKind(
  definition: Definition,
  { generation, retiring, converter, pause = everAtOnce }: Life,
): Kind | undefined {
  const { spec, status } = definition
  const versions = versionsOf(definition, converter)
  if (versions === undefined) return undefined
  const names = { ...spec.names, ...status?.acceptedNames }
  const { hub, served, converting } = versions
  const judging = { versions, told: new Told(), pause }
  const stored = apiVersionOf({ group: spec.group, version: hub.name })
  return {
    group: spec.group,
    kind: names.kind || spec.names.kind,
    listKind: names.listKind || `${names.kind}List`,
    plural: spec.names.plural,
    singular: names.singular || spec.names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    scope: spec.scope === 'Cluster' ? 'Cluster' : 'Namespaced',
    versions: served,
    hub: hub.name,
    ...(served.includes(hub) ? {} : { unserved: hub }),
    retiring,
    verbs,
    generation,
    status: hub.status === true,
    counted: true,
    unconditionalUpdate: false,
    createOnUpdate: false,
    custom: true,
    columns: hub.columns ?? [],
    defaults: draft => {
      if (draft.apiVersion !== stored) {
        // What another version holds is for the webhook to say.
        if (converting !== undefined) return
        draft.apiVersion = stored
      }
      const schema = hub.schema()
      pruneUnknown(schema, draft)
      dropNulls(schema, draft)
      applyDefaults(schema, draft)
    },
    ...(converting === undefined
      ? { validate: validator(judging), judge: patient(judging) }
      : {
          judge: converted(judging, converting),
          convert: (objects, version) => converting.convert(objects, version),
        }),
    warnings: (object, context) => [...customWarnings(object, context), ...judging.told.of(object)],
  }
}
