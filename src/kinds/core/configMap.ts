import { invalidValue, tooLong, type FieldError } from '#api/validation.ts'
import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { configMaps } from '#kinds/facts/generated/refs.ts'
import type { ConfigMap as Object } from '#kinds/facts/generated/types/core_v1.ts'
import { decodedLength, frozenErrors, keyErrors, mostBytes } from './dataKeys.ts'

const { entries, hasOwn, keys, values } = globalThis.Object

function validate(object: Object, { old }: { readonly old: Object | undefined }): readonly FieldError[] {
  const { data = {}, binaryData = {} } = object
  const twice = keys(data)
    .filter(key => hasOwn(binaryData, key))
    .map(key => invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'))
  const size =
    values(data).reduce((sum, value) => sum + Buffer.byteLength(value), 0) +
    values(binaryData).reduce((sum, value) => sum + decodedLength(value), 0)
  return [
    ...frozenErrors(object, old),
    ...keyErrors(data, 'data'),
    ...twice,
    ...keyErrors(binaryData, 'binaryData'),
    ...(size > mostBytes ? [tooLong('', mostBytes)] : []),
  ]
}

export const ConfigMap = defineKind(configMaps, {
  shortNames: ['cm'],
  unconditionalUpdate: true,
  validate,
  columns: [
    name,
    text('Data', ({ data = {}, binaryData = {} }) => entries(data).length + entries(binaryData).length),
    age,
  ],
})
