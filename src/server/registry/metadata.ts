/** Checks and system fields of metadata, common to all kinds. */
import { dns1123Label, dns1123Subdomain, labelValueErrors, maskTrailingDash, qualifiedName } from '#api/names.ts'
import type { Kind } from '#api/kind.ts'
import type { KObject, ObjectMeta, OwnerReference } from '#api/metadata.ts'
import { FieldError, forbiddenField, immutable, invalidValue, required } from '#api/validation.ts'

/** Bytes of all annotations together. */
const annotationLimit = 256 * 1024

const labelErrors = (labels: ObjectMeta['labels'], path: string): readonly FieldError[] =>
  Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...qualifiedName(key).map(error => invalidValue(path, key, error)),
    ...labelValueErrors(value).map(error => invalidValue(path, value, error)),
  ])

function annotationErrors(annotations: ObjectMeta['annotations'], path: string): readonly FieldError[] {
  const entries = Object.entries(annotations ?? {})
  const size = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  return [
    ...entries.flatMap(([key]) => qualifiedName(key.toLowerCase()).map(error => invalidValue(path, key, error))),
    ...(size > annotationLimit
      ? [new FieldError('FieldValueTooLong', path, { detail: `may not be more than ${annotationLimit} bytes` })]
      : []),
  ]
}

const banned = (owner: OwnerReference): boolean => owner.apiVersion === 'v1' && owner.kind === 'Event'

function ownerErrors(owners: readonly OwnerReference[], path: string): readonly FieldError[] {
  const controllers = owners.filter(owner => owner.controller === true)
  const [first, second] = controllers
  return [
    ...owners.flatMap(owner => [
      ...(owner.apiVersion === '' || owner.apiVersion.endsWith('/')
        ? [invalidValue(`${path}.apiVersion`, owner.apiVersion, 'version must not be empty')]
        : []),
      ...(['kind', 'name', 'uid'] as const)
        .filter(key => (owner[key] ?? '') === '')
        .map(key => invalidValue(`${path}.${key}`, '', 'must not be empty')),
      ...(banned(owner) ? [invalidValue(path, owner, '/v1, Kind=Event is disallowed from being an owner')] : []),
    ]),
    ...(first !== undefined && second !== undefined
      ? [
          invalidValue(
            path,
            owners,
            `Only one reference can have Controller set to true. Found "true" in references for ${first.kind}/${first.name} and ${second.kind}/${second.name}`,
          ),
        ]
      : []),
  ]
}

function finalizerErrors(finalizers: readonly string[], path: string): readonly FieldError[] {
  const both = finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')
  return [
    ...finalizers.flatMap(name => qualifiedName(name).map(error => invalidValue(path, name, error))),
    ...(both ? [invalidValue(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set')] : []),
  ]
}

/** What both a new and a changed object must satisfy. */
const commonErrors = (meta: ObjectMeta): readonly FieldError[] => [
  ...labelErrors(meta.labels, 'metadata.labels'),
  ...annotationErrors(meta.annotations, 'metadata.annotations'),
  ...ownerErrors(meta.ownerReferences ?? [], 'metadata.ownerReferences'),
]

const nameErrors = (kind: Kind, name: string): readonly string[] => (kind.validName ?? dns1123Subdomain)(name)

export function createErrors(kind: Kind, meta: ObjectMeta): readonly FieldError[] {
  const errors: FieldError[] = []
  if (meta.generateName !== undefined && meta.generateName !== '')
    for (const error of nameErrors(kind, maskTrailingDash(meta.generateName)))
      errors.push(invalidValue('metadata.generateName', meta.generateName, error))
  if (meta.name === undefined || meta.name === '')
    errors.push(required('metadata.name', 'name or generateName is required'))
  else for (const error of nameErrors(kind, meta.name)) errors.push(invalidValue('metadata.name', meta.name, error))
  if (kind.scope === 'Namespaced') {
    if (meta.namespace === undefined || meta.namespace === '') errors.push(required('metadata.namespace'))
    else
      for (const error of dns1123Label(meta.namespace))
        errors.push(invalidValue('metadata.namespace', meta.namespace, error))
  } else if (meta.namespace !== undefined && meta.namespace !== '')
    errors.push(forbiddenField('metadata.namespace', 'not allowed on this type'))
  return [...errors, ...commonErrors(meta), ...finalizerErrors(meta.finalizers ?? [], 'metadata.finalizers')]
}

/** Fields that no update changes. Those that the server resets beforehand never show up here. */
const fixed = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const

export function updateErrors(meta: ObjectMeta, old: ObjectMeta): readonly FieldError[] {
  const errors: FieldError[] = fixed
    .filter(key => meta[key] !== old[key])
    .map(key => immutable(`metadata.${key}`, meta[key]))
  if (old.deletionTimestamp !== undefined) {
    const added = (meta.finalizers ?? []).filter(name => old.finalizers?.includes(name) !== true)
    if (added.length > 0)
      errors.push(
        forbiddenField(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map(name => JSON.stringify(name)).join(', ')}}`,
        ),
      )
  }
  return [...errors, ...commonErrors(meta), ...finalizerErrors(meta.finalizers ?? [], 'metadata.finalizers')]
}

/** Nothing more holds a deleting object. */
export const released = (kind: Kind, object: KObject): boolean =>
  object.metadata.deletionTimestamp !== undefined &&
  (object.metadata.finalizers?.length ?? 0) === 0 &&
  (object.metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
  kind.held?.(object) !== true
