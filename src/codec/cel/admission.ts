/** What expressions about a request may use: match conditions, and what policies have beyond them. */
import { Environment } from './environment.ts'
import { authorizerType, resourceCheckType } from './library/authorizer.ts'
import { kubernetesLibraries } from './libraries.ts'
import { boolType, dynType, listType, mapType, objectType, stringType } from './types.ts'
import type { CelType, ObjectType } from './types.ts'

const texts = (name: string, fields: readonly string[]): ObjectType =>
  objectType(name, new Map(fields.map(field => [field, stringType])))

const kindType = texts('kubernetes.GroupVersionKind', ['group', 'version', 'kind'])
const resourceType = texts('kubernetes.GroupVersionResource', ['group', 'version', 'resource'])
const userType = objectType(
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
