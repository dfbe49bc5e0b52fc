import type { Draft } from '#api/metadata.ts'
import { immutable, invalidValue, required, tooLong, type FieldError } from '#api/validation.ts'
import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { secrets } from '#kinds/facts/generated/refs.ts'
import type { Secret as Object } from '#kinds/facts/generated/types/core_v1.ts'
import { decodedLength, frozenErrors, keyErrors, mostBytes } from './dataKeys.ts'

/** Keys that a type asks for: all of `every`, or one of `either`. */
const wanted: ReadonlyMap<string, { readonly every?: readonly string[]; readonly either?: readonly string[] }> =
  new Map([
    ['kubernetes.io/basic-auth', { either: ['username', 'password'] }],
    ['kubernetes.io/tls', { every: ['tls.crt', 'tls.key'] }],
    ['kubernetes.io/dockercfg', { every: ['.dockercfg'] }],
    ['kubernetes.io/dockerconfigjson', { every: ['.dockerconfigjson'] }],
  ])
const documents: ReadonlyMap<string, string> = new Map([
  ['kubernetes.io/dockercfg', '.dockercfg'],
  ['kubernetes.io/dockerconfigjson', '.dockerconfigjson'],
])
const accountAnnotation = 'kubernetes.io/service-account.name'

/** What is wrong with a JSON document; never shows its contents, not even through the parser's message. */
function documentErrors(key: string, base64: string): readonly FieldError[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64, 'base64').toString())
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return []
  } catch {
    // Reported below like any other text that is no document.
  }
  return [invalidValue(`data[${key}]`, '<secret contents redacted>', 'must be a JSON object')]
}

function typeErrors({ type = '', data = {}, metadata }: Object): readonly FieldError[] {
  const has = (key: string): boolean => globalThis.Object.hasOwn(data, key)
  if (type === 'kubernetes.io/service-account-token')
    return metadata.annotations?.[accountAnnotation] ? [] : [required(`metadata.annotations[${accountAnnotation}]`)]
  if (type === 'kubernetes.io/ssh-auth') return data['ssh-privatekey'] ? [] : [required('data[ssh-privatekey]')]
  const { every = [], either = [] } = wanted.get(type) ?? {}
  const missing = [...every.filter(key => !has(key)), ...(either.some(has) ? [] : either)]
  if (missing.length > 0) return missing.map(key => required(`data[${key}]`))
  const document = documents.get(type)
  return document === undefined ? [] : documentErrors(document, data[document] ?? '')
}

function validate(object: Object, { old }: { readonly old: Object | undefined }): readonly FieldError[] {
  const size = globalThis.Object.values(object.data ?? {}).reduce((sum, value) => sum + decodedLength(value), 0)
  return [
    ...(old !== undefined && old.type !== object.type ? [immutable('type', object.type)] : []),
    ...frozenErrors(object, old),
    ...keyErrors(object.data, 'data'),
    ...(size > mostBytes ? [tooLong('data', mostBytes)] : []),
    ...typeErrors(object),
  ]
}

/** stringData is a way to write only: it moves into data, over what is there. */
function takeStringData(secret: Draft<Object>): void {
  if (secret.stringData === undefined) return
  const added = globalThis.Object.entries(secret.stringData).map(
    ([key, value]) => [key, Buffer.from(value).toString('base64')] as const,
  )
  secret.data = globalThis.Object.fromEntries([...globalThis.Object.entries(secret.data ?? {}), ...added])
  delete secret.stringData
}

export const Secret = defineKind(secrets, {
  unconditionalUpdate: true,
  selectableFields: { type: secret => secret.type ?? '' },
  defaults: secret => {
    secret.type ||= 'Opaque'
    takeStringData(secret)
  },
  validate,
  columns: [
    name,
    text('Type', secret => secret.type ?? ''),
    text('Data', secret => globalThis.Object.keys(secret.data ?? {}).length),
    age,
  ],
})
