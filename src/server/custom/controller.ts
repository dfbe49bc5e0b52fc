/** Decides what definitions say of themselves: names, whether they are served, and how far their deletion is. */
import { timestamp } from '#base/clock.ts'
import { equal } from '#base/equal.ts'
import { type KObject, type ResourceRef, groupResource, keyOf } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import { type Controller, type Decision, type Input, type Watch, type Write, nothing } from '#client/controller.ts'
import { approvalOf, isProtected } from '#kinds/apiextensions/names.ts'
import { cleanup } from '#kinds/apiextensions/customResourceDefinition.ts'
import { checkStructural } from '#kinds/apiextensions/structural.ts'
import { Place } from '#kinds/place.ts'
import { customResourceDefinitions as definitions } from '#kinds/facts/generated/refs.ts'
import type {
  CustomResourceDefinition as Definition,
  CustomResourceDefinitionCondition as Condition,
} from '#kinds/facts/generated/types/apiextensions_v1.ts'
import { type Say, find, isTrue, withCondition } from './conditions.ts'
import { acceptedOf, nameOf } from './names.ts'

export interface Instances {
  /** Objects of a definition, past every cache. */
  list(definition: Definition): readonly KObject[]
  /** In which version they can be deleted; undefined: they are not served. */
  ref(definition: Definition): ResourceRef | undefined
  /** A built-in kind has that name: the objects are not the definition's. */
  overlaps(definition: Definition): boolean
}

/** Deletions of one decision; the next one goes on. */
const most = 500
/** Milliseconds. */
const waiting = 500

/** What was found of a schema, which does not change with every write. */
interface Memory {
  readonly generation: number
  readonly violations: string
}

/** Names that come free, or are taken, concern all of the group. */
const concerned: Watch['keys'] = (change, read: Reader) => {
  const definition = change.object as Definition
  const before = change.previous as Definition | undefined
  const freed = change.type === 'delete' || (before !== undefined && !equal(acceptedOf(before), acceptedOf(definition)))
  if (!freed) return [change.key]
  const others = read.list(definitions).filter(one => one.spec.group === definition.spec.group)
  return [change.key, ...others.map(keyOf)]
}

export function definitionController(instances: Instances): Controller<Memory> {
  return {
    name: 'custom-resource-definitions',
    watches: [{ ref: definitions, keys: concerned }],
    rules: [],
    workers: 1,
    decide: (key, input) => {
      const definition = input.read.get(definitions, key)
      if (definition === undefined) return nothing
      const { deletionTimestamp, finalizers = [] } = definition.metadata
      if (deletionTimestamp !== undefined && finalizers.includes(cleanup)) return finalize(definition, instances, input)
      return describe(definition, input)
    },
  }
}

const write = (definition: Definition): Write => ({
  op: 'update',
  ref: definitions,
  body: definition,
  subresource: 'status',
  harmless: ['NotFound', 'Conflict'],
})

const empty = { conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions: [] }

const withConditions = (definition: Definition, conditions: readonly Condition[]): Definition => ({
  ...definition,
  status: { ...empty, ...definition.status, conditions },
})

function describe(definition: Definition, { read, now, memory }: Input<Memory>): Decision<Memory> {
  const { accepted, says } = nameOf(definition, read.list(definitions))
  const { generation = 0 } = definition.metadata
  const violations = memory?.generation === generation ? memory.violations : violationsOf(definition)
  const stamp = timestamp(now)
  const before = definition.status?.conditions ?? []
  const all = [says, established(definition, says.status === 'True'), ...approval(definition), ...structure(violations)]
  const said = all.reduce<readonly Condition[]>((list, one) => withCondition(list, one, stamp), before)
  const conditions = violations === '' ? said.filter(one => one.type !== 'NonStructuralSchema') : said
  const left: Memory = { generation, violations }
  if (equal(conditions, before) && equal(accepted, acceptedOf(definition))) return { writes: [], memory: left }
  const next = withConditions(definition, conditions)
  return {
    writes: [[write({ ...next, status: { ...empty, ...next.status, acceptedNames: accepted } })]],
    memory: left,
  }
}

