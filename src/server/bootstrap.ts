/** What a cluster has from its first moment, written through the door by the server's own identity, and mended at each start. */
import type { Namespace } from '#kinds/facts/generated/types/core_v1.ts'
import type { Door } from '#api/door.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { User } from '#api/request.ts'
import type { Scheme } from '#api/kind.ts'
import { isReason } from '#api/status.ts'
import { equal } from '#base/equal.ts'
import { bindings } from '#server/authz/bootstrap/bindings.ts'
import { clusterRoles } from '#server/authz/bootstrap/cluster-roles.ts'
import { controllerRoles } from '#server/authz/bootstrap/controller-roles.ts'
import { expandBinding, expandRole } from '#server/authz/bootstrap/expand.ts'
import { namespaceRoles } from '#server/authz/bootstrap/namespace-roles.ts'
import type { BindingObject, RoleObject } from '#server/authz/rbac-types.ts'
import { uncovered } from '#server/authz/rules.ts'

export interface BootstrapOptions {
  readonly door: Door
  readonly who: User
  readonly scheme: Scheme
  readonly serviceCIDR: string
  /** Roles and bindings of Bulwark's own components. */
  readonly roles?: readonly Draft<RoleObject>[]
  readonly bindings?: readonly Draft<BindingObject>[]
  /** Objects whose spec is put back at each start. */
  readonly suggested?: readonly Suggested[]
}

export interface Suggested {
  readonly object: Draft<KObject> & { readonly spec: Readonly<Record<string, unknown>> }
  /** Put back whatever its annotation says. */
  readonly mandatory: boolean
}

const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((name): Draft<Namespace> => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
  spec: {},
}))

const priority = (name: string, value: number, description: string): Draft<KObject> & Record<string, unknown> => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  value,
  description,
})

const priorities = [
  priority(
    'system-cluster-critical',
    2_000_000_000,
    'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  ),
  priority(
    'system-node-critical',
    2_000_001_000,
    'Used for system critical pods that must not be moved from their current node.',
  ),
]

const serviceCIDRObject = (cidr: string): Draft<KObject> & Record<string, unknown> => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'ServiceCIDR',
  metadata: { name: 'kubernetes' },
  spec: { cidrs: [cidr] },
})

/** @throws StatusError when the store does not accept what a cluster cannot be without. */
export async function bootstrap(options: BootstrapOptions): Promise<void> {
  const create = (object: Draft<KObject>): Promise<void> => ensure(options, object)
  for (const namespace of namespaces) await create(namespace)
  const all = [...clusterRoles, ...controllerRoles, ...namespaceRoles]
  const roles = [...all.map(facts => expandRole(facts, all)), ...(options.roles ?? [])]
  await Promise.all([
    ...roles.map(role => reconcileRole(options, role)),
    ...[...bindings.map(expandBinding), ...(options.bindings ?? [])].map(binding => reconcileBinding(options, binding)),
    ...priorities.map(create),
    create(serviceCIDRObject(options.serviceCIDR)),
    ...(options.suggested ?? []).map(one => reconcileSpec(options, one)),
  ])
}

const target = (options: BootstrapOptions, object: Draft<KObject>) => {
  const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion]
  const served = options.scheme.byKind(group ?? '', version ?? '', object.kind)
  if (served === undefined) throw new Error(`no kind ${object.kind} in ${object.apiVersion}`)
  const { namespace } = object.metadata
  return {
    group: group ?? '',
    version: version ?? '',
    resource: served.kind.plural,
    ...(namespace === undefined ? {} : { namespace }),
  }
}

async function ensure(options: BootstrapOptions, object: Draft<KObject>): Promise<void> {
  const where = target(options, object)
  try {
    await options.door(options.who, { ...where, verb: 'get', name: object.metadata.name ?? '' })
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error
    await options.door(options.who, { ...where, verb: 'create', body: object }).catch((failed: unknown) => {
      if (!isReason(failed, 'AlreadyExists')) throw failed
    })
  }
}

const autoupdate = 'rbac.authorization.kubernetes.io/autoupdate'

