/** An APIService for every group version that this server serves itself: written, mended and taken away by the server. */
import type { Scheme } from '#api/kind.ts'
import { isReason } from '#api/status.ts'
import { equal } from '#base/equal.ts'
import type { Client } from '#client/client.ts'
import { apiServices } from '#kinds/facts/generated/refs.ts'
import type { APIService } from '#kinds/facts/generated/types/apiregistration_v1.ts'
import { priorityOf } from '#server/discovery/priorities.ts'
import { replaceableGroup } from '#server/remotes.ts'

const label = 'kube-aggregator.kubernetes.io/automanaged'
/** One publishes everybody, and nobody publishes it; the other is the user's to publish: whoever installs a server for it finds the name free. */
const unpublished: ReadonlySet<string> = new Set(['apiregistration.k8s.io', replaceableGroup])

function published(group: string, version: string): APIService {
  const { groupPriority, versionPriority } = priorityOf(group, version)
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `${version}.${group}`, labels: { [label]: 'true' } },
    spec: {
      ...(group === '' ? {} : { group }),
      version,
      groupPriorityMinimum: groupPriority,
      versionPriority,
    },
  }
}

/** By name. */
export function wanted(scheme: Scheme): ReadonlyMap<string, APIService> {
  const found = new Map<string, APIService>()
  for (const { group, versions } of scheme.kinds())
    for (const { name } of unpublished.has(group) ? [] : versions)
      if (!found.has(`${name}.${group}`)) found.set(`${name}.${group}`, published(group, name))
  return found
}

export type Step =
  | { readonly do: 'create'; readonly object: APIService }
  | { readonly do: 'update'; readonly object: APIService }
  | { readonly do: 'delete'; readonly name: string; readonly uid: string }

const sameSpec = (a: APIService, b: APIService): boolean =>
  equal({ ...a.spec, group: a.spec.group ?? '' }, { ...b.spec, group: b.spec.group ?? '' })

/** What is to be done about one. Those without the label are the user's. */
function stepFor(current: APIService | undefined, desired: APIService | undefined): Step | undefined {
  if (current === undefined) return desired === undefined ? undefined : { do: 'create', object: desired }
  if (current.metadata.labels?.[label] !== 'true') return undefined
  if (desired === undefined) {
    const { name = '', uid = '' } = current.metadata
    return { do: 'delete', name, uid }
  }
  return sameSpec(current, desired) ? undefined : { do: 'update', object: { ...current, spec: desired.spec } }
}

export function steps(
  current: ReadonlyMap<string, APIService>,
  desired: ReadonlyMap<string, APIService>,
): readonly Step[] {
  const names = new Set([...desired.keys(), ...current.keys()])
  return [...names].map(name => stepFor(current.get(name), desired.get(name))).filter(step => step !== undefined)
}

/** What somebody else did meanwhile is looked at again by whoever calls. @throws StatusError */
export async function take(client: Client, step: Step): Promise<void> {
  try {
    if (step.do === 'create') await client.create(apiServices, step.object)
    else if (step.do === 'delete') await client.delete(apiServices, step.name, { preconditions: { uid: step.uid } })
    else await client.update(apiServices, step.object)
  } catch (error) {
    if (!isReason(error, 'AlreadyExists') && !isReason(error, 'Conflict') && !isReason(error, 'NotFound')) throw error
  }
}