/** Once established a definition stays so: its objects are there. */
function established(definition: Definition, named: boolean): Say {
  const old = find(definition, 'Established')
  const type = 'Established'
  if (old?.status === 'True') return { type, status: 'True', ...texts(old) }
  return named
    ? { type, status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }
    : { type, status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
}

const texts = ({ reason, message }: Condition): Partial<Say> => ({
  ...(reason === undefined ? {} : { reason }),
  ...(message === undefined ? {} : { message }),
})

const approvals = {
  missing: ['False', 'MissingAnnotation'],
  invalid: ['False', 'InvalidAnnotation'],
  approved: ['True', 'ApprovedAnnotation'],
  bypassed: ['False', 'UnapprovedAnnotation'],
} as const

function approval({ spec, metadata }: Definition): readonly Say[] {
  if (!isProtected(spec.group)) return []
  const { state, reason: message } = approvalOf(metadata.annotations)
  const [status, reason] = approvals[state]
  return [{ type: 'KubernetesAPIApprovalPolicyConformant', status, reason, message }]
}

const structure = (message: string): readonly Say[] =>
  message === '' ? [] : [{ type: 'NonStructuralSchema', status: 'True', reason: 'Violations', message }]

function violationsOf({ spec }: Definition): string {
  const place = new Place('spec')
  if (spec.preserveUnknownFields === true) place.at('preserveUnknownFields').invalid(true, 'must be false')
  for (const [index, { schema }] of (spec.versions ?? []).entries())
    if (schema?.openAPIV3Schema !== undefined)
      checkStructural(place.at('versions').item(index).at('schema.openAPIV3Schema'), schema.openAPIV3Schema)
  const messages = place.errors.slice(0, 100).map(error => error.message())
  return messages.length < 2 ? (messages[0] ?? '') : `[${messages.join(', ')}]`
}

const terminating = (status: 'True' | 'False', reason: string, message: string): Say => ({
  type: 'Terminating',
  status,
  reason,
  message,
})

/** Nothing holds it any more. */
function release(definition: Definition, say: Say, now: number): Decision<Memory> {
  const { finalizers = [], ...metadata } = definition.metadata
  const next = withConditions(definition, withCondition(definition.status?.conditions ?? [], say, timestamp(now)))
  const others = finalizers.filter(one => one !== cleanup)
  return { writes: [[write({ ...next, metadata: { ...metadata, finalizers: others } })]] }
}

function finalize(definition: Definition, instances: Instances, { now, refused }: Input<Memory>): Decision<Memory> {
  if (instances.overlaps(definition))
    return release(
      definition,
      terminating('False', 'OverlappingBuiltInResource', 'instances overlap with built-in resources in storage'),
      now,
    )
  const ref = instances.ref(definition)
  const left = instances.list(definition)
  if (left.length === 0)
    return isTrue(definition, 'Established')
      ? release(definition, terminating('False', 'InstanceDeletionCompleted', 'removed all instances'), now)
      : release(definition, terminating('False', 'NeverEstablished', 'resource was never established'), now)
  const failed = refused.filter(one => one.write.op === 'delete').map(one => one.error.message)
  const say =
    failed.length === 0
      ? terminating('True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress')
      : terminating(
          'True',
          'InstanceDeletionFailed',
          `could not issue all deletes: ${failed.join(', ').slice(0, 2048)}`,
        )
  const before = definition.status?.conditions ?? []
  const conditions = withCondition(before, say, timestamp(now))
  const status: Write[] = conditions === before ? [] : [write(withConditions(definition, conditions))]
  const deletions =
    ref === undefined
      ? []
      : left
          .filter(isLeft)
          .slice(0, most)
          .map(object => remove(ref, object))
  return {
    writes: [status, deletions].filter(group => group.length > 0),
    again: deletions.length > 0 && failed.length === 0 ? 1 : waiting,
  }
}

const isLeft = (object: KObject): boolean => object.metadata.deletionTimestamp === undefined

/** Whatever has that name by now: nothing new is created, and all of it goes. */
const remove = (ref: ResourceRef, object: KObject): Write => ({ op: 'delete', ref, key: keyOf(object) })

export const resourceOf = ({ spec }: Definition): string =>
  groupResource({ group: spec.group, resource: spec.names.plural })
