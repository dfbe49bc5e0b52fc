/** Objects of a cluster, read through its API. What is in secrets is not asked for. */
import type { KObject, ResourceRef } from '#api/metadata.ts'
import type { Client, Page } from '#client/client.ts'
import { bulwarkUsers } from '#kinds/facts/bulwark.ts'
import {
  clusterRoleBindings,
  clusterRoles,
  configMaps,
  limitRanges,
  namespaces,
  networkPolicies,
  pods,
  resourceQuotas,
  roleBindings,
  roles,
  secrets,
  serviceAccounts,
  services,
  validatingAdmissionPolicies,
  validatingWebhookConfigurations,
} from '#kinds/facts/generated/refs.ts'
import type { Judge, Objects, SecretFacts } from './facts.ts'

/** Objects of one answer. */
const page = 500

async function all<O extends KObject>(
  client: Client,
  ref: ResourceRef<O>,
  fieldSelector?: string,
): Promise<readonly O[]> {
  const found: O[] = []
  let next: string | undefined
  do {
    const answer: Page<O> = await client.list(ref, {
      limit: page,
      ...(next === undefined ? {} : { continue: next }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    })
    found.push(...answer.items)
    next = answer.continue === '' ? undefined : answer.continue
  } while (next !== undefined)
  return found
}

const text = (data: Readonly<Record<string, string>> | undefined, key: string): string | undefined => {
  const value = data?.[key]
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString()
}

/** Metadata of all secrets, as `PartialObjectMetadata`. */
export type ListNames = (path: string) => Promise<readonly KObject[]>

async function secretFacts(client: Client, names: ListNames): Promise<readonly SecretFacts[]> {
  const of = (type: string): string => `/api/v1/secrets?fieldSelector=${encodeURIComponent(`type=${type}`)}`
  const account = 'kubernetes.io/service-account-token'
  const bootstrap = 'bootstrap.kubernetes.io/token'
  const plain = ({ metadata }: KObject, type: string): SecretFacts => ({
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    type,
  })
  const tokens = (await names(of(account))).map(one => ({
    ...plain(one, account),
    account: one.metadata.annotations?.['kubernetes.io/service-account.name'] ?? '',
  }))
  // What a bootstrap token is for stands beside it: the token itself is dropped here.
  const joining = (await all(client, secrets, `type=${bootstrap}`)).map((one): SecretFacts => {
    const until = text(one.data, 'expiration')
    return {
      ...plain(one, bootstrap),
      bootstrap: {
        groups: text(one.data, 'auth-extra-groups') ?? '',
        authenticates: text(one.data, 'usage-bootstrap-authentication') === 'true',
        ...(until === undefined ? {} : { until }),
      },
    }
  })
  const known = new Set([...tokens, ...joining].map(one => `${one.namespace}/${one.name}`))
  const rest = (await names('/api/v1/secrets')).map(one => plain(one, ''))
  return [...tokens, ...joining, ...rest.filter(one => !known.has(`${one.namespace}/${one.name}`))]
}

async function judges(client: Client): Promise<readonly Judge[]> {
  const [webhooks, policies] = await Promise.all([
    all(client, validatingWebhookConfigurations),
    all(client, validatingAdmissionPolicies),
  ])
  const aboutPods = (rules: readonly { readonly resources?: readonly string[] }[] | undefined): boolean =>
    (rules ?? []).some(rule => (rule.resources ?? []).some(one => ['pods', '*', '*/*'].includes(one)))
  return [
    ...webhooks
      .filter(one => (one.webhooks ?? []).some(hook => aboutPods(hook.rules) && hook.failurePolicy !== 'Ignore'))
      .map(one => ({
        kind: 'ValidatingWebhookConfiguration',
        name: one.metadata.name ?? '',
        text: (one.webhooks ?? []).map(hook => hook.name).join(' '),
      })),
    ...policies
      .filter(one => aboutPods(one.spec?.matchConstraints?.resourceRules))
      .map(one => ({
        kind: 'ValidatingAdmissionPolicy',
        name: one.metadata.name ?? '',
        text: (one.spec?.validations ?? []).map(rule => rule.expression).join(' '),
      })),
  ]
}

export async function readObjects(client: Client, names: ListNames): Promise<Objects> {
  return {
    namespaces: await all(client, namespaces),
    pods: (await all(client, pods)).filter(pod => !['Succeeded', 'Failed'].includes(pod.status?.phase ?? '')),
    services: await all(client, services),
    accounts: await all(client, serviceAccounts),
    configMaps: (await all(client, configMaps)).map(({ metadata }) => ({ metadata })),
    policies: await all(client, networkPolicies),
    quotas: await all(client, resourceQuotas),
    limits: await all(client, limitRanges),
    roles: await all(client, roles),
    clusterRoles: await all(client, clusterRoles),
    roleBindings: await all(client, roleBindings),
    clusterRoleBindings: await all(client, clusterRoleBindings),
    secrets: await secretFacts(client, names),
    judges: await judges(client),
    users: (await all(client, bulwarkUsers)).map(one => one.spec?.username ?? one.metadata.name ?? ''),
  }
}
