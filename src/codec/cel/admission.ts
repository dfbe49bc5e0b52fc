/** What expressions about a request may use: match conditions, and what policies have beyond them. */
import { Environment } from './environment.ts'
import { authorizerType, resourceCheckType } from './library/authorizer.ts'
import { kubernetesLibraries, mutationLibraries } from './libraries.ts'
import { mutationTypes } from './mutation.ts'
import { boolType, dynType, intType, listType, mapType, objectType, stringType, timestampType } from './types.ts'
import type { CelType, ObjectType } from './types.ts'

const texts = (name: string, fields: readonly string[]): ObjectType =>
  objectType(name, new Map(fields.map(field => [field, stringType])))

const kindType = texts('kubernetes.GroupVersionKind', ['group', 'version', 'kind'])
const resourceType = texts('kubernetes.GroupVersionResource', ['group', 'version', 'resource'])
export const userType: ObjectType = objectType(
  'kubernetes.UserInfo',
  new Map<string, CelType>([
    ['username', stringType],
    ['uid', stringType],
    ['groups', listType(stringType)],
    ['extra', mapType(stringType, listType(stringType))],
  ]),
)

/** An AdmissionRequest without uid and objects: those are variables of their own. */
export const requestType: ObjectType = objectType(
  'kubernetes.AdmissionRequest',
  new Map<string, CelType>([
    ['kind', kindType],
    ['resource', resourceType],
    ['subResource', stringType],
    ['requestKind', kindType],
    ['requestResource', resourceType],
    ['requestSubResource', stringType],
    ['name', stringType],
    ['namespace', stringType],
    ['operation', stringType],
    ['userInfo', userType],
    ['dryRun', boolType],
    ['options', dynType],
  ]),
)

const textMap = mapType(stringType, stringType)
const object = (name: string, fields: Readonly<Record<string, CelType>>): ObjectType =>
  objectType(`kubernetes.Namespace${name}`, new Map(Object.entries(fields)))

/** Of `namespaceObject` in policies. */
export const namespaceType: ObjectType = object('', {
  metadata: object('Metadata', {
    name: stringType,
    generateName: stringType,
    namespace: stringType,
    labels: textMap,
    annotations: textMap,
    UID: stringType,
    creationTimestamp: timestampType,
    deletionGracePeriodSeconds: intType,
    deletionTimestamp: timestampType,
    generation: intType,
    resourceVersion: stringType,
    finalizers: listType(stringType),
  }),
  spec: object('Spec', { finalizers: listType(stringType) }),
  status: object('Status', {
    conditions: listType(
      object('Condition', {
        status: stringType,
        type: stringType,
        lastTransitionTime: timestampType,
        message: stringType,
        reason: stringType,
      }),
    ),
    phase: stringType,
  }),
})

export interface PolicyVariables {
  /** Of `object` and `oldObject`. */
  readonly object: CelType
  /** Absent: the policy has none. */
  readonly params: CelType | undefined
  /** Absent: they are not declared. */
  readonly variables: CelType | undefined
  readonly authorizer: boolean
  /** Whether `Object{…}` and `JSONPatch{…}` are known. */
  readonly patches: boolean
}

export const policyEnvironment = (policy: PolicyVariables): Environment =>
  new Environment({
    libraries: policy.patches ? mutationLibraries : kubernetesLibraries,
    ...(policy.patches ? { types: mutationTypes } : {}),
    variables: new Map<string, CelType>([
      ['object', policy.object],
      ['oldObject', policy.object],
      ['namespaceObject', namespaceType],
      ['request', requestType],
      ...(policy.params === undefined ? [] : [['params', policy.params] as const]),
      ...(policy.variables === undefined ? [] : [['variables', policy.variables] as const]),
      ...(policy.authorizer
        ? ([
            ['authorizer', authorizerType],
            ['authorizer.requestResource', resourceCheckType],
          ] as const)
        : []),
    ]),
  })

let made: Environment | undefined

/** Of match conditions of webhooks: the objects are of any kind. Made at the first demand. */
export const matchEnvironment = (): Environment =>
  (made ??= new Environment({
    libraries: kubernetesLibraries,
    variables: new Map<string, CelType>([
      ['object', dynType],
      ['oldObject', dynType],
      ['namespaceObject', dynType],
      ['request', requestType],
      ['authorizer', authorizerType],
      ['authorizer.requestResource', resourceCheckType],
    ]),
  }))
