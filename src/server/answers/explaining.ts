/** Decisions as objects: what was refused, by what, and for a missing right what came near and what would allow it. */
import { Breaks, pause } from '#base/breaks.ts'
import { timestamp } from '#base/clock.ts'
import type { KObject } from '#api/metadata.ts'
import { methodNotAllowed, notFound } from '#api/status.ts'
import type { Bulwark } from '#kinds/facts/bulwark.ts'
import { bulwarkGroup, decisions as decisionsRef } from '#kinds/facts/bulwark.ts'
import { authorization } from '#server/authz/authorize.ts'
import { type Near, explainer } from '#server/authz/explain.ts'
import type { Objects } from '#server/authz/whocan/holders.ts'
import { makeFilter } from '#server/registry/filter.ts'
import type { Kept } from '#server/store/contract.ts'
import { type Outcome, type Special, type SpecialRequest, got } from '../outcome.ts'
import type { Decision, Decisions } from './decisions.ts'
import { grantOf } from './places.ts'
import type { Contacts } from './contacts.ts'
import type { Unplaced } from './unplaced.ts'

export interface ExplainDeps {
  readonly decisions: Decisions
  readonly objects: () => Objects
  readonly unplaced: Unplaced
  readonly contacts: Contacts
}

const nearOf = (near: Near) => ({ ...grantOf(near), fails: near.fails })

type Explains = ReturnType<typeof explainer>

function statusOf(explains: Explains, decision: Decision): NonNullable<Bulwark['Decision']['status']> {
  const { code, reason, message, blame, user, asked } = decision
  const { right: _, ...by } = blame
  const base = { code, reason, message, ...by }
  if (blame.by !== authorization) return base
  const { allowed, near, grant } = explains(user, blame.right ?? asked)
  return {
    ...base,
    allowedNow: allowed,
    near: near.map(nearOf),
    ...(grant === undefined ? {} : { grant: { commands: grant.commands, role: grant.role, binding: grant.binding } }),
  }
}

function objectOf(explains: Explains, decision: Decision): Bulwark['Decision'] {
  const { user, asked, about = '', id, time } = decision
  const { resourceRequest: _, ...what } = asked
  return {
    apiVersion: `${bulwarkGroup}/${decisionsRef.version}`,
    kind: decisionsRef.kind,
    metadata: { name: id, creationTimestamp: timestamp(time) },
    spec: { username: user.name, groups: user.groups, ...what, name: what.name || about },
    status: statusOf(explains, decision),
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

/** Explanations after which others have their turn. */
const turn = 50

async function list(deps: ExplainDeps, { permit, request, served, serving }: SpecialRequest): Promise<Outcome> {
  const options = request.verb === 'list' ? request.options : undefined
  const filter = makeFilter({
    served,
    namespace: '',
    labelSelector: options?.labelSelector,
    fieldSelector: options?.fieldSelector,
    ...(permit.name === '' ? {} : { name: permit.name }),
  })
  const revision = serving.registry.store.revision()
  const explains = explainer(deps.objects())
  const breaks = new Breaks(pause, turn)
  const items: Kept[] = []
  // Those of now: more come while others have their turn.
  const all = [...deps.decisions.all()]
  for (const decision of all) {
    const object = objectOf(explains, decision)
    if (filter.accepts?.(object) !== false) items.push(keptOf(object, revision))
    const wait = breaks.after(1)
    if (wait !== undefined) await wait
  }
  for await (const object of deps.unplaced.all())
    if (filter.accepts?.(object) !== false) items.push(keptOf(object, revision))
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
    const object =
      decision === undefined
        ? ((await deps.contacts.get(permit.name)) ?? (await deps.unplaced.get(permit.name)))
        : objectOf(explainer(deps.objects()), decision)
    if (object === undefined) throw notFound(subject)
    return got(special, keptOf(object, serving.registry.store.revision()))
  }
