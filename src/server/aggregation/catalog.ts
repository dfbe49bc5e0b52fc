/** The APIServices that name a service, as this server's store shows them. */
import type { Scheme } from '#api/kind.ts'
import type { APIService } from '#kinds/facts/generated/types/apiregistration_v1.ts'
import type { Event, Store } from '#server/store/contract.ts'
import { type GroupVersion, replaceableGroup } from '#server/remotes.ts'

export const resource = 'apiservices.apiregistration.k8s.io'

export interface Registered extends GroupVersion {
  /** `VERSION.GROUP` */
  readonly name: string
  readonly groupPriority: number
  readonly versionPriority: number
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number }
  /** PEM. */
  readonly ca?: string
  readonly insecure: boolean
  readonly available: boolean
}

/** What this server is made of is never asked of another. */
export const isBuiltIn = (scheme: Scheme, { group, version }: GroupVersion): boolean =>
  group === '' ||
  (group !== replaceableGroup &&
    scheme
      .kinds()
      .some(kind => !kind.custom && kind.group === group && kind.versions.some(one => one.name === version)))

const isAvailable = ({ status }: APIService): boolean =>
  status?.conditions?.some(one => one.type === 'Available' && one.status === 'True') === true

export function registered(object: APIService): Registered | undefined {
  const { service, group = '', version = '', caBundle = '' } = object.spec
  if (service === undefined) return undefined
  return {
    name: object.metadata.name ?? '',
    group,
    version,
    groupPriority: object.spec.groupPriorityMinimum,
    versionPriority: object.spec.versionPriority,
    service: { namespace: service.namespace ?? '', name: service.name ?? '', port: service.port ?? 443 },
    ...(caBundle === '' ? {} : { ca: Buffer.from(caBundle, 'base64').toString('utf8') }),
    insecure: object.spec.insecureSkipTLSVerify === true,
    available: isAvailable(object),
  }
}

export interface Catalog {
  all(): readonly Registered[]
  find(group: string, version: string): Registered | undefined
  /** Whether there is none: most clusters have none, and every request asks. */
  isEmpty(): boolean
  close(): void
}

const keyOf = ({ group, version }: GroupVersion): string => `${group}/${version}`

/** @param changed called after one came, went or changed */
export function makeCatalog(store: Store, scheme: Scheme, changed: () => void): Catalog {
  const known = new Map<string, Registered>()
  const byPlace = new Map<string, Registered>()
  const put = (object: APIService): void => {
    const name = object.metadata.name ?? ''
    drop(name)
    const one = registered(object)
    if (one === undefined || isBuiltIn(scheme, one)) return
    known.set(name, one)
    byPlace.set(keyOf(one), one)
  }
  const drop = (name: string): void => {
    const had = known.get(name)
    if (had === undefined) return
    known.delete(name)
    byPlace.delete(keyOf(had))
  }
  const onEvents = (events: readonly Event[]): void => {
    for (const event of events)
      if (event.type === 'delete') drop(event.key)
      else put(event.kept.object as APIService)
    changed()
  }
  let stop = (): void => undefined
  const follow = (): void => {
    const snapshot = store.snapshot(resource)
    known.clear()
    byPlace.clear()
    for (const kept of snapshot.range()) put(kept.object as APIService)
    changed()
    stop = store.watch([resource], snapshot.revision, {
      onEvents,
      coalesce: true,
      onEnd: why => {
        if (why !== 'closed') follow()
      },
    })
  }
  follow()
  return {
    all: () => [...known.values()],
    find: (group, version) => byPlace.get(`${group}/${version}`),
    isEmpty: () => known.size === 0,
    close: () => stop(),
  }
}
