/** What a subresource takes as its body where that is another kind than the object's own. */
import type { Scheme, Served } from '#api/kind.ts'
import type { Kind } from '#api/kind.ts'
import { bulwarkType } from '#kinds/facts/bulwark.ts'
import { typeSchema } from '#kinds/facts/read.ts'

const transient = (group: string, version: string, kind: string): Kind => ({
  group,
  kind,
  listKind: `${kind}List`,
  plural: kind.toLowerCase(),
  singular: kind.toLowerCase(),
  shortNames: [],
  categories: [],
  scope: 'Namespaced',
  hub: version,
  verbs: ['create'],
  generation: 0,
  status: false,
  counted: false,
  unconditionalUpdate: true,
  createOnUpdate: false,
  custom: false,
  columns: [],
  versions: [
    { name: version, schema: () => typeSchema(`${(group.split('.')[0] ?? '') || 'core'}_${version}.${kind}`) },
  ],
})

const credential: Kind = {
  ...transient('bulwark.dev', 'v1alpha1', 'UserCredential'),
  scope: 'Cluster',
  versions: [{ name: 'v1alpha1', schema: () => bulwarkType('UserCredential') }],
}

const bodies: Readonly<Record<string, Kind>> = {
  scale: transient('autoscaling', 'v1', 'Scale'),
  eviction: transient('policy', 'v1', 'Eviction'),
  credentials: credential,
  token: transient('authentication.k8s.io', 'v1', 'TokenRequest'),
  exec: transient('', 'v1', 'PodExecOptions'),
  attach: transient('', 'v1', 'PodAttachOptions'),
  portforward: transient('', 'v1', 'PodPortForwardOptions'),
}

const proxied: Readonly<Record<string, Kind>> = {
  Pod: transient('', 'v1', 'PodProxyOptions'),
  Service: transient('', 'v1', 'ServiceProxyOptions'),
  Node: transient('', 'v1', 'NodeProxyOptions'),
}

function bodyOf({ kind: { kind, group } }: Served, subresource: string): Kind | undefined {
  if (subresource === 'proxy') return group === '' && Object.hasOwn(proxied, kind) ? proxied[kind] : undefined
  return Object.hasOwn(bodies, subresource) ? bodies[subresource] : undefined
}

/** @returns undefined when the subresource takes the kind itself. */
export const takes =
  (scheme: Scheme) =>
  (served: Served, subresource: string): Served | undefined => {
    if (subresource === 'binding') return scheme.byKind('', 'v1', 'Binding')
    const kind = served === undefined ? undefined : bodyOf(served, subresource)
    const [version] = kind?.versions ?? []
    return kind === undefined || version === undefined ? undefined : { kind, version }
  }
