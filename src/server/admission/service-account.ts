/** Every pod runs as a service account, and gets a short-lived token of it unless told otherwise. */
import type { Container, Pod, ServiceAccount, Volume } from '#kinds/facts/generated/types/core_v1.ts'
import type { Draft } from '#api/metadata.ts'
import { forbidden } from '#api/status.ts'
import { references } from '#server/authz/references.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Lookup, type Step, draftOf, isResource, subjectOf } from './step.ts'

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const mirror = 'kubernetes.io/config.mirror'
/** Seconds; upstream adds seven so that clients which refresh by the hour are never late. */
const expiration = 3607

export const serviceAccountStep = (lookup: Lookup, suffix: () => string): Step => ({
  name: 'ServiceAccount',
  handles: request => request.operation === 'CREATE' && request.subresource === '' && isResource(request, '', 'pods'),
  change: request => change(lookup, suffix, request),
  judge: judgeMirror,
})

function change(lookup: Lookup, suffix: () => string, request: AdmissionRequest): void {
  const pod = draftOf<Pod>(request)
  if (pod.metadata.annotations?.[mirror] !== undefined) return
  pod.spec ??= { containers: [] }
  if ((pod.spec.serviceAccountName ?? '') === '') pod.spec.serviceAccountName = 'default'
  const name = pod.spec.serviceAccountName ?? 'default'
  pod.spec.serviceAccount = name
  const account = lookup.get('serviceaccounts', `${request.namespace}/${name}`) as ServiceAccount | undefined
  if (account === undefined)
    throw forbidden(
      subjectOf(request),
      `error looking up service account ${request.namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
    )
  if ((pod.spec.imagePullSecrets?.length ?? 0) === 0 && (account.imagePullSecrets?.length ?? 0) > 0)
    pod.spec.imagePullSecrets = (account.imagePullSecrets ?? []).map(secret => ({ ...secret }))
  if (pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mount(pod, suffix)
}

/** A pod that stands for one of a node's own files reads nothing of the API: it was bound to its node by nobody else. */
function judgeMirror(request: AdmissionRequest): void {
  const pod = draftOf<Pod>(request)
  if (pod.metadata.annotations?.[mirror] === undefined) return
  const deny = (what: string): never => {
    throw forbidden(subjectOf(request), `a mirror pod may not ${what}`)
  }
  if ((pod.spec?.serviceAccountName ?? '') !== '') deny('reference service accounts')
  if ([...references(pod)].some(key => key.startsWith('secrets '))) deny('reference secrets')
  const projected = (pod.spec?.volumes ?? []).flatMap(volume => volume.projected?.sources ?? [])
  if (projected.some(source => source.serviceAccountToken !== undefined))
    deny('use ServiceAccountToken volume projections')
}

function mount(pod: Draft<Pod>, suffix: () => string): void {
  const { spec } = pod
  if (spec === undefined) return
  const containers: Draft<Container>[] = [...(spec.initContainers ?? []), ...spec.containers]
  const lacking = containers.filter(
    container => container.volumeMounts?.some(one => one.mountPath === mountPath) !== true,
  )
  if (lacking.length === 0) return
  const volume = tokenVolume(`kube-api-access-${suffix()}`)
  spec.volumes = [...(spec.volumes ?? []), volume]
  for (const container of lacking)
    container.volumeMounts = [...(container.volumeMounts ?? []), { name: volume.name, readOnly: true, mountPath }]
}

const tokenVolume = (name: string): Draft<Volume> => ({
  name,
  projected: {
    sources: [
      { serviceAccountToken: { expirationSeconds: expiration, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
    defaultMode: 0o644,
  },
})
