/** Service accounts that ask for it let their pods use no other secrets than those that they list. */
import type { Container, EphemeralContainer, Pod, ServiceAccount } from '#kinds/facts/generated/types/core_v1.ts'

/** Go's idea of a true text. */
const truths = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])

export const enforced = (account: ServiceAccount): boolean =>
  truths.has(account.metadata.annotations?.['kubernetes.io/enforce-mountable-secrets'] ?? '')

interface Allowed {
  readonly account: string
  readonly secrets: ReadonlySet<string>
}

const allowedBy = (account: ServiceAccount): Allowed => ({
  account: account.metadata.name ?? '',
  secrets: new Set((account.secrets ?? []).map(one => one.name ?? '')),
})

const tail = (account: string): string => `is not allowed because service account ${account} does not reference that`

function* inContainer(what: string, one: Container | EphemeralContainer, allowed: Allowed): Generator<string> {
  const refused = (how: string, name: string): string =>
    `${what} ${one.name} with ${how} referencing secret.secretName="${name}" ${tail(allowed.account)} secret`
  for (const { name, valueFrom } of one.env ?? []) {
    const secret = valueFrom?.secretKeyRef?.name
    if (secret !== undefined && !allowed.secrets.has(secret)) yield refused(`envVar ${name}`, secret)
  }
  for (const { secretRef } of one.envFrom ?? []) {
    const secret = secretRef?.name
    if (secret !== undefined && !allowed.secrets.has(secret)) yield refused('envFrom', secret)
  }
}

/** What a pod uses and may not; the first is what is told. */
export function* beyondAccount({ spec }: Pod, account: ServiceAccount): Generator<string> {
  const allowed = allowedBy(account)
  for (const { secret } of spec.volumes ?? [])
    if (secret !== undefined && !allowed.secrets.has(secret.secretName ?? ''))
      yield `volume with secret.secretName="${secret.secretName ?? ''}" ${tail(allowed.account)} secret`
  for (const one of spec.initContainers ?? []) yield* inContainer('init container', one, allowed)
  for (const one of spec.containers) yield* inContainer('container', one, allowed)
  const pulls = new Set((account.imagePullSecrets ?? []).map(one => one.name))
  for (const [at, { name }] of (spec.imagePullSecrets ?? []).entries())
    if (!pulls.has(name)) yield `imagePullSecrets[${at}].name="${name ?? ''}" ${tail(allowed.account)} imagePullSecret`
}

export function* ephemeralBeyondAccount({ spec }: Pod, account: ServiceAccount): Generator<string> {
  for (const one of spec.ephemeralContainers ?? []) yield* inContainer('ephemeral container', one, allowedBy(account))
}
