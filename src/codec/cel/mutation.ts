/** The types that a MutatingAdmissionPolicy's expressions make: `Object{spec: Object.spec{…}}`, `JSONPatch{op: …}`. */
import { dynType, objectType, stringType } from './types.ts'
import type { ObjectType } from './types.ts'
import { CelList, CelMap } from './values.ts'
import type { Result } from './values.ts'

const jsonPatchType = objectType(
  'JSONPatch',
  new Map(Object.entries({ op: stringType, path: stringType, from: stringType, value: dynType })),
)

const isObjectName = (name: string): boolean => name === 'Object' || name.startsWith('Object.')

/** For `EnvironmentOptions.types`. Fields of objects are not checked here: the object that they are applied to knows them. */
export function mutationTypes(name: string): ObjectType | undefined {
  if (name === jsonPatchType.name) return jsonPatchType
  return isObjectName(name) ? { kind: 'object', name, field: () => dynType } : undefined
}

/**
 * What is wrong with the names of objects inside a value of type `Object`: each must be called after the fields that lead
 * to it. Empty when nothing is.
 */
export function misnamedObjects(value: Result, path = 'Object'): readonly string[] {
  if (value instanceof CelList) return value.items().flatMap(item => misnamedObjects(item, path))
  if (!(value instanceof CelMap)) return []
  const name = value.type?.kind === 'object' ? value.type.name : undefined
  const own =
    name === undefined || name === path
      ? []
      : [`unexpected type name "${name}", expected "${path}", which matches field name path from root Object type`]
  const inner = name === undefined ? () => path : (key: unknown): string => `${path}.${String(key)}`
  return [...own, ...value.keys().flatMap(key => misnamedObjects(value.at(key), inner(key)))]
}
