/** Decisions as objects: what was refused, by what, and for a missing right what came near and what would allow it. */
import { timestamp } from '#base/clock.ts'
import type { KObject } from '#api/metadata.ts'
import { methodNotAllowed, notFound } from '#api/status.ts'
import type { Bulwark } from '#kinds/facts/bulwark.ts'
import { bulwarkGroup, decisions as decisionsRef } from '#kinds/facts/bulwark.ts'
import { authorization } from '#server/authz/authorize.ts'
import { type Near, explain } from '#server/authz/explain.ts'
import type { Objects } from '#server/authz/whocan/holders.ts'
import { makeFilter } from '#server/registry/filter.ts'
import type { Kept } from '#server/store/contract.ts'
import { type Outcome, type Special, type SpecialRequest, got } from '../outcome.ts'
import type { Decision, Decisions } from './decisions.ts'
import { grantOf } from './places.ts'

export interface ExplainDeps {
  readonly decisions: Decisions
  readonly objects: () => Objects
}

const nearOf = (near: Near) => ({ ...grantOf(near), fails: near.fails })

function statusOf({ objects }: ExplainDeps, decision: Decision): NonNullable<Bulwark['Decision']['status']> {
  const { code, reason, message, blame, user, asked } = decision
  const { right: _, ...by } = blame
  const base = { code, reason, message, ...by }
  if (blame.by !== authorization) return base
  const { allowed, near, grant } = explain(objects(), user, blame.right ?? asked)
  return {
    ...base,
    allowedNow: allowed,
    near: near.map(nearOf),
    grant: { commands: grant.commands, role: grant.role, binding: grant.binding },
  }
}

function objectOf(deps: ExplainDeps, decision: Decision): Bulwark['Decision'] {
  const { user, asked, id, time } = decision
  const { resourceRequest: _, ...what } = asked
  return {
    apiVersion: `${bulwarkGroup}/${decisionsRef.version}`,
    kind: decisionsRef.kind,
    metadata: { name: id, creationTimestamp: timestamp(time) },
    spec: { username: user.name, groups: user.groups, ...what },
    status: statusOf(deps, decision),
  }
}

const keptOf = (object: KObject, revision: number): Kept => ({
  resource: `${decisionsRef.resource}.${bulwarkGroup}`,
  key: object.metadata.name ?? '',
  revision,
  object,
  managed: '',
  encodings: new Map(),
})

function list(deps: ExplainDeps, { permit, request, served, serving }: SpecialRequest): Outcome {
  const options = request.verb === 'list' ? request.options : undefined
  const filter = makeFilter({
    served,
    namespace: '',
    labelSelector: options?.labelSelector,
    fieldSelector: options?.fieldSelector,
    ...(permit.name === '' ? {} : { name: permit.name }),
  })
  const revision = serving.registry.store.revision()
  const items = [...deps.decisions.all()]
    .map(decision => objectOf(deps, decision))
    .filter(object => filter.accepts?.(object) !== false)
    .map(object => keptOf(object, revision))
  return { type: 'list', served, listed: { items, revision } }
}

export const explaining =
  (deps: ExplainDeps): Special =>
  async special => {
    const { request, permit, serving } = special
    if (request.verb === 'list') return list(deps, special)
    const subject = { group: bulwarkGroup, resource: decisionsRef.resource, name: permit.name }
    if (request.verb !== 'get') throw methodNotAllowed(subject, request.verb)
    const decision = deps.decisions.get(permit.name)
    if (decision === undefined) throw notFound(subject)
    return got(special, keptOf(objectOf(deps, decision), serving.registry.store.revision()))
  }
