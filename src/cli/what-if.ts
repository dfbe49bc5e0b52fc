/** `bulwark what-if`: recorded requests judged anew under roles and bindings that are not there yet. */
import { readFileSync } from 'node:fs'
import type { KObject, ResourceRef } from '#api/metadata.ts'
import type { Right } from '#api/status.ts'
import type { Verb } from '#api/request.ts'
import type { Client } from '#client/client.ts'
import { parseYamlAll } from '#codec/yaml.ts'
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '#kinds/facts/generated/refs.ts'
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import { isOfBinding } from '#server/authz/rbac.ts'
import type { BindingObject, RoleObject } from '#server/authz/rbac-types.ts'
import { nameless } from '#server/authz/rules.ts'
import { type Recorded, whatIf, withObjects } from '#server/authz/what-if.ts'
import type { Objects } from '#server/authz/whocan/holders.ts'
import { askAudit, visible } from './audit.ts'
import { sinceOf } from './audit-words.ts'
import { UsageError } from './place.ts'
import { type ReachOptions, reached } from './reach.ts'

export interface WhatIfOptions extends ReachOptions {
  /** Of Roles, ClusterRoles and their bindings, in YAML or JSON. */
  readonly filename: string
  readonly since: string
}

/** Requests that are alike, and when they were made. */
export interface Counted extends Recorded {
  readonly count: number
  /** Of the last. */
  readonly last: string
}

export interface WhatIf {
  readonly becomes: 'allowed' | 'refused'
  /** What was answered the last time; where it is the same, roles have changed since. */
  readonly recorded: 'allowed' | 'refused'
  readonly user: string
  readonly asked: Right
  readonly count: number
  readonly last: string
}

const kinds = new Set(['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'])
const local = new Set(['Role', 'RoleBinding'])

/** @throws UsageError for what is none of RBAC's */
export function proposalIn(text: string): readonly KObject[] {
  const documents = parseYamlAll(text) as readonly (KObject & { readonly items?: readonly KObject[] })[]
  const objects = documents.flatMap(one => (one.kind === 'List' ? (one.items ?? []) : [one]))
  for (const one of objects) {
    if (!kinds.has(one.kind))
      throw new UsageError(`what-if takes roles and bindings, not a ${JSON.stringify(one.kind ?? null)}`)
    if ((one.metadata?.name ?? '') === '') throw new UsageError(`a ${one.kind} in the file has no name`)
  }
  return objects.map(one =>
    local.has(one.kind) && one.metadata.namespace === undefined
      ? { ...one, metadata: { ...one.metadata, namespace: 'default' } }
      : one,
  )
}

function askedIn({ verb, objectRef: to, requestURI }: Event): Right {
  const base = { verb: verb as Verb, group: to?.apiGroup ?? '', subresource: to?.subresource ?? '' }
  if (to?.resource === undefined) {
    const [path = ''] = requestURI.split('?')
    return { ...base, resourceRequest: false, resource: '', namespace: '', name: '', path }
  }
  const name = nameless(base.verb) ? '' : (to.name ?? '')
  return { ...base, resourceRequest: true, resource: to.resource, namespace: to.namespace ?? '', name }
}

function answeredIn({ annotations = {}, responseStatus }: Event): Pick<Recorded, 'allowed' | 'byBinding'> {
  const decided = annotations['authorization.k8s.io/decision']
  const allowed = decided === undefined ? responseStatus?.code !== 403 : decided === 'allow'
  return { allowed, byBinding: isOfBinding(annotations['authorization.k8s.io/reason']) }
}

/** Requests of the log, each kind once. */
async function counted(options: WhatIfOptions, now: number): Promise<readonly Counted[]> {
  const all = new Map<string, Counted>()
  for await (const { event } of askAudit(options, { since: sinceOf(options.since, now) })) {
    const user = event.impersonatedUser ?? event.user
    if (user?.username === undefined) continue
    const who = { name: user.username, groups: user.groups ?? [] }
    const asked = askedIn(event)
    const key = JSON.stringify([who, asked])
    const count = (all.get(key)?.count ?? 0) + 1
    all.set(key, { who, asked, ...answeredIn(event), count, last: event.requestReceivedTimestamp })
  }
  return [...all.values()]
}

/** Items of lists do not say what they are. */
async function all<O extends KObject>(client: Client, ref: ResourceRef<KObject>): Promise<readonly O[]> {
  const { items } = await client.list(ref)
  return items.map(one => ({ ...one, kind: ref.kind }) as O)
}

const objectsOf = async (client: Client): Promise<Objects> => ({
  roles: await all<RoleObject>(client, roles),
  clusterRoles: await all<RoleObject>(client, clusterRoles),
  roleBindings: await all<BindingObject>(client, roleBindings),
  clusterRoleBindings: await all<BindingObject>(client, clusterRoleBindings),
})

/** @param now milliseconds since the epoch @throws UsageError, CommandError */
export async function askWhatIf(options: WhatIfOptions, now: number): Promise<readonly WhatIf[]> {
  const proposal = proposalIn(readFileSync(options.filename === '-' ? 0 : options.filename, 'utf8'))
  const objects = await reached(options, ({ client }) => objectsOf(client))
  const changes = whatIf(objects, withObjects(objects, proposal), await counted(options, now))
  return changes.map(({ recorded: { who, asked, allowed, count, last }, becomes }) => ({
    becomes,
    recorded: allowed ? 'allowed' : 'refused',
    user: who.name,
    asked,
    count,
    last,
  }))
}

function askedText({ verb, resource, subresource, group, name, namespace, path = '' }: Right): string {
  const what = `${resource}${group === '' ? '' : `.${group}`}${subresource === '' ? '' : `/${subresource}`}`
  return `${verb} ${resource === '' ? path : what}${name === '' ? '' : ` ${name}`}${namespace === '' ? '' : ` in ${namespace}`}`
}

const sinceText = {
  allowed: ' was allowed then, too: it is refused by now',
  refused: ' was refused then, too: it is allowed by now',
}

/** What people read of it. */
export const whatIfText = (changes: readonly WhatIf[]): string =>
  changes
    .map(({ becomes, recorded, user, asked, count, last }) => {
      const since = recorded === becomes ? `,${sinceText[becomes]}` : ''
      return visible(`would be ${becomes}: ${user} ${askedText(asked)} (${count} times, last ${last}${since})`)
    })
    .map(line => `${line}\n`)
    .join('')
