/** Definitions of custom kinds as the tests make them. */
import type { Api, Json } from './api.ts'

export const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

export interface Definition {
  readonly group: string
  /** The plural is this and an `s`. */
  readonly kind: string
  /** The first is stored. */
  readonly versions?: readonly string[]
  /** All that is valid unless given. */
  readonly schema?: object
  readonly namespaced?: boolean
  readonly labels?: Readonly<Record<string, string>>
  /** Fields of `spec` in place of the usual. */
  readonly spec?: object
}

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

export const pluralOf = ({ kind }: Definition): string => `${kind.toLowerCase()}s`
export const nameOf = (definition: Definition): string => `${pluralOf(definition)}.${definition.group}`

const body = (definition: Definition): object => ({
  metadata: { name: nameOf(definition), labels: definition.labels ?? {} },
  spec: {
    group: definition.group,
    scope: definition.namespaced === true ? 'Namespaced' : 'Cluster',
    names: {
      kind: definition.kind,
      listKind: `${definition.kind}List`,
      plural: pluralOf(definition),
      singular: definition.kind.toLowerCase(),
    },
    versions: (definition.versions ?? ['v1']).map((name, index) => ({
      name,
      served: true,
      storage: index === 0,
      schema: { openAPIV3Schema: definition.schema ?? anything },
    })),
    ...definition.spec,
  },
})

/** Resolves once the kind is served. */
export async function define(api: Api, definition: Definition): Promise<Json> {
  await api.create(definitionsPath, body(definition))
  return api.until(
    `${nameOf(definition)} is established`,
    () => api.get(`${definitionsPath}/${nameOf(definition)}`),
    ({ status }) => (status?.conditions ?? []).some((one: Json) => one.type === 'Established' && one.status === 'True'),
  )
}