/** @returns undefined when it was made now, or when its owner does not want it mended. */
async function existing<O extends KObject>(options: BootstrapOptions, wanted: Draft<O>): Promise<Draft<O> | undefined> {
  const where = target(options, wanted)
  try {
    const answer = await options.door(options.who, { ...where, verb: 'get', name: wanted.metadata.name ?? '' })
    const found = answer.type === 'object' ? (structuredClone(answer.object) as Draft<KObject> as Draft<O>) : undefined
    return found?.metadata.annotations?.[autoupdate] === 'false' ? undefined : found
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error
    await ensure(options, wanted)
    return undefined
  }
}

/** Where another server mends the same at the same moment, it has done so. */
async function mend(options: BootstrapOptions, body: Draft<KObject>): Promise<void> {
  try {
    await options.door(options.who, {
      ...target(options, body),
      verb: 'update',
      name: body.metadata.name ?? '',
      body,
    })
  } catch (error) {
    if (!isReason(error, 'Conflict')) throw error
  }
}

/** Rules that were taken away come back; rules that were added stay, as upstream does it. Of sums the selectors do. */
async function reconcileRole(options: BootstrapOptions, wanted: Draft<RoleObject>): Promise<void> {
  const found = await existing(options, wanted)
  if (found === undefined) return
  const selectors = missingSelectors(found, wanted)
  // What sums up to the rules of a sum is its controller's to say.
  const missing = wanted.aggregationRule === undefined ? uncovered(found.rules ?? [], wanted.rules ?? []) : []
  const labels = missingEntries(found.metadata.labels, wanted.metadata.labels)
  if (missing.length === 0 && selectors.length === 0 && Object.keys(labels).length === 0) return
  const rules = [...(found.rules ?? []), ...missing] as Draft<RoleObject>['rules']
  const had = found.aggregationRule?.clusterRoleSelectors ?? []
  await mend(options, {
    ...found,
    metadata: { ...found.metadata, labels: { ...found.metadata.labels, ...labels } },
    rules,
    ...(selectors.length === 0 ? {} : { aggregationRule: { clusterRoleSelectors: [...had, ...selectors] } }),
  } as Draft<RoleObject>)
}

type Selectors = NonNullable<NonNullable<Draft<RoleObject>['aggregationRule']>['clusterRoleSelectors']>

function missingSelectors(found: Draft<RoleObject>, wanted: Draft<RoleObject>): Selectors {
  const had = found.aggregationRule?.clusterRoleSelectors ?? []
  return (wanted.aggregationRule?.clusterRoleSelectors ?? []).filter(one => !had.some(other => equal(other, one)))
}

type Labels = Readonly<Record<string, string>> | undefined

/** Labels are what sums are made of: a role without its own would fall out of them. */
const missingEntries = (had: Labels, wanted: Labels): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(wanted ?? {}).filter(([key]) => had === undefined || !Object.hasOwn(had, key)))

async function reconcileBinding(options: BootstrapOptions, wanted: Draft<BindingObject>): Promise<void> {
  const found = await existing(options, wanted)
  if (found === undefined || !equal(found.roleRef, wanted.roleRef)) return
  const missing = (wanted.subjects ?? []).filter(subject => !(found.subjects ?? []).some(had => same(had, subject)))
  if (missing.length === 0) return
  await mend(options, { ...found, subjects: [...(found.subjects ?? []), ...missing] } as Draft<BindingObject>)
}

const autoSpec = 'apf.kubernetes.io/autoupdate-spec'

/** An object that somebody has taken over by its annotation, or changed before there was one, stays as it is. */
async function reconcileSpec(options: BootstrapOptions, { object, mandatory }: Suggested): Promise<void> {
  const where = target(options, object)
  const name = object.metadata.name ?? ''
  await ensure(options, object)
  const answer = await options.door(options.who, { ...where, verb: 'get', name })
  if (answer.type !== 'object') return
  const found = structuredClone(answer.object) as unknown as Draft<KObject> & { spec?: unknown }
  const said = found.metadata.annotations?.[autoSpec]
  const ours = mandatory || said === 'true' || (said === undefined && found.metadata.generation === 1)
  if (!ours || equal(found.spec, object.spec)) return
  const body: Draft<KObject> & { spec?: unknown } = { ...found, spec: object.spec }
  await options.door(options.who, { ...where, verb: 'update', name, body })
}

const same = (
  left: { kind: string; name: string; namespace?: string },
  right: { kind: string; name: string; namespace?: string },
): boolean => left.kind === right.kind && left.name === right.name && (left.namespace ?? '') === (right.namespace ?? '')
