/** Every pod runs as a service account, and gets a short-lived token of it unless told otherwise. */
import type { Container, Pod, ServiceAccount, Volume } from '#kinds/facts/generated/types/core_v1.ts'
import type { Clock } from '#base/clock.ts'
import type { Draft } from '#api/metadata.ts'
import { references } from '#server/authz/references.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { beyondAccount, enforced, ephemeralBeyondAccount } from './mountable-secrets.ts'
import { type Lookup, type Step, deny, draftOf, isResource, subjectOf } from './step.ts'

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const mirror = 'kubernetes.io/config.mirror'
/** Seconds; upstream adds seven so that clients which refresh by the hour are never late. */
export const mountedLifetime = 3607

export interface AccountParts {
  readonly lookup: Lookup
  readonly clock: Pick<Clock, 'after'>
  /** Five random characters. */
  readonly suffix: () => string
}

export const serviceAccountStep = (parts: AccountParts): Step => ({
  name: 'ServiceAccount',
  handles: request =>
    isResource(request, '', 'pods') &&
    (request.operation === 'CREATE'
      ? request.subresource === ''
      : request.operation === 'UPDATE' && request.subresource === 'ephemeralcontainers'),
  change: request => {
    if (request.operation !== 'CREATE') return undefined
    return isComing(parts.lookup, request) ? patiently(parts, request) : change(parts, request)
  },
  judge: request => judge(parts.lookup, request),
})

/** @throws StatusError Forbidden */
function accountOf(lookup: Lookup, request: AdmissionRequest, name: string): ServiceAccount {
  if (name === '') deny(request, `no service account specified for pod ${request.namespace}/${subjectOf(request).name}`)
  const account = lookup.get('serviceaccounts', `${request.namespace}/${name}`)
  if (account === undefined)
    deny(
      request,
      `error looking up service account ${request.namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
    )
  return account as ServiceAccount
}

function judge(lookup: Lookup, request: AdmissionRequest): void {
  const pod = draftOf<Pod>(request) as Pod
  const created = request.operation === 'CREATE'
  if (created && pod.metadata.annotations?.[mirror] !== undefined) return judgeMirror(request)
  const account = accountOf(lookup, request, pod.spec.serviceAccountName ?? '')
  if (!enforced(account)) return undefined
  const [problem] = created ? beyondAccount(pod, account) : ephemeralBeyondAccount(pod, account)
  return problem === undefined ? undefined : deny(request, problem)
}

const usual = 'default'
const tries = 20
/** Milliseconds. */
const between = 100

/** A namespace that has just been made gets its account a moment later. */
function isComing(lookup: Lookup, request: AdmissionRequest): boolean {
  const { spec, metadata } = draftOf<Pod>(request)
  const name = spec?.serviceAccountName ?? ''
  return (
    (name === '' || name === usual) &&
    metadata.annotations?.[mirror] === undefined &&
    lookup.get('serviceaccounts', `${request.namespace}/${usual}`) === undefined &&
    lookup.get('namespaces', request.namespace)?.metadata.deletionTimestamp === undefined
  )
}

async function patiently(parts: AccountParts, request: AdmissionRequest): Promise<void> {
  for (let tried = 0; tried < tries && isComing(parts.lookup, request); tried++)
    await new Promise<void>(resolve => parts.clock.after(between, resolve))
  change(parts, request)
}

function change({ lookup, suffix }: AccountParts, request: AdmissionRequest): void {
  const pod = draftOf<Pod>(request)
  if (pod.metadata.annotations?.[mirror] !== undefined) return
  pod.spec ??= { containers: [] }
  if ((pod.spec.serviceAccountName ?? '') === '') pod.spec.serviceAccountName = 'default'
  const name = pod.spec.serviceAccountName ?? 'default'
  pod.spec.serviceAccount = name
  const account = accountOf(lookup, request, name)
  if ((pod.spec.imagePullSecrets?.length ?? 0) === 0 && (account.imagePullSecrets?.length ?? 0) > 0)
    pod.spec.imagePullSecrets = (account.imagePullSecrets ?? []).map(secret => ({ ...secret }))
  if (pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mount(pod, suffix)
}

/** A pod that stands for one of a node's own files reads nothing of the API: it was bound to its node by nobody else. */
function judgeMirror(request: AdmissionRequest): void {
  const pod = draftOf<Pod>(request)
  if (pod.metadata.annotations?.[mirror] === undefined) return
  const refuse = (what: string): never => deny(request, `a mirror pod may not ${what}`)
  if ((pod.spec?.serviceAccountName ?? '') !== '') refuse('reference service accounts')
  if ([...references(pod)].some(key => key.startsWith('secrets '))) refuse('reference secrets')
  const projected = (pod.spec?.volumes ?? []).flatMap(volume => volume.projected?.sources ?? [])
  if (projected.some(source => source.serviceAccountToken !== undefined))
    refuse('use ServiceAccountToken volume projections')
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
      { serviceAccountToken: { expirationSeconds: mountedLifetime, path: 'token' } },
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
