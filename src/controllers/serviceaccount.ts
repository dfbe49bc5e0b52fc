/** Every namespace has the service account `default` and the cluster's root certificate. */
import { configMaps, namespaces, serviceAccounts } from '#kinds/facts/generated/refs.ts'
import type { ConfigMap, Namespace } from '#kinds/facts/generated/types/core_v1.ts'
import { type Controller, type Watch, nothing, selfKey } from '#client/controller.ts'
import { reading, rule } from './rules.ts'
import { create, update } from './writes.ts'

const usable = (namespace: Namespace | undefined): namespace is Namespace =>
  namespace !== undefined &&
  namespace.metadata.deletionTimestamp === undefined &&
  namespace.status?.phase !== 'Terminating'

const namespaceOf =
  (name: string): Watch['keys'] =>
  change =>
    change.object.metadata.name === name && change.object.metadata.namespace !== undefined
      ? [change.object.metadata.namespace]
      : []

export const serviceAccount: Controller = {
  name: 'service-account-controller',
  watches: [
    { ref: namespaces, keys: selfKey },
    { ref: serviceAccounts, keys: namespaceOf('default') },
  ],
  rules: [rule('', ['serviceaccounts'], ['create', ...reading]), rule('', ['namespaces'], reading)],
  decide: (key, { read }) => {
    if (!usable(read.get(namespaces, key)) || read.get(serviceAccounts, `${key}/default`) !== undefined) return nothing
    const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: key } } as const
    return { writes: [[{ ...create(serviceAccounts, body), harmless: ['AlreadyExists'] }]] }
  },
}

const rootName = 'kube-root-ca.crt'
const description =
  'Certificates by which pods know the API server at its address inside the cluster. Nothing else may be verified with them.'

/** @param authority PEM, asked at every decision. */
export const rootCertificates = (authority: () => string): Controller => ({
  name: 'root-ca-cert-publisher',
  watches: [
    { ref: namespaces, keys: selfKey },
    { ref: configMaps, keys: namespaceOf(rootName) },
  ],
  rules: [rule('', ['configmaps'], ['create', 'update', ...reading]), rule('', ['namespaces'], reading)],
  decide: (key, { read }) => {
    if (!usable(read.get(namespaces, key))) return nothing
    const data = { 'ca.crt': authority() }
    const annotations = { 'kubernetes.io/description': description }
    const existing = read.get(configMaps, `${key}/${rootName}`)
    if (existing === undefined) {
      const metadata = { name: rootName, namespace: key, annotations }
      const body: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }
      return { writes: [[{ ...create(configMaps, body), harmless: ['AlreadyExists'] }]] }
    }
    if (Object.keys(existing.data ?? {}).length === 1 && existing.data?.['ca.crt'] === data['ca.crt']) return nothing
    return { writes: [[update(configMaps, { ...existing, data })]] }
  },
})
