/** `authorizer.group('').resource('pods').check('create').allowed()` */
import { add, costs, fixed, scale, sizeOf, unit } from '../cost.ts'
import type { Range } from '../cost.ts'
import { dns1123Label, dns1123Subdomain } from '#api/names.ts'
import { extension, method, text } from '../define.ts'
import type { Library, Overload } from '../define.ts'
import { boolType, objectType, stringType } from '../types.ts'
import { CelError, Extension } from '../values.ts'
import type { Result } from '../values.ts'

const typeNamed = (name: string) => objectType(`kubernetes.authorization.${name}`, new Map())

export const authorizerType = typeNamed('Authorizer')
export const pathCheckType = typeNamed('PathCheck')
export const groupCheckType = typeNamed('GroupCheck')
export const resourceCheckType = typeNamed('ResourceCheck')
export const decisionType = typeNamed('Decision')

/** A question: `path` for one that names no resource. */
export interface Question {
  readonly verb: string
  /** Asks for this service account and not for the request's user. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string }
  readonly path?: string
  readonly resource?: ResourceQuestion
}

export interface ResourceQuestion {
  readonly group: string
  readonly resource: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
  readonly fieldSelector?: string
  readonly labelSelector?: string
}

export interface Answer {
  readonly allowed: boolean
  readonly reason: string
  /** Set when it could not be decided; `allowed` is false then. */
  readonly error?: string
}

/** Must not throw. Called once a check; answers are not kept. */
export type Decide = (question: Question) => Answer

type Asked = Omit<Question, 'verb'>

/** Nothing can be compared here: like upstream's, these values only take calls. */
abstract class Check extends Extension {
  equals(other: Extension): boolean {
    return this === other
  }
}

export class Authorizer extends Check {
  readonly type = authorizerType
  readonly decide: Decide
  readonly asked: Asked

  constructor(decide: Decide, asked: Asked = {}) {
    super()
    this.decide = decide
    this.asked = asked
  }
}

class PathCheck extends Check {
  readonly type = pathCheckType
  readonly of: Authorizer

  constructor(of: Authorizer) {
    super()
    this.of = of
  }
}

class GroupCheck extends Check {
  readonly type = groupCheckType
  readonly of: Authorizer
  readonly group: string

  constructor(of: Authorizer, group: string) {
    super()
    this.of = of
    this.group = group
  }
}

/** Also what the variable `authorizer.requestResource` is. */
export class ResourceCheck extends Check {
  readonly type = resourceCheckType
  readonly of: Authorizer
  readonly resource: ResourceQuestion

  constructor(of: Authorizer, resource: ResourceQuestion) {
    super()
    this.of = of
    this.resource = resource
  }

  with(more: Partial<ResourceQuestion>): ResourceCheck {
    return new ResourceCheck(this.of, { ...this.resource, ...more })
  }
}

class Decision extends Check {
  readonly type = decisionType
  readonly answer: Answer

  constructor(answer: Answer) {
    super()
    this.answer = answer
  }
}

function serviceAccount(of: Authorizer, namespace: string, name: string): Result {
  if (dns1123Subdomain(name).length > 0) return new CelError('Invalid service account name')
  if (dns1123Label(namespace).length > 0) return new CelError('Invalid service account namespace')
  return new Authorizer(of.decide, { ...of.asked, serviceAccount: { namespace, name } })
}

const ask = (of: Authorizer, question: Question): Decision => new Decision(of.decide({ ...of.asked, ...question }))

const authorizer = extension(authorizerType, Authorizer)
const pathCheck = extension(pathCheckType, PathCheck)
const groupCheck = extension(groupCheckType, GroupCheck)
const resourceCheck = extension(resourceCheckType, ResourceCheck)
const decision = extension(decisionType, Decision)

/** So much that only two checks fit into one expression. */
const checkCost = 350_000
const checking: Pick<Overload, 'cost' | 'estimate'> = {
  cost: () => checkCost,
  estimate: () => ({ cost: fixed(checkCost) }),
}

/** A selector is read into requirements, one for every two characters at worst. */
const selectorCost = (size: Range): Range => {
  const requirements = scale(scale(size, 0.5), costs.list + costs.struct)
  return add(add(fixed(costs.list), scale(size, costs.traversal)), requirements)
}

const selecting: Pick<Overload, 'cost' | 'estimate'> = {
  cost: ([, selector = null]) => selectorCost(fixed(sizeOf(selector))).max,
  estimate: sizes => ({ cost: selectorCost(sizes.of(1)) }),
}

const narrowing = (name: 'subresource' | 'namespace' | 'name' | 'fieldSelector' | 'labelSelector'): Overload =>
  method(name, [resourceCheck, text], {
    gives: resourceCheckType,
    run: (check, value) => check.with({ [name]: value }),
    ...(name.endsWith('Selector') ? selecting : unit),
  })

export const authorization: Library = {
  types: [authorizerType, pathCheckType, groupCheckType, resourceCheckType, decisionType].map(type => [
    type.name,
    type,
  ]),
  overloads: [
    method('path', [authorizer, text], {
      gives: pathCheckType,
      run: (of, path) =>
        path.trim() === ''
          ? new CelError('path must not be empty')
          : new PathCheck(new Authorizer(of.decide, { ...of.asked, path })),
      ...unit,
    }),
    method('group', [authorizer, text], {
      gives: groupCheckType,
      run: (of, group) => new GroupCheck(of, group),
      ...unit,
    }),
    method('serviceAccount', [authorizer, text, text], { gives: authorizerType, run: serviceAccount, ...unit }),
    method('resource', [groupCheck, text], {
      gives: resourceCheckType,
      run: ({ of, group }, resource) =>
        resource.trim() === ''
          ? new CelError('resource must not be empty')
          : new ResourceCheck(of, { group, resource }),
      ...unit,
    }),
    ...(['subresource', 'namespace', 'name', 'fieldSelector', 'labelSelector'] as const).map(narrowing),
    method('check', [pathCheck, text], { gives: decisionType, run: ({ of }, verb) => ask(of, { verb }), ...checking }),
    method('check', [resourceCheck, text], {
      gives: decisionType,
      run: ({ of, resource }, verb) => ask(of, { verb, resource }),
      ...checking,
    }),
    method('allowed', [decision], { gives: boolType, run: ({ answer }) => answer.allowed, ...unit }),
    method('reason', [decision], { gives: stringType, run: ({ answer }) => answer.reason, ...unit }),
    method('errored', [decision], { gives: boolType, run: ({ answer }) => answer.error !== undefined, ...unit }),
    method('error', [decision], { gives: stringType, run: ({ answer }) => answer.error ?? '', ...unit }),
  ],
}
