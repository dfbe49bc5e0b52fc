/** A control plane for policies: kept apart by namespaces that the bindings select. */
import { type Reply, type Wire, openWire } from '../wire.ts'

export const group = '/apis/admissionregistration.k8s.io/v1'

export interface PolicySetting {
  readonly wire: Wire
  /** A policy and a binding to one namespace of its own. @returns the namespace. */
  bound(kind: 'Validating' | 'Mutating', spec: object, more?: object): Promise<Bound>
  /** As `bound`, and nothing must be wrong with it. */
  refused(kind: 'Validating' | 'Mutating', spec: object): Promise<string>
  namespace(labels?: object): Promise<string>
  configMap(namespace: string, body: object, query?: string): Promise<Reply>
  stop(): Promise<void>
}

export interface Bound {
  readonly name: string
  readonly namespace: string
  remove(): Promise<void>
}

export const rule = (resource: string, apiGroup = '', more: object = {}): object => ({
  apiGroups: [apiGroup],
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE'],
  resources: [resource],
  ...more,
})

export const configMaps = { resourceRules: [rule('configmaps')] }

export const deployment = (name: string, replicas: number): object => ({
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'c', image: 'example.com/i' }] },
    },
  },
})

export async function must(reply: Promise<Reply>, ...codes: readonly number[]): Promise<Reply> {
  const one = await reply
  if (!codes.includes(one.status)) throw new Error(`${one.status} ${one.text}`)
  return one
}

export const openPolicies = async (): Promise<PolicySetting> => policiesOn(await openWire())

export function policiesOn(wire: Wire): PolicySetting {
  let count = 0
  const plural = (kind: string): string => `${group}/${kind.toLowerCase()}admissionpolicies`
  const bindings = (kind: string): string => `${group}/${kind.toLowerCase()}admissionpolicybindings`
  const withDefaults = (kind: string, spec: object): object => ({
    matchConstraints: configMaps,
    ...(kind === 'Mutating' ? { reinvocationPolicy: 'Never' } : {}),
    ...spec,
  })
  const namespace = async (labels: object = {}): Promise<string> => {
    // Names sort as they were made.
    const name = `n${String(++count).padStart(4, '0')}`
    await must(wire.call('POST', '/api/v1/namespaces', { body: { metadata: { name, labels } } }), 201)
    return name
  }
  return {
    wire,
    namespace,
    bound: async (kind, spec, more = {}) => {
      const own = await namespace()
      const name = `p-${own}`
      await must(wire.call('POST', plural(kind), { body: { metadata: { name }, spec: withDefaults(kind, spec) } }), 201)
      const binding = {
        policyName: name,
        matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': own } } },
        ...(kind === 'Validating' ? { validationActions: ['Deny'] } : {}),
        ...more,
      }
      await must(wire.call('POST', bindings(kind), { body: { metadata: { name: `b-${own}` }, spec: binding } }), 201)
      return {
        name,
        namespace: own,
        remove: async () => {
          await wire.call('DELETE', `${plural(kind)}/${name}`)
          await wire.call('DELETE', `${bindings(kind)}/b-${own}`)
        },
      }
    },
    refused: async (kind, spec) => {
      const body = { metadata: { name: `r-${++count}` }, spec: withDefaults(kind, spec) }
      return (await must(wire.call('POST', plural(kind), { body }), 422)).json.message
    },
    configMap: (own, body, query = '') =>
      wire.call('POST', `/api/v1/namespaces/${own}/configmaps${query}`, {
        body: { ...body, metadata: { name: `c-${++count}`, ...Object(body).metadata } },
      }),
    stop: () => wire.stop(),
  }
}
